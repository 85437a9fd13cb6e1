"""The services' users: made from the files that the services read, members of what they need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.errors import Denied, SettingsInvalid
from lakehouse.postgres.connection import connect
from lakehouse.postgres.roles import PRIVILEGES
from lakehouse.security.logins import LOGINS, PREFIX, make_logins
from tests.flow import run_module

A_PASSWORD = 'a\' long "password" of this test'


def user_of(service: str) -> str:
    return f"login_test_{service}"


@pytest.fixture
def folder(migrated: str, tmp_path: Path) -> Iterator[Path]:
    """The files of the services; what they name is taken away again."""
    for service in LOGINS:
        tell(migrated, tmp_path, service, A_PASSWORD)
    yield tmp_path
    with psycopg.connect(migrated) as connection:
        for service in LOGINS:
            connection.execute(f"drop role if exists {user_of(service)}".encode())


def tell(migrated: str, folder: Path, service: str, password: str) -> None:
    dsn = make_conninfo(migrated, user=user_of(service), password=password)
    (folder / f"{PREFIX}{service}").write_text(f"{dsn}\n", encoding="utf-8")


def dsn_of(folder: Path, service: str) -> str:
    return (folder / f"{PREFIX}{service}").read_text(encoding="utf-8").strip()


def groups(dsn: str, user: str) -> set[str]:
    asked = "select rolname from pg_roles where pg_has_role(%s, oid, 'member') and rolname <> %s"
    with psycopg.connect(dsn) as connection:
        return {row[0] for row in connection.execute(asked, (user, user))}


def test_each_service_logs_in_as_a_member_of_its_groups_and_of_no_other(
    migrated: str, folder: Path
) -> None:
    assert make_logins(migrated, folder) == [user_of(service) for service in LOGINS]
    for service, wanted in LOGINS.items():
        assert groups(migrated, user_of(service)) == {*wanted}
        with connect(dsn_of(folder, service)) as connection:
            may = "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = user"
            assert connection.execute(may).fetchall() == [(False, False, False)]
            connection.execute("select count(*) from silver.migrations")
    assert {group for wanted in LOGINS.values() for group in wanted} == {*PRIVILEGES}


def test_a_changed_file_changes_the_password_and_a_stray_group_is_taken_away(
    migrated: str, folder: Path
) -> None:
    make_logins(migrated, folder)
    before = dsn_of(folder, "exporter")
    tell(migrated, folder, "exporter", "another long password")
    with psycopg.connect(migrated) as connection:
        connection.execute(f"grant risk_writer to {user_of('exporter')}".encode())
    make_logins(migrated, folder)
    assert groups(migrated, user_of("exporter")) == {"risk_reader"}
    connect(dsn_of(folder, "exporter")).close()
    if _asks_for_passwords(migrated):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            connect(before)


def test_the_server_keeps_a_hash(migrated: str, folder: Path) -> None:
    make_logins(migrated, folder)
    with psycopg.connect(migrated) as connection:
        kept = connection.execute(
            "select rolpassword from pg_authid where rolname = %s", (user_of("api"),)
        ).fetchall()
    assert kept[0][0].startswith("SCRAM-SHA-256$")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no user or no password"),
        ("postgresql://login_test_api@host/risk", "names no user or no password"),
        ("postgresql://login_test_api:changeme@host/risk", "one of the first"),
        ("not a = connection string '", "neither"),
        (f"postgresql://{user_of('ui')}:long-enough-for-this@host/risk", "its own"),
    ],
)
def test_a_file_that_names_no_user_of_its_own_or_a_weak_password_is_refused(
    migrated: str, folder: Path, text: str, says: str
) -> None:
    (folder / f"{PREFIX}api").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid, match=says) as refused:
        make_logins(migrated, folder)
    assert "changeme" not in str(refused.value)
    assert groups_exist(migrated, user_of("score")) is False


def test_a_missing_file_is_named(migrated: str, folder: Path) -> None:
    (folder / f"{PREFIX}ui").unlink()
    with pytest.raises(SettingsInvalid, match="silver_dsn_ui"):
        make_logins(migrated, folder)


def test_who_may_not_make_users_is_told_so(migrated: str, folder: Path) -> None:
    with pytest.raises(Denied):
        make_logins(make_conninfo(migrated, options="-c role=risk_writer"), folder)


def test_migrating_makes_them_at_the_terminal(migrated: str, folder: Path) -> None:
    settings = {"RISK_SILVER_DSN": migrated, "RISK_HOME": str(folder)}
    done = run_module("lakehouse", "migrate", "--logins", str(folder), settings=settings)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("user ")]
    assert said == [f"user {user_of(each)} may log in" for each in LOGINS]


def groups_exist(dsn: str, user: str) -> bool:
    with psycopg.connect(dsn) as connection:
        found = connection.execute("select from pg_roles where rolname = %s", (user,))
        return bool(found.fetchall())


def _asks_for_passwords(dsn: str) -> bool:
    """Whether the server wants passwords of whoever connects as this test does."""
    wrong = make_conninfo(dsn, password="certainly not this", **_same_user(dsn))
    try:
        psycopg.connect(wrong).close()
    except psycopg.OperationalError:
        return True
    return False


def _same_user(dsn: str) -> dict[str, str]:
    return {"user": str(conninfo_to_dict(dsn)["user"])}
