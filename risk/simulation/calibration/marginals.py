"""Fit the simulator's marginals: quantiles of each latent, cell by cell.

No figure describes fewer loans than the smallest cell. Points of a curve are means over that many
loans, rare values join their neighbours, and the share of a rare value is drawn towards that of all
loans.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from risk.simulation.calibration.catalogue import LatentSpec
from risk.simulation.draw import Floats
from risk.simulation.parameters import Z_MAX, Cells, Heaps, Latent, MarginalCurve, MarginalLevels

_POPULAR = 0.001
_TAILS = (0.001, 0.005, 0.02, 0.98, 0.99, 0.995, 0.998)
_LOANS_PER_GROUP = 5
_EDGE = 1e-4
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Sample:
    """Real loans as columns, with where each stands.

    Attributes
    ----------
    columns
        By latent: the value or level, NaN where it was not observed, positive or negative infinity
        where "none" was observed and belongs above or below all values.
    year
        Position of the year of origination.
    is_long, purpose, is_joint
        Whether over 60 months; position of the purpose; whether two people applied.
    """

    columns: Mapping[str, Floats]
    year: NDArray[np.int64]
    is_long: NDArray[np.bool_]
    purpose: NDArray[np.int64]
    is_joint: NDArray[np.bool_]

    def cell(self, cells: Cells) -> NDArray[np.int64]:
        """Return each loan's cell."""
        return cells.of(self.year, self.is_long)

    def nominal(self, purposes: int) -> Floats:
        """Return the indicators of purpose, joint and 60 months, one column each."""
        return np.column_stack(
            [np.eye(purposes)[self.purpose], self.is_joint, self.is_long.astype(np.float64)]
        )


def fit_latent(spec: LatentSpec, sample: Sample, cells: Cells, smallest_cell: int) -> Latent:
    """Fit one latent's quantiles in each cell, no figure of fewer than `smallest_cell` loans."""
    values = sample.columns[spec.name]
    cell = sample.cell(cells)
    seen = ~np.isnan(values)
    groups = [np.sort(values[seen & (cell == code)]) for code in range(len(cells))]
    # A cell with too few loans is described by all cells together.
    everyone = np.sort(values[seen])
    groups = [g if len(g) >= _LOANS_PER_GROUP * smallest_cell else everyone for g in groups]
    if spec.kind == "levels":
        return _fit_levels(spec, groups, everyone, smallest_cell)
    if spec.kind == "heaps":
        return _fit_heaps(spec, groups, everyone, smallest_cell)
    return _fit_curve(spec, groups, everyone, smallest_cell)


def _fit_curve(
    spec: LatentSpec,
    groups: Sequence[Floats],
    everyone: Floats,
    smallest_cell: int,
) -> MarginalCurve:
    scores = np.linspace(-Z_MAX, Z_MAX, spec.knots)
    step = scores[1] - scores[0]
    lower = np.array([_NORMAL.cdf(float(z - step / 2)) for z in scores])
    upper = np.array([_NORMAL.cdf(float(z + step / 2)) for z in scores])
    knots: list[list[float]] = []
    below: list[float] = []
    above: list[float] = []
    for group in groups:
        low, high = int(np.isneginf(group).sum()), int(np.isposinf(group).sum())
        below.append(_score(low / len(group)))
        above.append(_score(1 - high / len(group)))
        finite = group[low : len(group) - high]
        knots.append(_window_means(finite, lower, upper, len(group), low, smallest_cell))
    return MarginalCurve(
        name=spec.name,
        cells=spec.cells,
        knots=knots,
        units=_units(spec.units, everyone[np.isfinite(everyone)]),
        null_above=above if any(score < Z_MAX for score in above) else [],
        null_below=below if any(score > -Z_MAX for score in below) else [],
    )


