"""Bins of a feature for a fit: which limits are kept, where values fall, what each bin shows."""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Direction: TypeAlias = Literal["rises", "falls"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feature that a fit may use.

    Attributes
    ----------
    feature
        Its name in the catalogue.
    direction
        Whether PD rises or falls with a number, by credit sense; None for a text.
    limits
        Where bins of a number may end, right-inclusive: round figures that a person can read.
    """

    feature: str
    direction: Direction | None = None
    limits: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StepCoder:
    """Numbers to bins: 0 up to the first limit, and so on; the bin after the last is missing."""

    candidate: Candidate
    limits: Floats

    @property
    def known(self) -> int:
        """How many bins hold known values; the neutral ones follow."""
        return len(self.limits) + 1

    @property
    def neutral(self) -> int:
        """How many bins are worth the average unless the loans say otherwise."""
        return 1

    def codes(self, column: NDArray[Any]) -> Codes:
        """Return each value's bin."""
        # NaN sorts behind infinity.
        return np.append(self.limits, math.inf).searchsorted(column)

    def columns(self) -> Floats:
        """Return one row for each known bin: 1 for each limit below the bin."""
        return np.tri(self.known, self.known - 1, -1)


@dataclass(frozen=True, slots=True)
class GroupCoder:
    """Texts to bins: one for each value, then one for unseen values, then one for missing."""

    candidate: Candidate
    values: tuple[str, ...]

    @property
    def known(self) -> int:
        """How many bins hold known values; the neutral ones follow."""
        return len(self.values)

    @property
    def neutral(self) -> int:
        """How many bins are worth the average unless the loans say otherwise."""
        return 2

    def codes(self, column: NDArray[Any]) -> Codes:
        """Return each value's bin."""
        place: dict[str | None, int] = {value: code for code, value in enumerate(self.values)}
        unseen = len(place)
        place[None] = unseen + 1
        return np.array([place.get(text, unseen) for text in column.tolist()], dtype=np.int64)

    def columns(self) -> Floats:
        """Return one row a known bin: 1 for the bin itself."""
        return np.eye(self.known)


Coder: TypeAlias = StepCoder | GroupCoder


def prepare(candidate: Candidate, column: NDArray[Any], *, fewest: int) -> Coder:
    """Return the bins of a column, none of known values with fewer than so many rows.

    Limits are tried from the lowest up; one that would leave too few rows on either side of it is
    dropped. Texts that are too few are treated as unseen.
    """
    if candidate.direction is None:
        values, counts = np.unique(
            np.array([text for text in column.tolist() if text is not None], dtype=object),
            return_counts=True,
        )
        return GroupCoder(candidate, tuple(values[counts >= fewest].tolist()))
    numbers = np.sort(column[~np.isnan(column)])
    limits = []
    taken = 0
    for limit in candidate.limits:
        up_to = int(np.searchsorted(numbers, limit, side="right"))
        if min(up_to - taken, len(numbers) - up_to) >= fewest:
            limits.append(limit)
            taken = up_to
    return StepCoder(candidate, np.array(limits))


@dataclass(frozen=True, slots=True)
class BinEvidence:
    """Loans, defaults and weight of evidence of one bin."""

    loans: int
    defaults: int
    woe: float


def evidence(
    codes: Codes, defaulted: NDArray[np.bool_], bins: int, *, weights: Floats | None = None
) -> list[BinEvidence]:
    """Return what the loans of each bin say.

    The weight of evidence is ``ln(share of the goods / share of the defaults)`` (Good, *Probability
    and the Weighing of Evidence*, 1950), one average loan added to each bin, so that a bin without
    defaults has a finite one and a bin without loans has none. It is that of the weighted loans
    where there are weights; loans and defaults are counted as they are.
    """
    loans = np.bincount(codes, minlength=bins)
    defaults = np.bincount(codes[defaulted], minlength=bins)
    each = np.ones(len(codes)) if weights is None else weights
    bads = np.bincount(codes, weights=each * defaulted, minlength=bins)
    goods = np.bincount(codes, weights=each * ~defaulted, minlength=bins)
    rate = np.average(defaulted, weights=each)
    goods_to_defaults = (goods + 1.0 - rate) / (bads + rate)
    woe = np.log(goods_to_defaults) - np.log((1.0 - rate) / rate)
    return [
        BinEvidence(int(count), int(bad), round(float(weight), 4) + 0.0)
        for count, bad, weight in zip(loans, defaults, woe, strict=True)
    ]
