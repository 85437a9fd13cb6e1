"""Turn a batch's bytes into verdicts: each event is decided or refused; no exception is raised."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Limits, Reject, RejectCode, Stage
from risk.contract.columns import DECISION_COLUMNS, LINEAGE_COLUMNS, Column
from risk.decision.decide import decide
from risk.decision.reference_tables import ReferenceTables, join
from risk.frame.frame import Frame, complete, concat, constant, row_count, take
from risk.ingest.dates import Instants, instants
from risk.ingest.decode import decode
from risk.ingest.envelopes import named
from risk.ingest.lending_club import clean
from risk.models.model import Model
from risk.policy.document import Policy
from risk.policy.rules import refusals

_LINEAGE = frozenset(column.name for column in LINEAGE_COLUMNS)

DECIDED_COLUMNS: tuple[Column, ...] = (
    Column("row", "int", "", "Position of the event in the batch.", nullable=False),
    *(column for column in DECISION_COLUMNS if column.name not in _LINEAGE),
)
"""What `judge` decides: the stored decision without its lineage, and the row it belongs to."""

_DECIDED = tuple(column.name for column in DECIDED_COLUMNS)


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a verdict depends on, beside the event and its arrival.

    Attributes
    ----------
    challengers
        Models whose PDs are stored beside the decision; they decide nothing.
    """

    model: Model
    policy: Policy
    reference: ReferenceTables
    challengers: tuple[Model, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The verdicts on a batch.

    Attributes
    ----------
    decided
        The columns of `DECIDED_COLUMNS`, by `row`.
    rejects
        The other events, by row. Each row of the batch is in exactly one of the two.
    """

    decided: Frame
    rejects: list[Reject]


def judge(
    raws: Sequence[bytes | None],
    *,
    rules: Rules,
    received_at: Instants,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> Verdicts:
    """Read, clean and decide a batch of events.

    Stream, API and replay call this on the same bytes and get the same verdicts, however the bytes
    are cut into batches. No bytes make it raise: an unexpected exception is followed by halves down
    to the event that causes it, which is refused with the code `internal`.

    Parameters
    ----------
    raws
        The events; None is a tombstone.
    rules
        Model, policy and reference tables.
    received_at
        When the events arrived: one instant for all, or one for each.
    limits
        How large, how deep and how far ahead of its arrival an event may be.

    Raises
    ------
    ContractError
        `received_at` has no zone, or is not one instant an event: the caller's mistake.
    """
    arrived = instants(received_at, len(raws))
    return _judge_or_halve(raws, rules, arrived, limits)


def _judge_or_halve(
    raws: Sequence[bytes | None], rules: Rules, arrived: NDArray[np.datetime64], limits: Limits
) -> Verdicts:
    try:
        return _judge(raws, rules, arrived, limits)
    except Exception as exc:  # noqa: BLE001  (whatever it is, the neighbours must land)
        if len(raws) == 1:
            reason = f"{type(exc).__name__} while deciding; report it with the event"
            return Verdicts(_nothing(), [Reject(0, Stage.DECIDE, RejectCode.INTERNAL, reason)])
    middle = len(raws) // 2
    first = _judge_or_halve(raws[:middle], rules, arrived[:middle], limits)
    second = _judge_or_halve(raws[middle:], rules, arrived[middle:], limits)
    second.decided["row"] += middle
    return Verdicts(
        concat([first.decided, second.decided]),
        [*first.rejects, *(replace(r, row=r.row + middle) for r in second.rejects)],
    )


def _judge(
    raws: Sequence[bytes | None], rules: Rules, arrived: NDArray[np.datetime64], limits: Limits
) -> Verdicts:
    decoded = decode(raws, limits=limits)
    rejects = list(decoded.rejects)
    rows = decoded.rows

    cleaned = clean(decoded.applications, received_at=arrived[rows], limits=limits)
    rejects = named([*rejects, *_at(rows, cleaned.rejects)], raws, limits)
    frame, rows = cleaned.frame, rows[cleaned.kept]

    refused = refusals(rules.policy, frame)
    rejects += _at(rows, refused)
    frame, rows = _without(frame, rows, refused)
    if not len(rows):
        return Verdicts(_nothing(), sorted(rejects, key=_row))

    decided = decide(
        join(rules.reference, frame),
        model=rules.model,
        policy=rules.policy,
        challengers=rules.challengers,
    )
    unsound = _unsound_scores(decided)
    rejects += _at(rows, unsound)
    decided, rows = _without(decided, rows, unsound)

    decided["row"] = rows
    decided["reference_version"] = constant(rules.reference.version, len(rows))
    return Verdicts({name: decided[name] for name in _DECIDED}, sorted(rejects, key=_row))


def _unsound_scores(decided: Frame) -> list[Reject]:
    probabilities = decided["pd"]
    sound = (probabilities >= 0.0) & (probabilities <= 1.0) & np.isfinite(decided["points"])
    reason = "the model gave no finite PD from 0 to 1 and points; check the model"
    return [
        Reject(row, Stage.DECIDE, RejectCode.SCORE_NOT_FINITE, reason)
        for row in np.flatnonzero(~sound).tolist()
    ]


def _without(
    frame: Frame, rows: NDArray[np.int64], refused: list[Reject]
) -> tuple[Frame, NDArray[np.int64]]:
    if not refused:
        return frame, rows
    kept = np.delete(np.arange(row_count(frame)), [reject.row for reject in refused])
    return take(frame, kept), rows[kept]


def _at(rows: NDArray[np.int64], rejects: list[Reject]) -> list[Reject]:
    return [replace(reject, row=int(rows[reject.row])) for reject in rejects]


def _row(reject: Reject) -> int:
    return reject.row


def _nothing() -> Frame:
    return complete({}, DECIDED_COLUMNS)
