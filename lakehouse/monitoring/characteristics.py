"""How applications fall into the bins of a scorecard, month by month, beside its own reference."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.monitoring import bin_counts, text_counts
from lakehouse.lake.session import Lake
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Characteristic, Groups, Steps

__all__ = ["Binned", "binned"]


@dataclass(frozen=True, slots=True)
class Binned:
    """One characteristic's counts.

    Attributes
    ----------
    bins
        What each bin holds, in words; the last is what is missing.
    points
        What each bin adds to the score.
    reference
        Counts of the loans that the model was fitted on.
    periods
        Counts by the first day of each period, in the order of the bins.
    """

    feature: str
    bins: tuple[str, ...]
    points: NDArray[np.float64]
    reference: NDArray[np.int64]
    periods: Mapping[date, NDArray[np.int64]]


def binned(
    lake: Lake, model: Scorecard, filters: Filters = ALL, *, grain: Grain = Grain.MONTH
) -> list[Binned]:
    """Return every characteristic of a scorecard, in the scorecard's order."""
    return [
        Binned(
            feature=each.feature,
            bins=_names(each),
            points=np.array([each_bin.points for each_bin in each.bins], dtype=np.float64),
            reference=np.array([each_bin.loans for each_bin in each.bins], dtype=np.int64),
            periods=MappingProxyType(
                _steps(lake, each, filters, grain)
                if isinstance(each, Steps)
                else _groups(lake, each, filters, grain)
            ),
        )
        for each in model.characteristics
    ]


def _steps(
    lake: Lake, characteristic: Steps, filters: Filters, grain: Grain
) -> dict[date, NDArray[np.int64]]:
    edges = [step.upto for step in characteristic.steps if step.upto is not None]
    return {
        found.period: np.append(found.counts, found.missing)
        for found in bin_counts(lake, characteristic.feature, edges, filters, grain=grain)
    }


def _groups(
    lake: Lake, characteristic: Groups, filters: Filters, grain: Grain
) -> dict[date, NDArray[np.int64]]:
    groups = characteristic.groups
    place = {text: index for index, group in enumerate(groups) for text in group.values}
    counts: dict[date, NDArray[np.int64]] = defaultdict(
        lambda: np.zeros(len(groups) + 2, dtype=np.int64)
    )
    for row in text_counts(lake, characteristic.feature, filters, grain=grain).to_pylist():
        unseen, missing = len(groups), len(groups) + 1
        at = missing if row["value"] is None else place.get(row["value"], unseen)
        counts[row["period"]][at] += row["decisions"]
    return dict(counts)


def _names(characteristic: Characteristic) -> tuple[str, ...]:
    if isinstance(characteristic, Groups):
        texts = [", ".join(group.values).replace("_", " ") for group in characteristic.groups]
        return (*texts, "unseen", "missing")
    names, below = [], None
    for step in characteristic.steps:
        if step.upto is None:
            names.append("any" if below is None else f"above {below:g}")
        elif below is None:
            names.append(f"to {step.upto:g}")
        else:
            names.append(f"{below:g} \N{EN DASH} {step.upto:g}")
        below = step.upto
    return (*names, "missing")
