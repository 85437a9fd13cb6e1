"""Entries reach the audit log once each, whatever is out, and nobody waits for it."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry, Counter

from lakehouse.errors import Unavailable
from lakehouse.postgres.migrate import migrate
from lakehouse.security.audit_chain import AuditEntry, AuditWriter, entry_of
from lakehouse.security.audit_spool import Spool
from lakehouse.security.audit_verify import verify
from serving.audit.log import MOST_WAITING, AuditCounts, AuditLog
from tests.lakehouse.silver_cases import ask
from tests.waiting import until

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def an_entry(subject: str) -> AuditEntry:
    return entry_of(at=AT, actor="abcdefgh", action="decided", subject=subject, details={})


def entries(count: int, start: int = 0) -> list[AuditEntry]:
    return [an_entry(f"e{number}") for number in range(start, start + count)]


class Shelf:
    """A log in memory that can be out, and keeps what it is given once, as the real one does."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.is_out = False
        self.loses_answers = False

    @property
    def subjects(self) -> list[str]:
        return list(self.kept.values())

    def write(self, given: Sequence[AuditEntry]) -> None:
        if self.is_out:
            raise Unavailable("out")
        for entry in given:
            self.kept.setdefault(entry.entry_id, entry.subject)
        if self.loses_answers:
            self.loses_answers = False
            raise Unavailable("who knows")

    def close(self) -> None:
        """Nothing to let go of."""


@pytest.fixture
def counts() -> AuditCounts:
    registry = CollectorRegistry()
    names = ("written", "spooled", "lost")
    return AuditCounts(*(Counter(name, name, registry=registry) for name in names))


def figure(count: object) -> int:
    assert isinstance(count, Counter)
    (metric,) = count.collect()
    return int(metric.samples[0].value)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr("serving.audit.log.RETRY_SECONDS", 0.02)
    monkeypatch.setattr("serving.audit.log.GATHER_SECONDS", 0.001)
    return Shelf()


@pytest.fixture
def log(shelf: Shelf, tmp_path: Path, counts: AuditCounts) -> Iterator[AuditLog]:
    started = AuditLog(shelf, tmp_path / "audit", counts)
    started.start()
    yield started
    started.close()


def spooled(folder: Path) -> list[AuditEntry]:
    spool = Spool(folder / "audit")
    try:
        return next(spool.batches(100), [])
    finally:
        spool.close()


def test_what_is_added_is_stored_in_order(log: AuditLog, shelf: Shelf, counts: AuditCounts) -> None:
    log.add(entries(1500))
    log.add(entries(2, start=1500))
    until(lambda: len(shelf.kept) == 1502, what="stored")
    assert shelf.subjects == [f"e{number}" for number in range(1502)]
    until(lambda: figure(counts.written) == 1502, what="counted")


def test_what_was_added_last_is_stored_at_the_end(log: AuditLog, shelf: Shelf) -> None:
    log.add(entries(3))
    log.close()
    assert shelf.subjects == ["e0", "e1", "e2"]


