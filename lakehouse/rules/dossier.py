"""Show one stored decision in full: as stored, the bytes behind it, and why it was decided so."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from lakehouse.errors import QueryInvalid
from lakehouse.lake.archive import archived, positions_of
from lakehouse.lake.session import Lake
from lakehouse.rules.as_decided import Difference, MadeBy, Rulebook
from risk.contract.application import ENVELOPES, Limits
from risk.decision.reference_tables import join
from risk.errors import RiskError
from risk.explain.explanation import Explanation, explain
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean

# A decided event was not too large then, so today's limit does not matter.
_LIMITS: Final = Limits(max_bytes=2**63 - 1, envelopes=ENVELOPES)


@dataclass(frozen=True, slots=True)
class Dossier:
    """One decision.

    Attributes
    ----------
    decision
        The stored row by its columns; instants are naive and mean UTC.
    raw
        The event's fields as the archive holds them; empty where it holds none.
    raw_size, raw_sha256
        Of the archived bytes.
    received_at
        When the event arrived; naive, UTC; None where the archive lacks it.
    explanation
        None where `not_explained` says why there is none.
    """

    decision: dict[str, Any]
    raw: dict[str, Any]
    raw_size: int
    raw_sha256: str
    received_at: datetime | None
    explanation: Explanation | None
    not_explained: str


def dossier(lake: Lake, rulebook: Rulebook, event_id: str) -> Dossier:
    """Return the decision on an event, with its bytes and its explanation.

    Raises
    ------
    QueryInvalid
        The lake holds no decision on this event.
    Unavailable, Denied
        A store does not answer, or does not let us read.
    """
    batch = next(archived(lake, positions_of(lake, [event_id]).values()), None)
    if batch is None or not batch.decisions.num_rows:
        raise QueryInvalid(
            "the lake holds no decision under this event id; a decision reaches it some seconds "
            "after silver"
        )
    row: dict[str, Any] = batch.decisions.to_pylist()[0]
    raw = batch.raws[0] or b""
    arrived = batch.received_at[0]
    explanation, why_not = _explained(batch.raws, batch.received_at, rulebook, row)
    return Dossier(
        decision=row,
        raw=_fields(raw),
        raw_size=len(raw),
        raw_sha256=hashlib.sha256(raw).hexdigest(),
        received_at=None if arrived != arrived else arrived.item(),  # noqa: PLR0124 - NaT
        explanation=explanation,
        not_explained=why_not,
    )


def _explained(
    raws: list[bytes | None], received_at: Any, rulebook: Rulebook, row: dict[str, Any]
) -> tuple[Explanation | None, str]:
    rules = rulebook(MadeBy(**{name: row[name] for name in MadeBy._fields}))
    if isinstance(rules, Difference):
        return None, rules.what
    decoded = decode(raws, limits=_LIMITS)
    cleaned = clean(decoded.applications, received_at=received_at, limits=_LIMITS)
    if decoded.rejects or cleaned.rejects:
        return None, "the archive does not hold the bytes it was made of"
    try:
        frame = join(rules.reference, cleaned.frame)
        return explain(frame, model=rules.model, policy=rules.policy), ""
    except RiskError as error:
        return None, str(error)


def _fields(raw: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
