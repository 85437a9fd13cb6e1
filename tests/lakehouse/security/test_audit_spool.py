"""What waits in the spool survives, is handed out in order, and goes once it is forgotten."""

import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.errors import Unavailable
from lakehouse.security.audit_chain import AuditEntry, entry_of
from lakehouse.security.audit_spool import Spool

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def entries(count: int, start: int = 0) -> list[AuditEntry]:
    return [
        entry_of(at=AT, actor="abcdefgh", action="decided", subject=f"e{number}", details={"n": 1})
        for number in range(start, start + count)
    ]


def subjects(spool: Spool) -> list[str]:
    return [entry.subject for entry in next(spool.batches(1_000), [])]


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "audit")


def test_a_spool_that_was_never_needed_makes_no_file(spool: Spool, tmp_path: Path) -> None:
    assert spool.is_empty
    assert list(tmp_path.iterdir()) == []


def test_entries_come_out_whole_in_the_order_they_went_in(spool: Spool) -> None:
    given = entries(5)
    spool.append(given[:2])
    spool.append(given[2:])
    assert next(spool.batches(10)) == given


def test_the_file_is_its_owners_and_synced_at_each_commit(spool: Spool, tmp_path: Path) -> None:
    spool.append(entries(1))
    path = tmp_path / "audit" / "spool.sqlite3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert spool._connection is not None
    assert spool._connection.execute("pragma synchronous").fetchone() == (3,)  # EXTRA


def test_a_batch_that_was_not_forgotten_is_handed_out_again(spool: Spool) -> None:
    spool.append(entries(5))
    handed_out = []
    for batch in spool.batches(2):
        handed_out.append([entry.subject for entry in batch])
        if len(handed_out) % 2 == 0:
            assert spool.forget(batch) == len(batch)
    assert handed_out == [["e0", "e1"]] * 2 + [["e2", "e3"]] * 2 + [["e4"]] * 2
    assert spool.is_empty


def test_what_two_processes_take_out_at_once_counts_for_one_of_them(
    spool: Spool, tmp_path: Path
) -> None:
    other = Spool(tmp_path / "audit")
    spool.append(entries(3))
    batch, same = next(spool.batches(10)), next(other.batches(10))
    assert batch == same
    assert spool.forget(batch) == 3
    spool.append(entries(2, start=3))
    assert other.forget(same) == 0
    assert subjects(other) == ["e3", "e4"]


APPENDING = """
import sys
from pathlib import Path
from lakehouse.security.audit_spool import Spool
from tests.lakehouse.security.test_audit_spool import entries
spool = Spool(Path(sys.argv[1]))
for number in range(20):
    spool.append(entries(5, start=int(sys.argv[2]) + 5 * number))
"""


def test_processes_that_begin_at_once_share_the_file(spool: Spool, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", APPENDING, str(tmp_path / "audit")]
    processes = [
        subprocess.Popen([*arguments, str(1_000 * number)], stderr=subprocess.PIPE)
        for number in range(3)
    ]
    for process in processes:
        _, said = process.communicate()
        assert process.returncode == 0, said
    expected = {f"e{1_000 * number + n}" for number in range(3) for n in range(100)}
    found = subjects(spool)
    assert set(found) == expected
    own = [subject for subject in found if int(subject[1:]) < 1_000]
    assert own == [f"e{n}" for n in range(100)]


KILLED = """
import os, signal, sys
from pathlib import Path
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_spool import Spool
from tests.lakehouse.security.test_audit_spool import entries
spool = Spool(Path(sys.argv[1]))
spool.append(entries(2))
spool._connection.execute("pragma cache_size = 1")
spool._connection.execute("begin")
for number in range(9_000):  # so many that half of them reach the file before the end
    row = {"entry_id": str(number), "entry": bytes(300)}
    spool._connection.execute(load_sql("spool/insert_entry"), row)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_while_it_wrote_leaves_no_half_of_a_batch(
    spool: Spool, tmp_path: Path
) -> None:
    folder = tmp_path / "audit"
    subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert (folder / "spool.sqlite3").stat().st_size > 100_000
    assert (folder / "spool.sqlite3-journal").exists()
    assert subjects(spool) == ["e0", "e1"]


def test_a_full_disk_leaves_no_half_of_a_batch(spool: Spool) -> None:
    spool.append(entries(1))
    assert spool._connection is not None
    spool._connection.execute("pragma max_page_count = 8")
    with pytest.raises(Unavailable, match=r"spool\.sqlite3: .* found: database or disk is full"):
        spool.append(entries(1_000, start=1))
    spool.append(entries(1, start=9))
    assert subjects(spool) == ["e0", "e9"]


def test_the_file_shrinks_when_it_is_emptied(spool: Spool, tmp_path: Path) -> None:
    spool.append(entries(2_000))
    path = tmp_path / "audit" / "spool.sqlite3"
    full = path.stat().st_size
    for batch in spool.batches(1_000):
        spool.forget(batch)
    assert path.stat().st_size < full / 10


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite3").write_bytes(b"something else" * 1_000)
    spool = Spool(tmp_path)
    with pytest.raises(Unavailable, match=r"spool\.sqlite3.*file is not a database"):
        spool.append(entries(1))
    with pytest.raises(Unavailable, match=r"spool\.sqlite3.*file is not a database"):
        _ = spool.is_empty


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "audit").write_text("a file where the folder should be")
    spool = Spool(tmp_path / "audit")
    assert spool.is_empty
    with pytest.raises(Unavailable, match="audit"):
        spool.append(entries(1))
