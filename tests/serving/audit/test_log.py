"""Entries reach the audit log once each, whatever is out, and nobody waits for it."""

import os
import stat
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
from lakehouse.security.audit_verify import verify
from serving.audit.log import MOST_WAITING, AuditLog, Counts
from serving.audit.spool import Spool, leftovers, own_spool
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
def counts() -> Counts:
    registry = CollectorRegistry()
    names = ("written", "spooled", "lost")
    return Counts(*(Counter(name, name, registry=registry) for name in names))


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
def log(shelf: Shelf, tmp_path: Path, counts: Counts) -> Iterator[AuditLog]:
    started = AuditLog(shelf, tmp_path / "audit", counts)
    started.start()
    yield started
    started.close()


def spooled(folder: Path) -> list[Path]:
    return sorted(folder.glob("audit/spool-*.jsonl"))


def test_what_is_added_is_stored_in_order(log: AuditLog, shelf: Shelf, counts: Counts) -> None:
    log.add(entries(1500))
    log.add(entries(2, start=1500))
    until(lambda: len(shelf.kept) == 1502, what="stored")
    assert shelf.subjects == [f"e{number}" for number in range(1502)]
    until(lambda: figure(counts.written) == 1502, what="counted")


def test_what_was_added_last_is_stored_at_the_end(log: AuditLog, shelf: Shelf) -> None:
    log.add(entries(3))
    log.close()
    assert shelf.subjects == ["e0", "e1", "e2"]


def test_while_silver_is_out_entries_wait_in_a_private_file_and_follow_in_order(
    log: AuditLog, shelf: Shelf, tmp_path: Path, counts: Counts
) -> None:
    shelf.is_out = True
    log.add(entries(3))
    until(lambda: figure(counts.spooled) == 3, what="spooled")
    (path,) = spooled(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
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
    shelf: Shelf, tmp_path: Path, counts: Counts
) -> None:
    shelf.is_out = True
    dying = AuditLog(shelf, tmp_path / "audit", counts)
    dying.start()
    dying.add(entries(3))
    dying.close()
    assert len(spooled(tmp_path)) == 1
    shelf.is_out = False
    following = AuditLog(shelf, tmp_path / "audit", counts)
    following.start()
    until(lambda: shelf.subjects == ["e0", "e1", "e2"], what="taken over")
    following.close()
    assert spooled(tmp_path) == []


def test_the_file_of_a_process_that_lives_is_left_to_it(tmp_path: Path) -> None:
    living = own_spool(tmp_path)
    living.append(entries(1))
    assert leftovers(tmp_path) == []
    living.close()
    (taken,) = leftovers(tmp_path)
    assert [[entry.subject for entry in batch] for batch in first(taken)] == [["e0"]]
    taken.close()


def test_a_file_that_its_process_never_wrote_to_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "spool-1-abc.jsonl").touch()
    assert leftovers(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def first(spool: Spool) -> list[list[AuditEntry]]:
    return [next(spool.batches(10))]


def test_a_line_that_was_torn_by_a_crash_is_skipped_and_said(tmp_path: Path) -> None:
    spool = own_spool(tmp_path)
    spool.append(entries(2))
    spool.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-10])
    with structlog.testing.capture_logs() as lines:
        (taken,) = leftovers(tmp_path)
        for batch in taken.batches(10):
            assert [entry.subject for entry in batch] == ["e0"]
            taken.forget()
    assert [line["event"] for line in lines] == ["audit_spool_torn"]
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_was_not_forgotten_is_handed_out_again(tmp_path: Path) -> None:
    spool = own_spool(tmp_path)
    spool.append(entries(5))
    handed_out = []
    for batch in spool.batches(2):
        handed_out.append([entry.subject for entry in batch])
        if len(handed_out) % 2 == 0:
            spool.forget()
    assert handed_out == [["e0", "e1"]] * 2 + [["e2", "e3"]] * 2 + [["e4"]] * 2
    assert spool.is_empty


def test_a_disk_that_is_full_leaves_no_half_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = own_spool(tmp_path)
    spool.append(entries(1))
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if len(data) > 100:
            return real(fd, data[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(OSError, match="No space"):
            spool.append(entries(3, start=1))
    spool.append(entries(1, start=9))
    assert [[entry.subject for entry in batch] for batch in first(spool)] == [["e0", "e9"]]
    spool.close()


def test_without_silver_and_disk_entries_wait_in_memory_which_is_bounded(
    shelf: Shelf, tmp_path: Path, counts: Counts
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
    shelf: Shelf, tmp_path: Path, counts: Counts
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


def test_adding_never_waits_for_a_log_that_hangs(tmp_path: Path, counts: Counts) -> None:
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
    postgres: str, tmp_path: Path, counts: Counts
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
