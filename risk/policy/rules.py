"""Apply a policy to applications: bands, early warning, tier and reasons.

Each application is judged by the rules in force on its application date, so a past month is judged
as it was then. `risk.policy.document` holds the documents.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Band, Reject, RejectCode, Stage, Tier
from risk.frame.frame import Frame, row_count, take, text_column
from risk.policy.document import Edges, Policy, Scale, Threshold

_Mask: TypeAlias = NDArray[np.bool_]
_Bits: TypeAlias = NDArray[np.int64]
_Dated = TypeVar("_Dated", Edges, Threshold)

_BANDS = tuple(band.value for band in Band)
_MISSING = _BANDS.index(Band.MISSING)
_NO_BAND = len(_BANDS)
_BAND_NAMES = np.array([*_BANDS, None], dtype=object)

_TIER_NAMES = np.array([tier.value for tier in Tier], dtype=object)
_LOW, _ELEVATED, _WATCHLIST = range(len(_TIER_NAMES))


def judged_figures(policy: Policy, frame: Frame) -> Frame:
    """Return the frame with the figures the policy looks at: both applicants' where it says so."""
    figures = dict(frame)
    for figure in policy.joint_figures:
        joint = frame[figure.joint_column]
        stands_in = frame["is_joint"] & ~np.isnan(joint)
        figures[figure.column] = np.where(stands_in, joint, frame[figure.column])
    return figures


def refusals(policy: Policy, frame: Frame) -> list[Reject]:
    """Return a reject for each row that the policy cannot judge, by row.

    A required figure is missing, or the application is older than the policy.
    """
    figures = judged_figures(policy, frame)
    missing = {column: np.isnan(figures[column]) for column in policy.required}
    too_old = frame["applied_on"] < np.datetime64(policy.effective_from)
    rejects = []
    for row in np.flatnonzero(np.logical_or.reduce([too_old, *missing.values()])).tolist():
        lacking = ", ".join(column for column, rows in missing.items() if rows[row])
        code = RejectCode.MISSING_REQUIRED if lacking else RejectCode.OUT_OF_RANGE
        since = f"applied_on: policy {policy.version} judges from {policy.effective_from} on"
        reason = f"policy {policy.version} cannot judge without {lacking}" if lacking else since
        rejects.append(Reject(row, Stage.DECIDE, code, reason))
    return rejects


def apply(policy: Policy, frame: Frame) -> Frame:
    """Judge every row by the rules in force on its `applied_on`.

    Parameters
    ----------
    policy
        The rules.
    frame
        Clean columns, with the figures that the policy looks at (`judged_figures`), and the
        model's `pd` where it has rules on that. A row that is older than the policy, or has no
        date, is judged by the policy's first rules.

    Returns
    -------
    Frame
        `dti_band`, `util_band`, `rate_band`, `early_warning_flag`, `tier` and `reasons`.
    """
    eras = _eras(policy)
    if len(eras) == 1:
        return eras[0].judge(frame)
    begun = [frame["applied_on"] >= era.effective_from for era in eras[1:]]
    era_of_row = np.add.reduce(begun, axis=0, dtype=np.int64)
    judged: Frame = {}
    for number, era in enumerate(eras):
        rows = np.flatnonzero(era_of_row == number)
        for name, values in era.judge(take(frame, rows)).items():
            column = judged.setdefault(name, np.empty(row_count(frame), dtype=values.dtype))
            column[rows] = values
    return judged


@dataclass(frozen=True, slots=True)
class _Ladder:
    """One scale in one era: its edges, and what each band adds to the tier and its reasons."""

    scale: Scale
    edges: NDArray[np.float64]
    elevates: _Mask
    reason: _Bits

    def bands(self, frame: Frame) -> NDArray[np.intp]:
        figures = frame[self.scale.column]
        # An edge belongs to the band below it.
        bands = np.searchsorted(self.edges, figures, side="left")
        if self.scale.within is not None:
            above, up_to = self.scale.within
            bands[(figures <= above) | (figures > up_to)] = _NO_BAND
        bands[np.isnan(figures)] = _NO_BAND if self.scale.missing is None else _MISSING
        return bands


