"""The audit log takes rows in, lets none be changed, and shows where somebody did it anyway."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import make_conninfo

from lakehouse.errors import QueryInvalid, Unavailable
from lakehouse.postgres.migrate import migrate
from lakehouse.security.audit_chain import AuditEntry, AuditWriter, append, entry_of
from lakehouse.security.audit_verify import Head, verify
from tests.lakehouse.silver_cases import ask, tell

AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def audited(postgres: str) -> str:
    """A database of its own, as nothing can be taken out of the log again."""
    migrate(postgres)
    return postgres


def entries(count: int) -> list[AuditEntry]:
    return [
        entry_of(
            at=AT + timedelta(seconds=number),
            actor="abcdefgh",
            action="decided",
            subject=f"e{number}",
            details={"tier": "Low", "input_sha256": "ab" * 32, "model": "scorecard-1"},
        )
        for number in range(count)
    ]


def write(dsn: str, given: Sequence[AuditEntry]) -> None:
    writer = AuditWriter(dsn)
    writer.write(given)
    writer.close()


def tamper(dsn: str, command: str) -> None:
    """What only the owner of the table can do, and what the chain is there to show."""
    tell(
        dsn,
        "alter table silver.audit_log disable trigger all;"
        f"{command}; alter table silver.audit_log enable always trigger audit_log_is_insert_only",
    )


def test_an_untouched_chain_holds_and_ends_at_its_head(audited: str) -> None:
    assert verify(audited).head is None
    write(audited, entries(3))
    write(audited, entries(2))
    found = verify(audited)
    last = ask(audited, "select seq, encode(hash, 'hex') from silver.audit_log where seq = 5")
    assert (found.rows, found.first_broken) == (5, None)
    assert [(found.head.seq, found.head.sha256)] == last if found.head else False


@pytest.mark.parametrize(
    "change",
    [
        "details = replace(details, 'Low', 'Lox')",
        "actor = 'abcdefgi'",
        "subject = 'f2'",
        "action = 'decidee'",
        "at = at + interval '1 microsecond'",
        "entry_id = gen_random_uuid()",
        "hash = set_byte(hash, 31, get_byte(hash, 31) # 1)",
        "prev_hash = set_byte(prev_hash, 0, get_byte(prev_hash, 0) # 1)",
    ],
)
def test_a_flipped_byte_is_found_where_it_is(audited: str, change: str) -> None:
    write(audited, entries(5))
    tamper(audited, f"update silver.audit_log set {change} where seq = 3")
    assert verify(audited).first_broken == 3
    assert verify(audited).rows == 2


@pytest.mark.parametrize("seq", [1, 3])
def test_a_missing_row_is_found(audited: str, seq: int) -> None:
    write(audited, entries(5))
    tamper(audited, f"delete from silver.audit_log where seq = {seq}")
    assert verify(audited).first_broken == seq


def test_a_tail_cut_off_is_found_by_the_head_of_an_earlier_verification(audited: str) -> None:
    write(audited, entries(5))
    head = verify(audited).head
    assert head is not None
    assert verify(audited, earlier=head).first_broken is None
    tamper(audited, "delete from silver.audit_log where seq > 3")
    assert verify(audited).first_broken is None
    assert verify(audited, earlier=Head.parse(str(head))).first_broken == 4


def test_a_chain_hashed_anew_is_found_by_the_head_of_an_earlier_verification(audited: str) -> None:
    write(audited, entries(5))
    head = verify(audited).head
    tamper(audited, "delete from silver.audit_log where seq > 3")
    write(audited, entries(4))
    assert verify(audited).first_broken is None
    assert verify(audited, earlier=head).first_broken == 5


@pytest.mark.parametrize(
    "command",
    [
        "update silver.audit_log set actor = 'nobody'",
        "delete from silver.audit_log",
        "truncate silver.audit_log",
        "set session_replication_role = replica; delete from silver.audit_log",
    ],
)
def test_nobody_may_change_what_is_in_the_log_not_even_its_owner(
    audited: str, command: str
) -> None:
    write(audited, entries(2))
    with pytest.raises(pg.InsufficientPrivilege, match="audit_log is insert-only"):
        tell(audited, command)
    assert verify(audited).rows == 2


def test_an_entry_handed_over_twice_is_stored_once(audited: str) -> None:
    given = entries(4)
    write(audited, given[:3])
    write(audited, given)
    write(audited, given)
    assert [
        row[0] for row in ask(audited, "select subject from silver.audit_log order by seq")
    ] == [
        "e0",
        "e1",
        "e2",
        "e3",
    ]


def test_the_entry_lives_and_dies_with_the_transaction_of_its_deed(audited: str) -> None:
    with psycopg.connect(audited) as connection:
        append(connection, entries(1))
        connection.rollback()
    assert verify(audited).rows == 0


def test_writers_at_once_make_one_chain(audited: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write(audited, entries(25)), range(8)))
    assert verify(audited).rows == 200
    assert verify(audited).first_broken is None


def test_texts_that_postgres_cannot_hold_do_not_stop_the_log(audited: str) -> None:
    odd = entry_of(at=AT, actor="a\0b", action="decided", subject="\ud800 ünï", details={})
    write(audited, [odd])
    assert ask(audited, "select actor, subject from silver.audit_log") == [("a\ufffdb", "? ünï")]
    assert verify(audited).first_broken is None


def test_a_writer_says_that_the_server_is_out_and_finds_it_again(audited: str) -> None:
    nowhere = AuditWriter(make_conninfo(audited, port=1))
    with pytest.raises(Unavailable):
        nowhere.write(entries(1))
    writer = AuditWriter(audited)
    writer.write(entries(1))
    tell(
        audited,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where application_name = 'risk' and datname = current_database()",
    )
    with pytest.raises(Unavailable):
        writer.write(entries(1))
    writer.write(entries(1))
    writer.close()
    assert verify(audited).rows == 2


@pytest.mark.parametrize("text", ["", "5", f"five:{'ab' * 32}", "5:ab", f"0:{'ab' * 32}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(QueryInvalid, match="SEQ:SHA256"):
        Head.parse(text)
