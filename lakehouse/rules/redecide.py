"""Make stored decisions again: from the archived bytes, by the versions that each one names.

A decision matches if every stored column comes out the same, floats to the last bit. The comparison
leaves out its position and instant, which are not decided, and the challengers' PDs, which decide
nothing. If a decision differs, the first cause is named, in the order of `Cause`. An applicant's
figure is never shown; only the name of its column is.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lakehouse.arrow_schemas import DECISIONS, from_frame
from lakehouse.lake.archive import Archived, archived, positions_of
from lakehouse.lake.session import Lake
from lakehouse.rules.as_decided import Cause, Difference, MadeBy, Rulebook
from risk.contract.application import ENVELOPES, Limits
from risk.decision.judge import Rules, judge

_LEFT_ASIDE: Final = frozenset({"topic", "part", "off", "decided_at", "challengers"})
_ADDED_LATER: Final = frozenset({"public_records", "missing_inputs"})
"""Columns that earlier releases stored decisions without: null there is no difference."""

_COMPARED: Final = pa.schema(
    [field.with_nullable(nullable=True) for field in DECISIONS if field.name not in _LEFT_ASIDE]
)
_SHOWN: Final = frozenset(
    {
        "dti_band",
        "util_band",
        "rate_band",
        "early_warning_flag",
        "tier",
        "reasons",
        "pd",
        "points",
        "model_reasons",
    }
)
_NO_BYTES: Final = Difference(Cause.BYTES, "the archive holds no event at the decision's position")
_FORGOTTEN: Final = Difference(Cause.BYTES, "the event's bytes were forgotten, by their age")
# A decided event was not too large then, so today's limit does not matter.
_LIMITS: Final = Limits(max_bytes=2**63 - 1, envelopes=ENVELOPES)


class Recalled(msgspec.Struct, frozen=True):
    """One decision made again; without a difference it matches."""

    event_id: str
    topic: str
    part: int
    off: int
    difference: Difference | None

    @property
    def matches(self) -> bool:
        """Whether every stored column came out the same."""
        return self.difference is None


def recall(lake: Lake, rulebook: Rulebook, event_ids: Sequence[str]) -> list[Recalled]:
    """Make the decisions on these events again; events without a decision in the lake are left out.

    Raises
    ------
    Unavailable, Denied
        A store does not answer, or does not let us read.
    """
    positions = positions_of(lake, event_ids).values()
    return [each for batch in archived(lake, positions) for each in recall_batch(batch, rulebook)]


def recall_batch(batch: Archived, rulebook: Rulebook) -> list[Recalled]:
    """Make a batch of decisions again, in its order.

    Raises
    ------
    Unavailable, Denied
        A store does not answer, or does not let us read.
    """
    differences: list[Difference | None] = [None] * batch.decisions.num_rows
    for made_by, rows in _groups(batch.decisions).items():
        rules = rulebook(made_by)
        found = (
            [rules] * len(rows) if isinstance(rules, Difference) else _judged(batch, rows, rules)
        )
        for row, difference in zip(rows.tolist(), found, strict=True):
            differences[row] = difference
    names = batch.decisions.select(["event_id", "topic", "part", "off"]).to_pylist()
    return [
        Recalled(**name, difference=difference)
        for name, difference in zip(names, differences, strict=True)
    ]


def _groups(decisions: pa.Table) -> dict[MadeBy, NDArray[np.int64]]:
    rows: dict[MadeBy, list[int]] = {}
    columns = (decisions.column(name).to_pylist() for name in MadeBy._fields)
    for row, versions in enumerate(zip(*columns, strict=True)):
        rows.setdefault(MadeBy(*versions), []).append(row)
    return {made_by: np.array(places, dtype=np.int64) for made_by, places in rows.items()}


def _judged(batch: Archived, rows: NDArray[np.int64], rules: Rules) -> list[Difference | None]:
    received_at = batch.received_at[rows]
    # What was decided had bytes when it came.
    is_forgotten = np.array([batch.raws[row] is None for row in rows.tolist()], dtype=np.bool_)
    is_there = ~np.isnat(received_at)
    found: list[Difference | None] = [_FORGOTTEN if came else _NO_BYTES for came in is_there]
    there = np.flatnonzero(is_there & ~is_forgotten)
    verdicts = judge(
        [batch.raws[row] for row in rows[there].tolist()],
        rules=rules,
        received_at=received_at[there],
        limits=_LIMITS,
    )
    for reject in verdicts.rejects:
        found[there[reject.row]] = Difference(
            Cause.REFUSED, f"{reject.code.value}: {reject.reason}"
        )
    places = there[verdicts.decided["row"]]
    stored = batch.decisions.select(_COMPARED.names).take(rows[places]).cast(_COMPARED)
    differences = _compare(stored, from_frame(verdicts.decided, _COMPARED))
    for place, difference in zip(places.tolist(), differences, strict=True):
        found[place] = difference
    return found


def _compare(stored: pa.Table, made: pa.Table) -> list[Difference | None]:
    """Return the first column of each row that differs."""
    differs = np.array(
        [_differs(stored.column(name), made.column(name)) for name in stored.schema.names]
    )
    for name in _ADDED_LATER:
        differs[_COMPARED.names.index(name)] &= stored.column(name).is_valid().to_numpy()
    first = np.where(differs.any(axis=0), differs.argmax(axis=0), -1)
    return [
        None if place < 0 else _difference(_COMPARED.names[place], stored, made, row)
        for row, place in enumerate(first.tolist())
    ]


def _differs(stored: pa.ChunkedArray, made: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Tell which rows differ; missing equals missing, and floats are compared bit by bit."""
    one, other = (_bits(column.combine_chunks()) for column in (stored, made))
    differs = pc.or_(
        pc.fill_null(pc.not_equal(one, other), fill_value=False),
        pc.xor(pc.is_null(one), pc.is_null(other)),
    )
    rows: NDArray[np.bool_] = differs.to_numpy(zero_copy_only=False)
    return rows


def _bits(column: pa.Array) -> pa.Array:
    return column.view(pa.int64()) if pa.types.is_floating(column.type) else column


def _difference(name: str, stored: pa.Table, made: pa.Table, row: int) -> Difference:
    if name not in _SHOWN:
        return Difference(Cause.COLUMN, name)
    values: list[Any] = [table.column(name)[row].as_py() for table in (stored, made)]
    return Difference(Cause.COLUMN, name, *values)