def test_while_silver_is_out_entries_wait_on_disk_and_follow_in_order(
    log: AuditLog, shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    shelf.is_out = True
    log.add(entries(3))
    until(lambda: figure(counts.spooled) == 3, what="spooled")
    assert len(spooled(tmp_path)) == 3
    log.add(entries(2, start=3))
    shelf.is_out = False
    until(lambda: len(shelf.kept) == 5, what="drained")
    assert shelf.subjects == ["e0", "e1", "e2", "e3", "e4"]
    until(lambda: not spooled(tmp_path), what="removed")


def test_an_answer_that_was_lost_does_not_store_an_entry_twice(
    log: AuditLog, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.loses_answers = True
    log.add(entries(3))
    until(lambda: not shelf.loses_answers, what="lost")
    until(lambda: not spooled(tmp_path) and len(shelf.kept) == 3, what="drained")
    log.add(entries(1, start=3))
    until(lambda: shelf.subjects == ["e0", "e1", "e2", "e3"], what="stored")


def test_what_a_dead_process_left_behind_is_stored_by_the_next(
    shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    shelf.is_out = True
    dying = AuditLog(shelf, tmp_path / "audit", counts)
    dying.start()
    dying.add(entries(3))
    dying.close()
    assert len(spooled(tmp_path)) == 3
    shelf.is_out = False
    following = AuditLog(shelf, tmp_path / "audit", counts)
    following.start()
    until(lambda: shelf.subjects == ["e0", "e1", "e2"], what="taken over")
    following.close()
    assert spooled(tmp_path) == []


def test_what_one_process_put_aside_is_stored_by_another_that_lives(
    log: AuditLog, shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    other = Spool(tmp_path / "audit")
    other.append(entries(3))
    log.add(entries(1, start=3))
    until(lambda: shelf.subjects == ["e0", "e1", "e2", "e3"], what="stored in order")
    until(lambda: figure(counts.written) == 4, what="counted")
    assert other.is_empty
    other.close()


def test_a_spool_that_is_no_longer_readable_does_not_keep_entries_from_the_log(
    log: AuditLog, shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / "spool.sqlite3").write_bytes(b"not a database" * 1000)
    log.add(entries(2))
    until(lambda: figure(counts.written) == 2, what="stored")
    assert shelf.subjects == ["e0", "e1"]


def test_without_silver_and_disk_entries_wait_in_memory_which_is_bounded(
    shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    log = AuditLog(shelf, tmp_path / "audit", counts)
    shelf.is_out = True
    log.start()
    log.add(entries(3))
    entry = an_entry("more")
    until(lambda: log.has_room and not log._has_come.is_set(), what="looked at")
    log.add(entry for _ in range(MOST_WAITING + 2_000))
    until(lambda: not log.has_room, what="full")
    assert figure(counts.lost) > 0
    (tmp_path / "audit").unlink()
    shelf.is_out = False
    until(lambda: log.has_room and len(shelf.kept) == 4, what="stored")
    log.close()
    assert shelf.subjects == ["e0", "e1", "e2", "more"]


def test_what_cannot_be_kept_at_the_end_is_counted_and_said(
    shelf: Shelf, tmp_path: Path, counts: AuditCounts
) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    shelf.is_out = True
    log = AuditLog(shelf, tmp_path / "audit", counts)
    log.start()
    with structlog.testing.capture_logs() as lines:
        log.add(entries(3))
        log.close()
    assert figure(counts.lost) == 3
    assert {"event": "audit_entries_lost", "entries": 3, "log_level": "error"} in lines


def test_adding_never_waits_for_a_log_that_hangs(tmp_path: Path, counts: AuditCounts) -> None:
    writing, released = threading.Event(), threading.Event()

    class Hanging(Shelf):
        def write(self, given: Sequence[AuditEntry]) -> None:
            writing.set()
            released.wait(20)
            super().write(given)

    shelf = Hanging()
    log = AuditLog(shelf, tmp_path, counts)
    log.start()
    log.add(entries(1))
    assert writing.wait(20)
    log.add(entries(500, start=1))  # returns although the other end hangs
    assert shelf.kept == {}
    released.set()
    log.close()
    assert len(shelf.kept) == 501


def test_the_real_log_takes_the_entries_of_several_processes_as_one_chain(
    postgres: str, tmp_path: Path, counts: AuditCounts
) -> None:
    migrate(postgres)
    logs = [AuditLog(AuditWriter(postgres), tmp_path, counts) for _ in range(3)]
    for log in logs:
        log.start()
    for number, log in enumerate(logs):
        log.add(entries(400, start=1000 * number))
    for log in logs:
        log.close()
    assert verify(postgres).rows == 1200
    assert verify(postgres).first_broken is None
    assert ask(postgres, "select count(distinct subject) from silver.audit_log") == [(1200,)]
    assert list(tmp_path.iterdir()) == []


def wrong(log: AuditLog) -> str:
    try:
        log.check()
    except Unavailable as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("breaks", ["write", "spool"])
def test_an_error_that_nobody_foresaw_ends_nothing_and_loses_nothing(
    log: AuditLog,
    shelf: Shelf,
    counts: AuditCounts,
    monkeypatch: pytest.MonkeyPatch,
    breaks: str,
) -> None:
    monkeypatch.setattr("lakehouse.background._AFTER_FAILURE_SECONDS", 0.001)
    failed = threading.Event()

    def fail(*_: object) -> None:
        failed.set()
        raise RuntimeError("5 Canary Road")

    with monkeypatch.context() as broken:
        broken.setattr(shelf, "write", fail)
        if breaks == "spool":
            broken.setattr(Spool, "append", fail)
        log.add(entries(3))
        assert failed.wait(10)
        until(lambda: "RuntimeError" in wrong(log), what="unwell")
    log.add(entries(2, start=3))
    until(lambda: len(shelf.kept) == 5, what="stored")
    until(lambda: not wrong(log), what="well again")
    assert sorted(shelf.subjects) == ["e0", "e1", "e2", "e3", "e4"]
    assert figure(counts.lost) == 0
