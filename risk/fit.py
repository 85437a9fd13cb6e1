"""Frames to models: the scorecard, and the reference's logistic regression to hold beside it.

Where the classic scorecard scales each feature's weights of evidence by one number, this one fits
all bins together (`risk.additive`), so that a bin says only what other features have not said.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from risk.additive import MAX_ITERATIONS, Weights, fit_weights
from risk.binning import Candidate, Coder, Evidence, StepCoder, evidence
from risk.contract import CONTRACT_VERSION
from risk.errors import ModelError
from risk.features import CATALOGUE
from risk.frame import Frame, take
from risk.performance import calibration
from risk.scorecard import model_columns
from risk.scorecard_document import (
    Bin,
    Characteristic,
    Fit,
    Group,
    Groups,
    Scale,
    Scorecard,
    Step,
    Steps,
)

__all__ = [
    "CANDIDATES",
    "REFERENCE_FEATURES",
    "SCALE",
    "SMALLEST_SPREAD",
    "fit_reference",
    "fit_scorecard",
]

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

SCALE = Scale(pdo=40.0, anchor_points=600.0, anchor_odds=10.0)

CANDIDATES: tuple[Candidate, ...] = (
    Candidate("fico", "falls", (*np.arange(624.5, 760.0, 5.0), 764.5, 774.5, 784.5, 799.5)),
    Candidate("inquiries_6m", "rises", (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)),
    Candidate(
        "income_usd",
        "falls",
        (*np.arange(15e3, 61e3, 5e3), 70e3, 80e3, 90e3, 100e3, 125e3, 150e3),
    ),
    Candidate("amount_to_income", "rises", tuple(np.arange(1.0, 24.0) / 40.0)),
    Candidate("utilisation_pct", "rises", tuple(np.arange(5.0, 100.0, 5.0))),
    Candidate("public_records", "rises", (0.0, 1.0)),
    Candidate("employment_years", "falls", tuple(np.arange(0.0, 10.0))),
    Candidate("term_months", "rises", (36.0,)),
    Candidate("dti_pct", "rises", tuple(np.arange(2.5, 40.0, 2.5))),
    Candidate("delinquencies_2y", "rises", (0.0, 1.0)),
    Candidate("credit_age_years", "falls", (4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0)),
    Candidate("purpose"),
)

SMALLEST_SPREAD = 5.0
"""A feature whose bins lie within fewer points than this is left out."""

SMALLEST_SHARE = 0.005
FEWEST_LOANS = 50
FOLDS = 5

REFERENCE_FEATURES = (
    "dti_pct",
    "utilisation_pct",
    "rate_pct",
    "delinquencies_2y",
    "inquiries_6m",
    "amount_usd",
    "credit_age_years",
)
"""What the reference system's own model looks at; the rate is the lender's price."""


def fit_scorecard(
    frame: Frame,
    defaulted: Flags,
    *,
    version: str,
    data_sha256: str,
    candidates: Sequence[Candidate] = CANDIDATES,
    scale: Scale = SCALE,
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
    scale
        What points are to mean.

    Raises
    ------
    ModelError
        A candidate is not in the catalogue, is set by the lender, or is of the other kind; there
        are too few loans; no candidate tells defaults from others; the weights do not converge.
    """
    _expect_admissible(candidates)
    if min(defaulted.sum(), (~defaulted).sum()) < FEWEST_LOANS:
        raise ModelError(
            f"{version}: expected {FEWEST_LOANS} defaults and as many others, found "
            f"{defaulted.sum()} among {len(defaulted)} loans; fit on a longer period"
        )
    columns = model_columns(frame)
    points_a_unit = scale.points(1.0) - scale.points(0.0)
    telling = [
        candidate
        for candidate, weights in zip(
            candidates, _fit(columns, defaulted, candidates).weights, strict=True
        )
        if points_a_unit * np.ptp(weights) >= SMALLEST_SPREAD
    ]
    if not telling:
        raise ModelError(f"{version}: no candidate feature tells defaults from other loans")
    line = _calibrate(columns, defaulted, telling)
    fitted = _fit(columns, defaulted, telling)
    intercept = line[0] + line[1] * fitted.intercept
    characteristics = tuple(
        _characteristic(coder, -points_a_unit * line[1] * weights, columns, defaulted)
        for coder, weights in zip(fitted.coders, fitted.weights, strict=True)
    )
    months = frame["applied_on"].astype("datetime64[M]")
    return Scorecard(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=tuple(candidate.feature for candidate in telling),
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
            libraries=tuple(
                (library.__name__, library.__version__) for library in (np, scipy, sklearn)
            ),
        ),
    )


