"""Every real sample, as a producer of events would send it: nothing real is refused."""

import json
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from risk.contract.application import LoanApplication, Reject, RejectCode
from risk.features.catalogue import OUTCOME_FIELDS
from tests.risk.applications import assert_same_frame, judge_all

_TEXT_FIELDS = frozenset(
    """
    id term int_rate revol_util emp_length earliest_cr_line issue_d purpose home_ownership
    verification_status addr_state zip_code grade sub_grade application_type
    """.split()  # noqa: SIM905
)
_NUMBERS = frozenset(LoanApplication.__struct_fields__) - _TEXT_FIELDS
_LATER = datetime(2026, 11, 1, tzinfo=UTC)


def _events(path: Path, *, extra: Sequence[str] = ()) -> Iterator[bytes]:
    wanted = [*LoanApplication.__struct_fields__, *extra]
    table = pq.read_table(path)
    table = table.select([name for name in wanted if name in table.column_names])
    for number, row in enumerate(table.to_pylist()):
        event = {name: _value(name, value) for name, value in row.items()}
        event["event_id"] = f"row-{number}"
        yield json.dumps(event).encode()


def _value(name: str, value: Any) -> Any:
    if name in _NUMBERS and isinstance(value, str):
        value = float(value) if value else None
    return None if isinstance(value, float) and math.isnan(value) else value


@pytest.mark.parametrize(
    ("name", "rows", "without_income"),
    [
        ("loans_2007_2011h1.parquet", 30_042, 4),
        ("loans_raw_151.parquet", 4_275, 0),
        ("loans_union.parquet", 154_049, 4),
    ],
    ids=["whole population", "151 fields", "union"],
)
def test_only_a_row_that_lacks_what_is_required_is_refused(
    shared_data: Path, name: str, rows: int, without_income: int
) -> None:
    decided = 0
    rejects: list[Reject] = []
    for batch in _batched(_events(shared_data / name)):
        verdicts = judge_all(batch, received_at=_LATER)
        decided += len(verdicts.decided["row"])
        rejects += verdicts.rejects
    empty = [reject for reject in rejects if reject.reason.startswith("event_time: ")]
    assert {reject.code for reject in rejects} <= {RejectCode.MISSING_FIELD}
    assert len(empty) == (1 if name == "loans_union.parquet" else 0)
    assert len(rejects) - len(empty) == without_income
    assert decided + len(rejects) == rows


def _batched(events: Iterator[bytes]) -> Iterator[list[bytes]]:
    while batch := list(islice(events, 10_000)):
        yield batch


def test_stripping_the_outcome_fields_of_real_events_changes_nothing(shared_data: Path) -> None:
    path = shared_data / "loans_raw_151.parquet"
    assert set(pq.read_schema(path).names) > OUTCOME_FIELDS
    full = list(_events(path, extra=sorted(OUTCOME_FIELDS)))[:2_000]
    bare = list(_events(path))[:2_000]
    assert sum(map(len, full)) > 1.5 * sum(map(len, bare))
    for policy in ("standard-1", "reference-1"):
        with_outcomes = judge_all(full, policy=policy, received_at=_LATER)
        without = judge_all(bare, policy=policy, received_at=_LATER)
        assert_same_frame(with_outcomes.decided, without.decided)
        assert with_outcomes.rejects == without.rejects
