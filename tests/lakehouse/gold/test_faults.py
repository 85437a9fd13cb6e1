"""The store fails before or after a commit took effect; nothing is lost and nothing comes twice."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from deltalake import DeltaTable

from lakehouse.errors import Denied, Fenced, Unavailable
from lakehouse.gold.data_file import StoredOnce
from lakehouse.gold.object_store import DELTA_OPTIONS, open_table
from lakehouse.gold.writer import GoldWriter
from lakehouse.postgres.connection import Patience
from tests.lakehouse.faulty_store import (
    CONFLICT,
    CUT_AFTER,
    FAILED_AFTER,
    FORBIDDEN,
    HANG_AFTER,
    LOST_ANSWER,
    REFUSED,
    Fault,
    FaultyStore,
    faulty_store,
    is_commit,
    is_put,
)
from tests.lakehouse.gold_cases import a_file_of, a_gold_writer, append, delta, offsets
from tests.lakehouse.silver_cases import TOPIC
from tests.servers.s3 import Bucket

# The store's client tries this often within one attempt of ours.
ONE_ATTEMPT = 4


@pytest.fixture
def store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    with faulty_store(bucket.endpoint) as proxy:
        environment = {**bucket.environment, "AWS_ENDPOINT_URL": proxy.endpoint}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def lake(store: FaultyStore, bucket: Bucket) -> str:  # noqa: ARG001 - the environment leads to it
    return f"{bucket.uri}/lake"


@pytest.mark.parametrize("times", [1, ONE_ATTEMPT, 2 * ONE_ATTEMPT], ids=lambda n: f"{n} requests")
@pytest.mark.parametrize(
    "fault",
    [REFUSED, LOST_ANSWER, FAILED_AFTER, CUT_AFTER, CONFLICT],
    ids=["503 before", "503 after", "500 after", "cut after", "409"],
)
def test_a_commit_that_fails_leaves_every_row_once(
    store: FaultyStore, lake: str, fault: Fault, times: int
) -> None:
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(fault, times=times)
    writer.flush()
    append(writer, 3, 5)
    writer.flush()
    assert offsets(lake) == [0, 1, 2, 3, 4]
    assert writer.last_off(TOPIC, 0) == 4


def test_an_answer_that_never_comes_is_given_up(
    store: FaultyStore, lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DELTA_OPTIONS, "timeout", "300ms")
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(HANG_AFTER, times=ONE_ATTEMPT)
    writer.flush()
    assert offsets(lake) == [0, 1, 2]


def test_data_files_that_fail_are_written_again(store: FaultyStore, lake: str) -> None:
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(REFUSED, is_put, times=2 * ONE_ATTEMPT)
    writer.flush()
    assert offsets(lake) == [0, 1, 2]


@pytest.fixture
def blind(store: FaultyStore, lake: str, monkeypatch: pytest.MonkeyPatch) -> GoldWriter:
    """Mutant A, with three rows: tries again after an error, here of a commit that landed, without
    a look at what became of it."""
    monkeypatch.setattr(GoldWriter, "_reopen", lambda writer: (open_table(writer.uri), False))
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(LOST_ANSWER, times=ONE_ATTEMPT)
    return writer


def test_a_file_that_is_committed_again_is_in_the_table_once(blind: GoldWriter, lake: str) -> None:
    blind.flush()
    assert delta(lake).version() == 2
    assert offsets(lake) == [0, 1, 2]


def test_retrying_blindly_with_another_file_would_duplicate_rows(
    blind: GoldWriter, lake: str
) -> None:
    """Why an attempt is a commit of the files that are stored, never of rows written again."""

    def under_another_name(_seconds: float) -> None:
        (file,) = blind._sealed
        assert isinstance(file, StoredOnce)
        copy = a_file_of(range(3))
        blind._store.put(copy)
        file.added = replace(file.added, path=copy.added.path)

    blind.pause = under_another_name
    blind.flush()
    assert offsets(lake) == [0, 0, 1, 1, 2, 2]


def test_another_writer_found_after_a_failure_fences_us(store: FaultyStore, lake: str) -> None:
    older, newer = a_gold_writer(lake), a_gold_writer(lake)
    append(older, 0, 3)
    append(newer, 0, 9)
    store.fail(REFUSED, times=ONE_ATTEMPT)

    def meanwhile(_seconds: float) -> None:
        newer.flush()

    older.pause = meanwhile
    with pytest.raises(Fenced, match="stands at offset 8"):
        older.flush()
    assert offsets(lake) == list(range(9))


def test_an_outage_that_outlasts_patience_keeps_the_rows(store: FaultyStore, lake: str) -> None:
    writer = a_gold_writer(lake, patience=Patience(0.5))
    append(writer, 0, 3)
    store.fail(REFUSED)
    with pytest.raises(Unavailable, match=r"raw_events is not available.*503"):
        writer.flush()
    store.recover()
    assert writer.flush() == 3
    assert offsets(lake) == [0, 1, 2]


def test_a_partition_asked_for_after_a_failure_does_not_hide_another_writer(
    store: FaultyStore, lake: str
) -> None:
    older, newer = a_gold_writer(lake, patience=Patience(0.2)), a_gold_writer(lake)
    append(older, 0, 3)
    store.fail(REFUSED)
    with pytest.raises(Unavailable):
        older.flush()
    store.recover()
    append(newer, 0, 9)
    newer.flush()
    append(older, 0, 2, part=1)
    with pytest.raises(Fenced, match="stands at offset 8"):
        older.flush()
    assert offsets(lake) == list(range(9))


def test_a_stop_ends_the_patience_early(store: FaultyStore, lake: str) -> None:
    stopping = Patience(900, is_stopping=lambda: True, stopping_seconds=0.2)
    writer = a_gold_writer(lake, patience=stopping)
    append(writer, 0, 3)
    store.fail(REFUSED)
    with pytest.raises(Unavailable):
        writer.flush()


def test_a_refusal_is_not_tried_again_and_names_the_path(store: FaultyStore, lake: str) -> None:
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(FORBIDDEN)
    with pytest.raises(Denied, match=r"raw_events.*_delta_log/0{19}1\.json.*403") as refused:
        writer.flush()
    assert "\n" not in str(refused.value)
    assert sum(is_commit(*request) for request in store.requests) == 2  # the table, and this


def test_a_commit_takes_few_requests(store: FaultyStore, lake: str) -> None:
    """Asking for positions reads the log again, partition by partition: only after a failure."""
    writer = a_gold_writer(lake)
    for part in range(12):
        append(writer, 0, 2, part=part)
    store.requests.clear()
    writer.flush()
    assert len(store.requests) <= 9


def test_what_fails_after_the_commit_counts_as_committed(
    lake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = a_gold_writer(lake)
    append(writer, 0, 3)

    refresh = DeltaTable.update_incremental

    def fail(_handle: DeltaTable) -> None:
        monkeypatch.setattr(DeltaTable, "update_incremental", refresh)
        raise OSError("the answer was lost")

    monkeypatch.setattr(DeltaTable, "update_incremental", fail)
    assert writer.flush() == 3
    assert offsets(lake) == [0, 1, 2]
    assert delta(lake).version() == 1


def test_a_file_is_stored_once_however_often_its_commit_is_tried(
    store: FaultyStore, lake: str
) -> None:
    writer = a_gold_writer(lake)
    append(writer, 0, 3)
    store.fail(REFUSED, times=2 * ONE_ATTEMPT)
    writer.flush()
    assert sum(path.endswith(".parquet") for method, path in store.requests if method == "PUT") == 1
