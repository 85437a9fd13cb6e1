"""Fit a boosting model: bags of trees and a smooth regression, folded into tables.

Each bag is an ensemble of trees on another part of the loans; each split chooses among a few
features. The mean of several bags is more stable over time than one ensemble (Breiman, "Bagging
predictors", *Machine Learning* 24, 1996). The log-odds are the mean of the bags' and of the
scorecard's regression (`risk.fitting.monotone_regression`), because the two make different errors
(Wolpert, "Stacked generalization", *Neural Networks* 5, 1992). Both fold into the same tables, so
scoring costs no more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.fitting.binning import Candidate, Coder, GroupCoder, evidence, prepare
from risk.fitting.boosting_tables import fold_bags, tables
from risk.fitting.candidates import (
    BOOSTING_CANDIDATES,
    FEWEST_LOANS,
    expect_admissible,
    expect_enough,
)
from risk.fitting.monotone_regression import Weights, fit_weights
from risk.fitting.scorecard import SCALE, SMALLEST_SHARE, unit_weights
from risk.fitting.sklearn_adapter import LIBRARIES, Bag, Growth, folds, grow
from risk.frame.frame import Frame, take
from risk.models.boosting import Boosting
from risk.models.boosting_document import BoostingFit
from risk.models.document import MICRO, PointScale, uses_lender_fields
from risk.models.inputs import model_columns
from risk.monitoring.performance import calibration

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int64]

ROUNDS: Final = tuple(range(50, 401, 50))
"""Numbers of trees that are tried."""

_BAGS: Final = 8
_SHARE_OF_LOANS: Final = 0.6
_HALF: Final = 0.5
_SEED: Final = 1_000
_LEARNING_RATE: Final = 0.06
_SMALLEST_LEAF: Final = 50
_RIDGE: Final = 10.0
_SHARE_OF_FEATURES: Final = 0.15


@dataclass(frozen=True, slots=True)
class _Loans:
    """Loans as trees see them; `codes` has a row a feature."""

    codes: Codes
    defaulted: Flags
    weights: Floats


def fit_boosting(
    frame: Frame,
    defaulted: Flags,
    *,
    version: str,
    data_sha256: str,
    candidates: Sequence[Candidate] = BOOSTING_CANDIDATES,
    with_lender_fields: bool = False,
    scale: PointScale = SCALE,
    weights: Floats | None = None,
) -> Boosting:
    """Fit monotone boosting on loans whose outcome is known.

    How many trees there are, and the calibration line, come from log-odds that each loan got from
    bins and trees made without it (five folds, stratified).

    Parameters
    ----------
    candidates
        The features. The other parameters are those of
        `risk.fitting.scorecard.fit_scorecard`.

    Raises
    ------
    ModelError
        A candidate is not in the catalogue, is set by the lender where that is not allowed, or is
        of the other kind; there are too few loans; the trees tell nothing.
    """
    expect_admissible(candidates, with_lender_fields=with_lender_fields)
    expect_enough(version, defaulted)
    columns = model_columns(frame)
    each = unit_weights(weights, len(defaulted))
    rounds, line = _tune(columns, defaulted, each, candidates)
    coders = _coders(columns, defaulted, candidates)
    loans = _loans(columns, defaulted, each, coders)
    bags = _grow(loans, coders, rounds)
    smooth = _smooth(columns, defaulted, each, candidates)
    factor = _HALF * line[1] * MICRO
    folded = fold_bags(bags, rounds, [coder.known + coder.neutral for coder in coders], factor)
    for place, coder in enumerate(coders):
        folded.alone[place] += np.rint(factor * _weights_of(smooth, place, coder))
    base = line[0] * MICRO + factor * (smooth.intercept + np.mean([bag.base for bag in bags]))
    codings, pairs = tables(folded, coders, loans.codes, defaulted)
    if line[1] <= 0.0 or not codings:
        raise ModelError(f"{version}: no candidate feature tells defaults from other loans")
    months = frame["applied_on"].astype("datetime64[M]")
    features = tuple(coding.feature for coding in codings)
    return Boosting(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=features,
        uses_lender_fields=uses_lender_fields(features),
        scale=scale,
        base=round(base),
        codings=codings,
        pairs=pairs,
        fit=BoostingFit(
            data_sha256=data_sha256,
            loans=len(defaulted),
            defaults=int(defaulted.sum()),
            first_month=str(months.min()),
            last_month=str(months.max()),
            calibration_intercept=round(line[0], 4),
            calibration_slope=round(line[1], 4),
            left_out=tuple(c.feature for c in candidates if c.feature not in features),
            libraries=LIBRARIES,
            rounds=rounds,
            bags=_BAGS,
            learning_rate=_LEARNING_RATE,
            seed=_SEED,
        ),
    )


def _tune(
    columns: Frame, defaulted: Flags, weights: Floats, candidates: Sequence[Candidate]
) -> tuple[int, tuple[float, float]]:
    """Return the number of trees with the least loss on loans not seen, and the line there."""
    log_odds = np.empty((len(ROUNDS), len(defaulted)))
    for seen, unseen in folds(defaulted):
        inside = take(columns, seen)
        coders = _coders(inside, defaulted[seen], candidates)
        loans = _loans(inside, defaulted[seen], weights[seen], coders)
        apart = _loans(take(columns, unseen), defaulted[unseen], weights[unseen], coders)
        staged = [
            bag.log_odds_by_rounds(apart.codes, ROUNDS) for bag in _grow(loans, coders, max(ROUNDS))
        ]
        smooth = _smooth(inside, defaulted[seen], weights[seen], candidates)
        log_odds[:, unseen] = _HALF * np.mean(staged, axis=0)
        log_odds[:, unseen] += _HALF * smooth.log_odds(take(columns, unseen))
    losses = (np.logaddexp(0.0, log_odds) - defaulted * log_odds) @ weights
    best = int(losses.argmin())
    line = calibration(expit(log_odds[best]), defaulted, weights=weights)
    return ROUNDS[best], (line.intercept, line.slope)


def _grow(loans: _Loans, coders: Sequence[Coder], rounds: int) -> list[Bag]:
    growth = Growth(
        known=tuple(coder.known for coder in coders),
        neutral=tuple(coder.neutral for coder in coders),
        directions=tuple(coder.candidate.direction for coder in coders),
        rounds=rounds,
        learning_rate=_LEARNING_RATE,
        smallest_leaf=_SMALLEST_LEAF,
        ridge=_RIDGE,
        share_of_features=_SHARE_OF_FEATURES,
        seed=_SEED,
    )
    generator = np.random.default_rng(_SEED)
    count = len(loans.defaulted)
    bags = []
    for number in range(_BAGS):
        rows = np.sort(generator.permutation(count)[: int(_SHARE_OF_LOANS * count)])
        bags.append(
            grow(
                loans.codes[:, rows],
                loans.defaulted[rows],
                loans.weights[rows],
                replace(growth, seed=_SEED + number),
            )
        )
    return bags


def _coders(columns: Frame, defaulted: Flags, candidates: Sequence[Candidate]) -> list[Coder]:
    fewest = _fewest(defaulted)
    coders = []
    for candidate in candidates:
        column = columns[candidate.feature]
        coder = prepare(candidate, column, fewest=fewest)
        if isinstance(coder, GroupCoder):
            # Texts in the order of their evidence, so that a split separates worse from better.
            shown = evidence(coder.codes(column), defaulted, coder.known + coder.neutral)
            order = sorted(range(coder.known), key=lambda code: (-shown[code].woe, code))
            coder = replace(coder, values=tuple(coder.values[code] for code in order))
        coders.append(coder)
    return coders


def _loans(columns: Frame, defaulted: Flags, weights: Floats, coders: Sequence[Coder]) -> _Loans:
    codes = np.stack([coder.codes(columns[coder.candidate.feature]) for coder in coders])
    return _Loans(codes, defaulted, weights)


def _smooth(
    columns: Frame, defaulted: Flags, weights: Floats, candidates: Sequence[Candidate]
) -> Weights:
    return fit_weights(columns, defaulted, candidates, fewest=_fewest(defaulted), weights=weights)


def _weights_of(smooth: Weights, place: int, coder: Coder) -> Floats:
    """Return the regression's weights in the order of the trees' bins."""
    weights = smooth.weights[place]
    own = smooth.coders[place]
    if isinstance(coder, GroupCoder) and isinstance(own, GroupCoder):
        order = [own.values.index(value) for value in coder.values]
        return np.append(weights[order], weights[own.known :])
    return weights


def _fewest(defaulted: Flags) -> int:
    return max(FEWEST_LOANS, math.ceil(SMALLEST_SHARE * len(defaulted)))
