"""What the roles may do is what is declared, says the server's own catalogue."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.errors import Denied
from lakehouse.postgres.migrate import Migration, migrate, shipped_migrations
from lakehouse.postgres.roles import PRIVILEGES, grant_missing, granted
from lakehouse.rules.in_force import open_rules
from lakehouse.security.api_keys import list_keys
from lakehouse.security.audit_chain import AuditWriter
from lakehouse.security.audit_verify import verify
from lakehouse.settings.settings import Settings
from lakehouse.silver import reference_tables
from lakehouse.silver.claims import positions
from tests.lakehouse.security.test_audit_chain import entries
from tests.lakehouse.silver_cases import PIPELINE, a_batch, a_decision, a_reject, a_writer, tell
from tests.servers.postgres import fresh_database


def acting_as(dsn: str, role: str) -> str:
    return make_conninfo(dsn, options=f"-c role={role}")


@pytest.fixture
def secured(postgres: str) -> str:
    migrate(postgres)
    return postgres


def test_the_servers_catalogue_is_the_declared_matrix(migrated: str) -> None:
    assert granted(migrated) == PRIVILEGES


def test_every_table_of_silver_is_in_the_matrix(migrated: str) -> None:
    with psycopg.connect(migrated) as connection:
        query = "select tablename from pg_tables where schemaname = 'silver'"
        tables = {row[0] for row in connection.execute(query)}
    assert {name for objects in PRIVILEGES.values() for name in objects if name} == tables


def test_only_idempotency_keys_may_be_deleted_and_only_who_moves_rows_updates_others() -> None:
    may = {
        (role, privilege)
        for role, objects in PRIVILEGES.items()
        for name, privileges in objects.items()
        for privilege in privileges
        if name != "idempotency_keys"
    }
    assert {privilege for _, privilege in may} == {"usage", "select", "insert", "update"}
    assert {role for role, privilege in may if privilege == "update"} == {
        "risk_alerts",
        "risk_ui",
        "risk_writer",
    }
    changed = {item for item, held in PRIVILEGES["risk_ui"].items() if "update" in held}
    assert changed == {"ui_accounts"}


def test_the_flow_can_do_its_work_as_the_writer(silver: str) -> None:
    writer = a_writer(acting_as(silver, "risk_writer"))
    writer.store(a_batch(a_decision("e0", 0), a_decision("e0", 1), a_reject(2)))
    writer.close()
    (progress,) = positions(acting_as(silver, "risk_writer"), PIPELINE).values()
    assert (progress.decided, progress.duplicates, progress.quarantined) == (1, 1, 1)


def test_the_api_can_check_keys_and_record_answers_as_audit(secured: str) -> None:
    as_audit = acting_as(secured, "risk_audit")
    assert list_keys(as_audit) == []
    writer = AuditWriter(as_audit)
    writer.write(entries(2))
    writer.close()
    assert verify(as_audit).rows == 2


@pytest.mark.parametrize(
    ("role", "command"),
    [
        ("risk_writer", "delete from silver.decisions"),
        ("risk_writer", "update silver.decisions set pd = 0"),
        ("risk_writer", "truncate silver.quarantine"),
        ("risk_writer", "create table silver.mine (x integer)"),
        ("risk_writer", "drop table silver.decisions"),
        ("risk_writer", "alter table silver.decisions add column x integer"),
        ("risk_writer", "select * from silver.api_keys"),
        ("risk_reader", "insert into silver.owner values ('score', 1)"),
        ("risk_reader", "select * from silver.api_keys"),
        ("risk_audit", "update silver.audit_log set actor = 'nobody'"),
        ("risk_audit", "delete from silver.audit_log"),
        ("risk_audit", "truncate silver.audit_log"),
        ("risk_audit", "alter table silver.audit_log disable trigger all"),
        ("risk_audit", "update silver.api_keys set revoked_at = null, revoked_by = null"),
        ("risk_audit", "select * from silver.decisions"),
    ],
)
def test_what_a_role_may_not_do_is_denied(migrated: str, role: str, command: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        tell(acting_as(migrated, role), command)


def test_a_migrator_that_may_not_make_roles_is_told_which_one_is_missing(secured: str) -> None:
    """The roles exist on this server, so the block that makes them is asked for another one."""
    sql = shipped_migrations()[3].sql
    block = sql[sql.index("do $$") : sql.rindex("$$;") + 3]
    tell(secured, "create role poor_migrator")
    tell(
        secured, f"grant create on database {conninfo_to_dict(secured)['dbname']} to poor_migrator"
    )
    tell(secured, "grant create, usage on schema silver to poor_migrator")
    tell(secured, "grant select, insert on silver.migrations to poor_migrator")
    shipped = shipped_migrations()
    lacking = Migration(len(shipped) + 1, "", block.replace("risk_audit", "risk_not_made"))
    content = Migration(len(shipped) + 1, "", block)
    try:
        with pytest.raises(Denied, match="missing role risk_not_made"):
            migrate(acting_as(secured, "poor_migrator"), [*shipped, lacking])
        assert migrate(acting_as(secured, "poor_migrator"), [*shipped, content]) == [""]
    finally:
        tell(secured, "drop owned by poor_migrator; drop role poor_migrator")


def test_databases_of_one_server_may_be_migrated_at_once(postgres_dsn: str) -> None:
    with ExitStack() as stack:
        names = [f"roles_at_once_{number}" for number in range(3)]
        dsns = [stack.enter_context(fresh_database(postgres_dsn, name)) for name in names]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(migrate, dsns))
        assert [granted(dsn) for dsn in dsns] == [PRIVILEGES] * 3


def test_missing_roles_and_grants_are_made_again(secured: str) -> None:
    """As after restoring a dump on a server that had no such role."""
    assert grant_missing(secured) == []
    tell(secured, "revoke all on all tables in schema silver from risk_reader, risk_audit")
    tell(secured, "revoke usage on schema silver from risk_audit")
    made = grant_missing(secured)
    assert "usage on the schema to risk_audit" in made
    assert "select on decisions to risk_reader" in made
    assert granted(secured) == PRIVILEGES
    matrix = {"risk_made_again": {"decisions": frozenset({"select"})}}
    try:
        assert grant_missing(secured, matrix) == [
            "role risk_made_again",
            "select on decisions to risk_made_again",
        ]
        assert granted(secured, matrix) == matrix
    finally:
        tell(secured, "drop owned by risk_made_again; drop role risk_made_again")


def test_who_may_not_grant_is_told_so_only_where_something_is_missing(secured: str) -> None:
    as_writer = acting_as(secured, "risk_writer")
    assert grant_missing(as_writer) == []
    tell(secured, "revoke select on silver.decisions from risk_reader")
    with pytest.raises(Denied, match="select on decisions to risk_reader"):
        grant_missing(as_writer)


def test_the_rules_of_the_api_want_no_right_to_write(secured: str, tmp_path: Path) -> None:
    tell(secured, "create role an_api login in role risk_reader, risk_audit")
    settings = Settings.from_env({"RISK_HOME": str(tmp_path)})
    try:
        as_api = acting_as(secured, "an_api")
        assert migrate(as_api) == []
        rules = open_rules(settings, as_api, keeps_reference=False)
        assert rules().reference == reference_tables.shipped()
        rules.close()
        with pytest.raises(Denied):
            open_rules(settings, as_api)
    finally:
        tell(secured, "drop role an_api")
