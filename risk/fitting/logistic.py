"""Fit a logistic regression on all known fields, with one ridge penalty for all.

No direction constrains a weight. The lender's price and grade repeat what other features say, so a
single weight means little. Such a model ranks well and explains badly; it therefore serves as a
benchmark only (`docs/models/README.md`).
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from risk.contract.application import CONTRACT_VERSION
from risk.errors import ModelError
from risk.fitting.candidates import FEWEST_LOANS, expect_admissible_features, expect_enough
from risk.fitting.design_matrix import Column, design, table
from risk.fitting.scorecard import SCALE, unit_weights
from risk.fitting.sklearn_adapter import LIBRARIES, fit_penalised, folds
from risk.frame.frame import Frame, take
from risk.models.document import MICRO, PointScale, uses_lender_fields
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.logistic_document import LogisticFit, Tried
from risk.monitoring.performance import auc, calibration

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

INVERSE_PENALTIES: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Strengths of the penalty that are tried, the strictest first."""


def fit_logistic(
    frame: Frame,
    defaulted: Flags,
    *,
    version: str,
    data_sha256: str,
    features: Sequence[str],
    with_lender_fields: bool = False,
    scale: PointScale = SCALE,
    weights: Floats | None = None,
) -> Logistic:
    """Fit a logistic regression on loans whose outcome is known.

    The strength of the penalty, and the calibration line, come from log-odds that each loan got
    from columns and weights made without it (five folds, stratified).

    Parameters
    ----------
    features
        Those that may enter; one that fewer than 50 loans have, or all alike, does not.
        The other parameters are those of `risk.fitting.scorecard.fit_scorecard`.

    Raises
    ------
    ModelError
        A feature is not in the catalogue, or is set by the lender where that is not allowed; there
        are too few loans; no feature tells defaults from others; the weights do not converge.
    """
    expect_admissible_features(features, with_lender_fields=with_lender_fields)
    expect_enough(version, defaulted)
    columns = model_columns(frame)
    each = unit_weights(weights, len(defaulted))
    made = design(columns, features, each, fewest=FEWEST_LOANS)
    if not made:
        raise ModelError(f"{version}: no candidate feature tells defaults from other loans")
    tried, best, line = _tune(columns, defaulted, each, tuple(made))
    if line[1] <= 0.0:
        raise ModelError(f"{version}: no candidate feature tells defaults from other loans")
    chosen = INVERSE_PENALTIES[best]
    intercept, flat = fit_penalised(table(columns, made), defaulted, each, inverse_penalty=chosen)
    by_feature = dict(zip(made, _split(line[1] * flat, made), strict=True))
    base = line[0] + line[1] * intercept
    base += sum(column.offset(by_feature[name]) for name, column in made.items())
    months = frame["applied_on"].astype("datetime64[M]")
    return Logistic(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=tuple(made),
        uses_lender_fields=uses_lender_fields(made),
        scale=scale,
        base=round(base * MICRO),
        effects=tuple(
            column.effect(by_feature[name], columns[name], defaulted)
            for name, column in made.items()
        ),
        fit=LogisticFit(
            data_sha256=data_sha256,
            loans=len(defaulted),
            defaults=int(defaulted.sum()),
            first_month=str(months.min()),
            last_month=str(months.max()),
            calibration_intercept=round(line[0], 4),
            calibration_slope=round(line[1], 4),
            left_out=tuple(feature for feature in features if feature not in made),
            libraries=LIBRARIES,
            inverse_penalty=chosen,
            tried=tried,
        ),
    )


def _tune(
    columns: Frame, defaulted: Flags, weights: Floats, features: Sequence[str]
) -> tuple[tuple[Tried, ...], int, tuple[float, float]]:
    """Return how each strength does on loans not seen, the place of the best, its line there."""
    log_odds = np.empty((len(INVERSE_PENALTIES), len(defaulted)))
    for seen, unseen in folds(defaulted):
        inside, apart = take(columns, seen), take(columns, unseen)
        made = design(inside, features, weights[seen], fewest=FEWEST_LOANS)
        fitted_on, judged_on = table(inside, made), table(apart, made)
        for place, inverse_penalty in enumerate(INVERSE_PENALTIES):
            intercept, flat = fit_penalised(
                fitted_on, defaulted[seen], weights[seen], inverse_penalty=inverse_penalty
            )
            log_odds[place, unseen] = intercept + judged_on @ flat
    losses = (np.logaddexp(0.0, log_odds) - defaulted * log_odds) @ weights / len(weights)
    tried = tuple(
        Tried(
            inverse_penalty=inverse_penalty,
            auc=round(auc(expit(one), defaulted, weights=weights).value, 4),
            log_loss=round(float(loss), 5),
        )
        for inverse_penalty, one, loss in zip(INVERSE_PENALTIES, log_odds, losses, strict=True)
    )
    best = int(losses.argmin())
    line = calibration(expit(log_odds[best]), defaulted, weights=weights)
    return tried, best, (line.intercept, line.slope)


def _split(flat: Floats, made: dict[str, Column]) -> list[Floats]:
    ends = np.cumsum([column.width for column in made.values()])
    return np.split(flat, ends[:-1])