class _Reasons(dict[int, str]):
    """The text of each set of reason codes; a set is the bits of its codes' positions."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__()
        self._codes = codes

    def __missing__(self, bits: int) -> str:
        text = "|".join(code for place, code in enumerate(self._codes) if bits >> place & 1)
        self[bits] = text
        return text


@dataclass(frozen=True, slots=True)
class _PdLimit:
    """One rule on the PD in one era: from which PD on it holds, and what it adds."""

    is_watched: bool
    threshold: float
    reason: int


@dataclass(frozen=True, slots=True)
class _Era:
    """The rules in force from one date until the next era's."""

    effective_from: np.datetime64
    policy: Policy
    ladders: tuple[_Ladder, ...]
    thresholds: tuple[float, ...]
    pd_limits: tuple[_PdLimit, ...]
    low_reason: int
    reasons: _Reasons

    def judge(self, frame: Frame) -> Frame:
        count = row_count(frame)
        judged: Frame = {}
        is_elevated = np.zeros(count, dtype=np.bool_)
        elevated_because = np.zeros(count, dtype=np.int64)
        for ladder in self.ladders:
            bands = ladder.bands(frame)
            is_elevated |= ladder.elevates[bands]
            elevated_because |= ladder.reason[bands]
            judged[ladder.scale.name] = _BAND_NAMES[bands]

        met: dict[str, _Mask] = {}
        watched_because = np.zeros(count, dtype=np.int64)
        for place, (condition, threshold) in enumerate(
            zip(self.policy.conditions, self.thresholds, strict=True)
        ):
            figures = frame[condition.column]
            at_least = condition.comparison == "at_least"
            holds = figures >= threshold if at_least else figures > threshold
            met[condition.name] = holds
            watched_because |= holds.astype(np.int64) << place
        is_flagged = np.ones(count, dtype=np.bool_)
        for group in self.policy.early_warning:
            is_flagged &= np.logical_or.reduce([met[name] for name in group])

        is_watched = is_flagged
        watched_because = np.where(is_flagged, watched_because, 0)
        for limit in self.pd_limits:
            exceeds = frame["pd"] >= limit.threshold
            if limit.is_watched:
                is_watched = is_watched | exceeds
                watched_because |= exceeds * limit.reason
            else:
                is_elevated |= exceeds
                elevated_because |= exceeds * limit.reason

        tiers = np.where(is_watched, _WATCHLIST, np.where(is_elevated, _ELEVATED, _LOW))
        because = np.where(
            is_watched,
            watched_because,
            np.where(is_elevated, elevated_because, self.low_reason),
        )
        judged["early_warning_flag"] = is_flagged
        judged["tier"] = _TIER_NAMES[tiers]
        judged["reasons"] = text_column([self.reasons[bits] for bits in because.tolist()], count)
        return judged


@lru_cache(maxsize=64)
def _eras(policy: Policy) -> tuple[_Era, ...]:
    dated = (*policy.rules, *policy.pd_rules)
    dates = sorted({version.effective_from for rule in dated for version in rule.versions})
    eras = []
    for start in dates:
        thresholds = [in_force(condition.versions, start) for condition in policy.conditions]
        codes = [threshold.code for threshold in thresholds]
        ladders = []
        for scale in policy.scales:
            elevates = np.zeros(len(_BAND_NAMES), dtype=np.bool_)
            reason = np.zeros(len(_BAND_NAMES), dtype=np.int64)
            for elevation in policy.elevating:
                if elevation.scale == scale.name:
                    band = _BANDS.index(elevation.band)
                    elevates[band] = True
                    reason[band] = _bit(codes, elevation.code)
            edges = np.array(in_force(scale.versions, start).edges)
            ladders.append(_Ladder(scale, edges, elevates, reason))
        pd_limits = []
        for pd_rule in policy.pd_rules:
            limit = in_force(pd_rule.versions, start)
            is_watched = pd_rule.tier == Tier.WATCHLIST.value
            pd_limits.append(_PdLimit(is_watched, limit.threshold, _bit(codes, limit.code)))
        low_reason = _bit(codes, policy.low_code)
        eras.append(
            _Era(
                np.datetime64(start),
                policy,
                tuple(ladders),
                tuple(threshold.threshold for threshold in thresholds),
                tuple(pd_limits),
                low_reason,
                _Reasons(codes),
            )
        )
    return tuple(eras)


def _bit(codes: list[str], code: str | None) -> int:
    """Give the code the next place, and return its bit; no code has no bit."""
    if code is None:
        return 0
    codes.append(code)
    return 1 << (len(codes) - 1)


def in_force(versions: Sequence[_Dated], on: date | None) -> _Dated:
    """Return the version in force on a date; before the first one, and without a date, the first.

    `versions` are in the order of their dates, as a policy document has them.
    """
    begun = [version for version in versions if on is not None and version.effective_from <= on]
    return begun[-1] if begun else versions[0]