def _window_means(
    finite: Floats,
    lower: Floats,
    upper: Floats,
    total: int,
    offset: int,
    smallest_cell: int,
) -> list[float]:
    """Return the mean of the order statistics around each knot, at least `smallest_cell` of them.

    Both ends of the window move up with the knot, so the means do too.
    """
    count = len(finite)
    size = min(smallest_cell, count)
    first = np.clip(np.rint(lower * total - offset), 0, count - size).astype(np.int64)
    last = np.clip(np.rint(upper * total - offset), size, count).astype(np.int64)
    short = np.maximum(size - (last - first), 0)
    first = np.clip(first - short // 2, 0, count - size)
    last = np.maximum(last, first + size)
    sums = np.concatenate([[0.0], np.cumsum(finite)])
    means = (sums[last] - sums[first]) / (last - first)
    return [float(f"{mean:.4g}") for mean in means]


def _units(candidates: Sequence[float], values: Floats) -> list[tuple[float, float]]:
    """Return the share of values that are multiples of each unit, of none wider."""
    remaining = np.ones(len(values), dtype=bool)
    units: list[tuple[float, float]] = []
    for unit in candidates[:-1]:
        multiple = remaining & (np.abs(values - np.rint(values / unit) * unit) < unit * 1e-6)
        units.append((unit, round(float(multiple.mean()), 3)))
        remaining &= ~multiple
    units.append((candidates[-1], round(1 - sum(share for _, share in units), 3)))
    return units


def _fit_levels(
    spec: LatentSpec,
    groups: Sequence[Floats],
    everyone: Floats,
    smallest_cell: int,
) -> MarginalLevels:
    levels, counts = np.unique(everyone, return_counts=True)
    kept = levels[counts >= smallest_cell]
    if not len(kept):
        kept = levels[:1]
    thresholds = [
        _thresholds(_counts(group, kept), _counts(everyone, kept), smallest_cell)
        for group in groups
    ]
    values: list[str | float | None] = (
        [spec.values[int(level)] for level in kept] if spec.values else [float(x) for x in kept]
    )
    return MarginalLevels(name=spec.name, cells=spec.cells, values=values, thresholds=thresholds)


def _thresholds(counts: Floats, everywhere: Floats, prior: int) -> list[float]:
    """Return the scores between shares; what is rare in a cell leans on its share in all."""
    share = (counts + prior * everywhere / everywhere.sum()) / (counts.sum() + prior)
    return [_score(float(below)) for below in np.cumsum(share)[:-1]]


def _fit_heaps(
    spec: LatentSpec,
    groups: Sequence[Floats],
    everyone: Floats,
    smallest_cell: int,
) -> Heaps:
    values, counts = np.unique(everyone, return_counts=True)
    popular = values[counts >= max(smallest_cell, _POPULAR * len(everyone))]
    # The tails have no heaps: mark them at quantiles, in two digits, which are no one's own.
    tails = [float(f"{q:.2g}") for q in np.quantile(everyone, _TAILS)]
    ends = [everyone[:smallest_cell].mean(), everyone[-smallest_cell:].mean()]
    ends = [float(f"{end:.2g}") for end in ends]
    inside = [p for p in {*popular.tolist(), *tails} if ends[0] < p < ends[1]]
    places = np.array(sorted([*ends, *inside]))

    def places_of(group: Floats) -> Floats:
        clipped = np.clip(group, *ends)
        left = np.searchsorted(places, clipped, side="right") - 1
        codes = 2 * left + (clipped != places[left])
        return np.bincount(codes, minlength=2 * len(places) - 1).astype(np.float64)

    everywhere = places_of(everyone)
    return Heaps(
        name=spec.name,
        cells=spec.cells,
        places=places.tolist(),
        units=_units(spec.units, everyone[~np.isin(everyone, places)]),
        thresholds=[
            _thresholds(places_of(g), everywhere, _LOANS_PER_GROUP * smallest_cell) for g in groups
        ],
    )


def _counts(group: Floats, kept: Floats) -> Floats:
    """Count per kept level, a level that is not kept as the nearest one below, else the first."""
    codes = np.maximum(np.searchsorted(kept, group, side="right") - 1, 0)
    return np.bincount(codes, minlength=len(kept)).astype(np.float64)


def _score(share: float) -> float:
    return round(_NORMAL.inv_cdf(min(max(share, _EDGE), 1 - _EDGE)), 3)
