"""Decide past applications by one or two versions, together with the outcomes of their loans."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dataflows.loans.cases import Cases
from lakehouse.errors import SettingsInvalid
from risk.decision.judge import Rules, Verdicts, judge
from risk.frame.frame import Frame, concat, take
from risk.monitoring.backtest import LGD, Backtest, SwapSet, backtest, swap_set

_KEPT: Final = ("event_id", "pd", "tier", "amount_usd")


@dataclass(frozen=True, slots=True)
class Side:
    """One version: its model and policy, its refusals by code, and its backtest."""

    model: str
    model_sha256: str
    policy: str
    refused: dict[str, int]
    figures: Backtest


@dataclass(frozen=True, slots=True)
class Backtested:
    """The past, decided by one version or by two.

    Attributes
    ----------
    read
        Events of the source.
    repeated
        Those that came again; the first of them counts.
    decided
        Those that every version decides: all figures are of these.
    """

    source: str
    read: int
    repeated: int
    decided: int
    first: Side
    second: Side | None = None
    swap_set: SwapSet | None = None


@dataclass(slots=True)
class _Past:
    """Decisions of each version on the applications that all of them decide, and the outcomes."""

    decided: list[list[Frame]]
    outcomes: list[NDArray[np.float64]]
    refused: list[Counter[str]]
    seen: set[str]
    read: int = 0
    repeated: int = 0

    def add(self, cases: Cases, verdicts: Sequence[Verdicts]) -> None:
        """Keep what every version decides, of an event that comes again the first."""
        self.read += len(cases.raws)
        for counter, each in zip(self.refused, verdicts, strict=True):
            counter.update(reject.code.value for reject in each.rejects)
        rows = verdicts[0].decided["row"]
        for each in verdicts[1:]:
            rows = np.intersect1d(rows, each.decided["row"], assume_unique=True)
        frames = [_rows_of(each.decided, rows) for each in verdicts]
        is_new = np.array([self._is_new(name) for name in frames[0]["event_id"]], dtype=np.bool_)
        self.repeated += int((~is_new).sum())
        for kept, frame in zip(self.decided, frames, strict=True):
            kept.append(take(frame, is_new))
        self.outcomes.append(cases.outcomes[rows[is_new]])

    def _is_new(self, event_id: str) -> bool:
        size = len(self.seen)
        self.seen.add(event_id)
        return len(self.seen) > size


def _rows_of(decided: Frame, rows: NDArray[np.int64]) -> Frame:
    places = np.searchsorted(decided["row"], rows)
    return {name: decided[name][places] for name in _KEPT}


def decide_past(
    batches: Iterable[Cases], rules: Sequence[Rules], *, source: str, lgd: float = LGD
) -> Backtested:
    """Decide applications by one version, or by two, and set that against their outcomes.

    Raises
    ------
    SettingsInvalid
        Nothing could be decided.
    """
    past = _Past([[] for _ in rules], [], [Counter() for _ in rules], set())
    for cases in batches:
        past.add(
            cases, [judge(cases.raws, rules=each, received_at=cases.received_at) for each in rules]
        )
    outcomes = np.concatenate([np.zeros(0), *past.outcomes])
    if not len(outcomes):
        raise SettingsInvalid(
            f"SOURCE {source}: expected applications that can be decided, found {past.read} events "
            f"and none decided ({', '.join(past.refused[0]) or 'nothing refused'})"
        )
    known, defaulted = ~np.isnan(outcomes), outcomes == 1.0
    frames = [concat(kept) for kept in past.decided]
    sides = [
        Side(
            model=each.model.version,
            model_sha256=each.model.sha256,
            policy=each.policy.version,
            refused=dict(refused),
            figures=backtest(frame, defaulted=defaulted, known=known, lgd=lgd),
        )
        for each, refused, frame in zip(rules, past.refused, frames, strict=True)
    ]
    return Backtested(
        source=source,
        read=past.read,
        repeated=past.repeated,
        decided=len(outcomes),
        first=sides[0],
        second=sides[1] if sides[1:] else None,
        swap_set=swap_set(frames[0], frames[1], defaulted=defaulted, known=known, lgd=lgd)
        if sides[1:]
        else None,
    )