def fit_reference(frame: Frame, defaulted: Flags) -> Callable[[Frame], Floats]:
    """Fit the reference's logistic regression on its seven features; return frame -> PD."""
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=MAX_ITERATIONS),
    )

    def table(loans: Frame) -> Floats:
        return np.column_stack([loans[feature] for feature in REFERENCE_FEATURES])

    pipeline.fit(table(frame), defaulted)

    def predict(loans: Frame) -> Floats:
        pd: Floats = pipeline.predict_proba(table(loans))[:, 1]
        return pd

    return predict


def _fit(columns: Frame, defaulted: Flags, candidates: Sequence[Candidate]) -> Weights:
    fewest = max(FEWEST_LOANS, math.ceil(SMALLEST_SHARE * len(defaulted)))
    return fit_weights(columns, defaulted, candidates, fewest=fewest)


def _calibrate(
    columns: Frame, defaulted: Flags, candidates: Sequence[Candidate]
) -> tuple[float, float]:
    log_odds = np.empty(len(defaulted))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(log_odds, defaulted):
        fitted = _fit(take(columns, seen), defaulted[seen], candidates)
        log_odds[unseen] = fitted.log_odds(take(columns, unseen))
    line = calibration(expit(log_odds), defaulted)
    return line.intercept, line.slope


def _characteristic(
    coder: Coder, exact_points: Floats, columns: Frame, defaulted: Flags
) -> Characteristic:
    codes = coder.codes(columns[coder.candidate.feature])
    points = np.rint(exact_points).astype(int).tolist()
    if isinstance(coder, StepCoder):
        return _steps(coder, points, codes, defaulted)
    *groups, unseen, missing = map(_bin, points, evidence(codes, defaulted, len(points)))
    return Groups(
        feature=coder.candidate.feature,
        groups=tuple(
            Group(**_fields(group), values=(value,))
            for group, value in zip(groups, coder.values, strict=True)
        ),
        unseen=unseen,
        missing=missing,
    )


def _steps(
    coder: StepCoder, points: list[int], codes: NDArray[np.int64], defaulted: Flags
) -> Steps:
    # Neighbours of equal points become one step; the last bin is that of the missing.
    is_new = np.array([True, *(a != b for a, b in pairwise(points[:-1])), True])
    merged = np.cumsum(is_new) - 1
    shown = evidence(merged[codes], defaulted, int(merged[-1]) + 1)
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


def _bin(points: int, shown: Evidence) -> Bin:
    return Bin(points=points, woe=shown.woe, loans=shown.loans, defaults=shown.defaults)


def _fields(bin_: Bin) -> dict[str, Any]:
    return {name: getattr(bin_, name) for name in Bin.__struct_fields__}


def _expect_admissible(candidates: Sequence[Candidate]) -> None:
    for candidate in candidates:
        feature = CATALOGUE.get(candidate.feature)
        kind = "text" if candidate.direction is None else "float"
        if feature is None or feature.kind != kind or feature.origin == "lender":
            raise ModelError(
                f"candidate {candidate.feature}: expected a {kind} feature of the catalogue that "
                "applicant or bureau gives, found none; leave it out"
            )
