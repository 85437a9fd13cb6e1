"""Compute a dossier's figures: how the model performs on the months that were kept apart.

Only aggregates are given; groups of fewer than fifty loans are pooled.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.frame.frame import Frame
from risk.models.document import FeaturePart
from risk.models.inputs import model_columns
from risk.models.model import Model, score
from risk.monitoring import drift, performance
from risk.monitoring.bootstrap import bootstrap
from risk.monitoring.performance import Calibration, Estimate, LiftBand

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

WATCHED_SHARE: Final = 0.062
"""The share of applications that the reference policy puts on its watchlist."""

FEWEST_IN_A_GROUP: Final = 50
_GROUPED_BY: Final = ("state", "home_ownership")
_MONTHS_A_QUARTER: Final = 3


@dataclass(frozen=True, slots=True)
class Watched:
    """Loans with their outcome: those a model was fitted on, or those kept apart."""

    frame: Frame
    defaulted: Flags
    weights: Floats | None

    @property
    def months(self) -> NDArray[np.datetime64]:
        """Issue month of each."""
        return self.frame["applied_on"].astype("datetime64[M]")

    def mean(self, values: NDArray[Any], rows: Flags) -> float:
        """Return the weighted mean over the rows of a mask."""
        weights = None if self.weights is None else self.weights[rows]
        return float(np.average(values[rows], weights=weights))


@dataclass(frozen=True, slots=True)
class Figures:
    """How one model did on the months kept apart."""

    loans: int
    defaults: int
    calibration: Calibration
    ks_separation: float
    estimates: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class VintageFigures:
    """Loans issued in one quarter."""

    first_month: str
    last_month: str
    loans: int
    default_rate: float
    mean_pd: float
    auc: float | None


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """PSI of the score or of one feature, and what chance alone would reach."""

    name: str
    psi: float
    noise: float


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """How the loans of one group of applicants are treated."""

    group: str
    loans: int
    share_watched: float
    mean_pd: float
    default_rate: float


@dataclass(frozen=True, slots=True)
class ModelEvidence:
    """All figures of one model on the months that were kept apart.

    Attributes
    ----------
    shifts
        From the loans of the fit to those kept apart, the score first.
    watch_line
        The PD above which the worst `WATCHED_SHARE` of the loans of the fit lie.
    treatment
        By group, for each trait.
    """

    bands: Sequence[LiftBand]
    vintages: Sequence[VintageFigures]
    shifts: Sequence[ShiftFigures]
    watch_line: float
    treatment: Mapping[str, Sequence[GroupFigures]]


def figures(pd: Floats, watched: Watched) -> Figures:
    """Return a model's figures, with intervals, on the months kept apart."""
    defaulted, weights = watched.defaulted, watched.weights
    line = performance.calibration(pd, defaulted, weights=weights)
    return Figures(
        loans=len(defaulted),
        defaults=int(defaulted.sum()),
        calibration=line,
        ks_separation=performance.ks_separation(pd, defaulted, weights=weights),
        estimates={
            "AUC": performance.auc(pd, defaulted, weights=weights),
            "Gini": performance.gini(pd, defaulted, weights=weights),
            "calibration in the large": line.in_the_large,
            **bootstrap(
                {
                    "Brier": performance.brier,
                    "calibration slope": _slope,
                    f"lift in the worst {WATCHED_SHARE:.1%}": partial(
                        performance.lift, share=WATCHED_SHARE
                    ),
                },
                pd,
                defaulted,
                weights=weights,
            ),
        },
    )


def gather(model: Model, fitted_on: Watched, kept_apart: Watched) -> ModelEvidence:
    """Return a model's figures on the months that were kept apart."""
    fitted_pd, fitted_points = score(model, fitted_on.frame)
    pd, points = score(model, kept_apart.frame)
    watch_line = float(np.quantile(fitted_pd, 1.0 - WATCHED_SHARE, method="inverted_cdf"))
    edges = drift.reference_edges(fitted_points)
    counts = [drift.bin_counts(values, edges) for values in (fitted_points, points)]
    columns = [model_columns(loans.frame) for loans in (fitted_on, kept_apart)]
    return ModelEvidence(
        bands=performance.gains(pd, kept_apart.defaulted, weights=kept_apart.weights),
        vintages=_vintages(pd, kept_apart),
        shifts=[
            _shift("score", *counts),
            *(_shift(part.feature, *_counts(part, *columns)) for part in model.parts),
        ],
        watch_line=watch_line,
        treatment={trait: _treatment(trait, pd, watch_line, kept_apart) for trait in _GROUPED_BY},
    )


def _slope(pd: Floats, defaulted: Flags, *, weights: Floats | None = None) -> float:
    return performance.calibration(pd, defaulted, weights=weights).slope


def _vintages(pd: Floats, watched: Watched) -> list[VintageFigures]:
    months = watched.months
    quarters = months.astype(np.int64) // _MONTHS_A_QUARTER
    found = []
    for quarter in np.unique(quarters):
        rows = quarters == quarter
        defaulted = watched.defaulted[rows]
        weights = None if watched.weights is None else watched.weights[rows]
        has_both = 0 < defaulted.sum() < len(defaulted)
        found.append(
            VintageFigures(
                first_month=str(months[rows].min()),
                last_month=str(months[rows].max()),
                loans=int(rows.sum()),
                default_rate=watched.mean(watched.defaulted, rows),
                mean_pd=watched.mean(pd, rows),
                auc=performance.auc(pd[rows], defaulted, weights=weights).value
                if has_both
                else None,
            )
        )
    return found


def _counts(part: FeaturePart, fitted_on: Frame, kept_apart: Frame) -> list[NDArray[np.int64]]:
    """Count the loans of either per bin: the model's own, or tenths of the loans of the fit."""
    columns = [loans[part.feature] for loans in (fitted_on, kept_apart)]
    if part.texts is not None:
        texts = [text for group in part.texts for text in group]
        return [drift.category_counts(column.tolist(), texts) for column in columns]
    limits = part.limits
    if limits is None:
        limits = drift.reference_edges(columns[0]).tolist()
    return [drift.bin_counts(column, limits) for column in columns]


def _shift(name: str, fitted_on: NDArray[np.int64], kept_apart: NDArray[np.int64]) -> ShiftFigures:
    used = int(((fitted_on > 0) | (kept_apart > 0)).sum())
    noise = drift.psi_noise_floor(used, int(fitted_on.sum()), int(kept_apart.sum()))
    return ShiftFigures(name, drift.psi(fitted_on, kept_apart), noise)


def _treatment(trait: str, pd: Floats, watch_line: float, watched: Watched) -> list[GroupFigures]:
    texts = np.array([text or "missing" for text in watched.frame[trait].tolist()])
    names, counts = np.unique(texts, return_counts=True)
    small = names[counts < FEWEST_IN_A_GROUP]
    groups = [(str(name), texts == name) for name in names if name not in small]
    if len(small):
        groups.append((f"{len(small)} smaller groups", np.isin(texts, small)))
    return [
        GroupFigures(
            group=name,
            loans=int(rows.sum()),
            share_watched=watched.mean(pd > watch_line, rows),
            mean_pd=watched.mean(pd, rows),
            default_rate=watched.mean(watched.defaulted, rows),
        )
        for name, rows in groups
    ]
