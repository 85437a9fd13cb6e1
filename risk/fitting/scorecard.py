"""Fit a scorecard.

A classic scorecard scales the weights of evidence of each feature by one number. This one fits all
bins together (`risk.fitting.monotone_regression`), so a bin adds only what other features do not
already say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.fitting.binning import BinEvidence, Candidate, Coder, StepCoder, evidence
from risk.fitting.candidates import CANDIDATES, FEWEST_LOANS, expect_admissible, expect_enough
from risk.fitting.monotone_regression import Weights, fit_weights
from risk.fitting.sklearn_adapter import LIBRARIES, folds
from risk.frame.frame import Frame, take
from risk.models.document import Fit, PointScale, uses_lender_fields
from risk.models.inputs import model_columns
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Bin, Characteristic, Groups, Step, Steps, TextGroup
from risk.monitoring.performance import calibration

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

SCALE = PointScale(pdo=40.0, anchor_points=600.0, anchor_odds=10.0)

SMALLEST_SPREAD = 5.0
"""A feature whose bins lie within fewer points than this is left out."""

SMALLEST_SHARE = 0.005
"""A bin of known values holds at least this share of the loans."""


def fit_scorecard(
    frame: Frame,
    defaulted: Flags,
    *,
    version: str,
    data_sha256: str,
    candidates: Sequence[Candidate] = CANDIDATES,
    with_lender_fields: bool = False,
    scale: PointScale = SCALE,
    weights: Floats | None = None,
) -> Scorecard:
    """Fit the scorecard on loans whose outcome is known.

    Calibration is fitted on log-odds that each loan got from bins and weights fitted without it
    (five folds, stratified), and goes into the points.

    Parameters
    ----------
    frame
        Clean columns of the contract, one row a loan.
    defaulted
        Whether the loan defaulted.
    version, data_sha256
        Name of the model, and checksum of the data it comes from, for its document.
    candidates
        Features that may enter.
    with_lender_fields
        Whether what the lender sets may; the document then says that it does.
    scale
        What points are to mean.
    weights
        How many loans of the population each loan stands for; without, one.

    Raises
    ------
    ModelError
        A candidate is not in the catalogue, is set by the lender where that is not allowed, or is
        of the other kind; there are too few loans; no candidate tells defaults from others; the
        weights do not converge.
    """
    expect_admissible(candidates, with_lender_fields=with_lender_fields)
    expect_enough(version, defaulted)
    columns = model_columns(frame)
    loans = _Loans(columns, defaulted, unit_weights(weights, len(defaulted)))
    points_a_unit = scale.points_a_log_odds
    telling = [
        candidate
        for candidate, weights in zip(candidates, _fit(loans, candidates).weights, strict=True)
        if points_a_unit * np.ptp(weights) >= SMALLEST_SPREAD
    ]
    if not telling:
        raise ModelError(f"{version}: no candidate feature tells defaults from other loans")
    line = _calibrate(loans, telling)
    fitted = _fit(loans, telling)
    intercept = line[0] + line[1] * fitted.intercept
    characteristics = tuple(
        _characteristic(coder, -points_a_unit * line[1] * by_bin, loans)
        for coder, by_bin in zip(fitted.coders, fitted.weights, strict=True)
    )
    features = tuple(candidate.feature for candidate in telling)
    months = frame["applied_on"].astype("datetime64[M]")
    return Scorecard(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=features,
        uses_lender_fields=uses_lender_fields(features),
        scale=scale,
        base_points=round(scale.points(-intercept)),
        characteristics=characteristics,
        fit=Fit(
            data_sha256=data_sha256,
            loans=len(defaulted),
            defaults=int(defaulted.sum()),
            first_month=str(months.min()),
            last_month=str(months.max()),
            calibration_intercept=round(line[0], 4),
            calibration_slope=round(line[1], 4),
            left_out=tuple(c.feature for c in candidates if c not in telling),
            libraries=LIBRARIES,
        ),
    )


def unit_weights(weights: Floats | None, count: int) -> Floats:
    """Return weights that are 1 on average.

    Raises
    ------
    ModelError
        There is not one above 0 and finite for each loan.
    """
    if weights is None:
        return np.ones(count)
    if weights.shape != (count,) or not (np.isfinite(weights) & (weights > 0.0)).all():
        raise ModelError(
            f"weights: expected {count} finite numbers above 0, found shape {weights.shape} with "
            f"{int((~(weights > 0.0) | ~np.isfinite(weights)).sum())} others; correct the column"
        )
    scaled: Floats = weights / weights.mean()
    return scaled


@dataclass(frozen=True, slots=True)
class _Loans:
    columns: Frame
    defaulted: Flags
    weights: Floats

    def take(self, rows: NDArray[np.int64]) -> _Loans:
        return _Loans(take(self.columns, rows), self.defaulted[rows], self.weights[rows])


def _fit(loans: _Loans, candidates: Sequence[Candidate]) -> Weights:
    fewest = max(FEWEST_LOANS, math.ceil(SMALLEST_SHARE * len(loans.defaulted)))
    return fit_weights(
        loans.columns, loans.defaulted, candidates, fewest=fewest, weights=loans.weights
    )


def _calibrate(loans: _Loans, candidates: Sequence[Candidate]) -> tuple[float, float]:
    log_odds = np.empty(len(loans.defaulted))
    for seen, unseen in folds(loans.defaulted):
        fitted = _fit(loans.take(seen), candidates)
        log_odds[unseen] = fitted.log_odds(loans.take(unseen).columns)
    line = calibration(expit(log_odds), loans.defaulted, weights=loans.weights)
    return line.intercept, line.slope


def _characteristic(coder: Coder, exact_points: Floats, loans: _Loans) -> Characteristic:
    codes = coder.codes(loans.columns[coder.candidate.feature])
    points = np.rint(exact_points).astype(int).tolist()
    if isinstance(coder, StepCoder):
        return _steps(coder, points, codes, loans)
    shown = evidence(codes, loans.defaulted, len(points), weights=loans.weights)
    *groups, unseen, missing = map(_bin, points, shown)
    return Groups(
        feature=coder.candidate.feature,
        groups=tuple(
            TextGroup(**_fields(group), values=(value,))
            for group, value in zip(groups, coder.values, strict=True)
        ),
        unseen=unseen,
        missing=missing,
    )


def _steps(coder: StepCoder, points: list[int], codes: NDArray[np.int64], loans: _Loans) -> Steps:
    # Neighbours of equal points become one step; the last bin is that of the missing.
    is_new = np.array([True, *(a != b for a, b in pairwise(points[:-1])), True])
    merged = np.cumsum(is_new) - 1
    shown = evidence(merged[codes], loans.defaulted, int(merged[-1]) + 1, weights=loans.weights)
    *bins, missing = map(_bin, np.array(points)[is_new].tolist(), shown)
    limits = [*coder.limits[is_new[1:-1]].tolist(), None]
    return Steps(
        feature=coder.candidate.feature,
        direction="rises" if coder.candidate.direction == "rises" else "falls",
        steps=tuple(
            Step(**_fields(step), upto=limit) for step, limit in zip(bins, limits, strict=True)
        ),
        missing=missing,
    )


def _bin(points: int, shown: BinEvidence) -> Bin:
    return Bin(points=points, woe=shown.woe, loans=shown.loans, defaults=shown.defaults)


def _fields(bin_: Bin) -> dict[str, Any]:
    return {name: getattr(bin_, name) for name in Bin.__struct_fields__}
