"""Monotone boosting at work: what an application's bins add, alone and in pairs, is summed up.

Effects are whole millionths of log-odds and their sum is exact; the PD is looked up by that sum,
to the nearest thousandth. An application scored alone and the same one among thousands get the
same bits. The document is `risk.models.boosting_document`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame, row_count
from risk.models.boosting_document import MICRO, Boosting, Intervals, from_json, to_json
from risk.models.inputs import Scores, scored
from risk.models.scorecard_document import PD_DECIMALS

__all__ = ["Boosting", "bins_of", "from_json", "log_odds", "score", "score_columns", "to_json"]

_STEP = MICRO // 1_000
_POINTS_DECIMALS = 2

Integers = NDArray[np.int64]


def score(model: Boosting, frame: Frame) -> Scores:
    """Return PD (0 to 1) and points (higher is safer) of every row.

    A row's result depends on that row and the model alone, to the last bit. Income and DTI are both
    applicants' where the application is joint and gives them.

    Raises
    ------
    ContractError
        The frame lacks a column that the model looks at.
    """
    return scored(score_columns, model, frame)


def score_columns(model: Boosting, columns: Frame) -> Scores:
    """Return the same of a frame's `model_columns`."""
    lookups = _lookups(model)
    place = (log_odds(model, bins_of(model, columns)) - lookups.lowest) // _STEP
    return lookups.pd.take(place), lookups.points.take(place)


def bins_of(model: Boosting, columns: Frame) -> Integers:
    """Return the bin of each feature, in the model's order (rows), for each application (columns).

    `columns` is `risk.models.inputs` of the frame.
    """
    lookups = _lookups(model)
    bins = np.empty((len(model.features), row_count(columns)), dtype=np.int64)
    for place, feature, edges in lookups.numbers:
        bins[place] = edges.searchsorted(columns[feature])
    for place, feature, bin_of_text, unseen in lookups.texts:
        bins[place] = [bin_of_text.get(text, unseen) for text in columns[feature].tolist()]
    return bins


def log_odds(model: Boosting, bins: Integers) -> Integers:
    """Return the millionths of log-odds of default of applications in these bins (`bins_of`)."""
    lookups = _lookups(model)
    cells = bins.take(lookups.first, axis=0)
    cells *= lookups.stride
    cells += bins.take(lookups.second, axis=0)
    cells += lookups.start
    total: Integers = lookups.effects.take(cells).sum(axis=0)
    return total + lookups.base


@dataclass(frozen=True, slots=True)
class _Lookups:
    """All tables end to end; a table of one feature is one of a pair whose stride is 0."""

    numbers: Sequence[tuple[int, str, NDArray[np.float64]]]
    texts: Sequence[tuple[int, str, Mapping[str | None, int], int]]
    first: Integers
    second: Integers
    stride: Integers
    start: Integers
    effects: Integers
    base: int
    lowest: int
    pd: NDArray[np.float64]
    points: NDArray[np.float64]


@lru_cache(maxsize=16)
def _lookups(model: Boosting) -> _Lookups:
    numbers = []
    texts = []
    for place, coding in enumerate(model.codings):
        if isinstance(coding, Intervals):
            # NaN sorts behind infinity, so the place after the last interval is the missing's.
            numbers.append((place, coding.feature, np.array([*coding.limits, math.inf])))
        else:
            bin_of_text: dict[str | None, int] = {v: bin_ for bin_, v in enumerate(coding.values)}
            unseen = len(bin_of_text)
            bin_of_text[None] = unseen + 1
            texts.append((place, coding.feature, bin_of_text, unseen))
    tables = _tables(model)
    sizes = [len(table.effects) for table in tables]
    lowest, highest = model.log_odds_range
    # From half a step below the lowest total to half a step above the highest.
    steps = np.arange((highest - lowest) // _STEP + 2)
    at_step = (lowest + steps * _STEP) / MICRO
    slope = model.scale.points(1.0) - model.scale.points(0.0)
    return _Lookups(
        numbers,
        texts,
        np.array([table.first for table in tables]),
        np.array([table.second for table in tables]),
        np.array([[table.stride] for table in tables]),
        np.cumsum([0, *sizes[:-1]])[:, None],
        np.concatenate([table.effects for table in tables]),
        model.base,
        lowest - _STEP // 2,
        np.round(1.0 / (1.0 + np.exp(-at_step)), PD_DECIMALS),
        np.round(model.scale.points(0.0) - slope * at_step, _POINTS_DECIMALS),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    first: int
    second: int
    stride: int
    effects: Integers


def _tables(model: Boosting) -> list[_Table]:
    alone = [
        _Table(place, place, 0, np.array(coding.effects, dtype=np.int64))
        for place, coding in enumerate(model.codings)
    ]
    together = []
    for pair in model.pairs:
        first, second = map(model.features.index, pair.features)
        effects = np.array(pair.effects, dtype=np.int64)
        together.append(_Table(first, second, effects.shape[1], effects.ravel()))
    return alone + together
