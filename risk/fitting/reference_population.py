"""Make a fitted model's reference: the scored population of its fit, as counts per bin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from risk.contract.columns import DECISION_COLUMNS
from risk.features.catalogue import CATALOGUE
from risk.frame.frame import Frame, row_count
from risk.models.inputs import model_columns
from risk.models.model import Model, score
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Groups, Steps
from risk.monitoring.drift import bin_counts, category_counts, reference_edges
from risk.monitoring.reference import Numbers, Reference, ReferenceTexts

WATCHED_TEXTS = ("purpose", "home_ownership", "state")
_SCORES = ("points", "pd")
# Ratios whose parts are stored with every decision.
_RATIOS = ("amount_to_income", "open_share")

WATCHED_NUMBERS: tuple[str, ...] = (
    *(c.name for c in DECISION_COLUMNS if c.kind == "float" and c.name in CATALOGUE),
    *_RATIOS,
)
"""Numeric features that can be made from what a stored decision holds."""

_PD_GRID = np.arange(1, 60) / 100.0


def describe(model: Model, frame: Frame) -> Reference:
    """Return the reference of a model over the loans it was fitted on.

    Parameters
    ----------
    frame
        Clean columns of the contract, one row a loan; each counts once.
    """
    columns = model_columns(frame)
    pd, points = score(model, frame)
    months = frame["applied_on"].astype("datetime64[M]")
    return Reference(
        model_version=model.version,
        model_sha256=model.sha256,
        first_month=str(months.min()),
        last_month=str(months.max()),
        loans=row_count(frame),
        mean_points=float(points.mean()),
        mean_pd=float(pd.mean()),
        pd_spread=float((pd * (1.0 - pd)).mean()),
        points_to_double_odds=model.scale.pdo,
        features=(
            _numbers("points", points, model),
            _numbers("pd", pd, model, more_edges=_PD_GRID),
            *(_numbers(name, columns[name], model) for name in WATCHED_NUMBERS),
            *(_texts(name, columns[name].tolist(), model) for name in WATCHED_TEXTS),
        ),
    )


def _numbers(
    name: str,
    values: NDArray[np.float64],
    model: Model,
    *,
    more_edges: NDArray[np.float64] | None = None,
) -> Numbers:
    deciles = reference_edges(values) if not np.isnan(values).all() else np.zeros(0)
    characteristic = _characteristic(name, model)
    steps = characteristic.steps if isinstance(characteristic, Steps) else ()
    own = [step.upto for step in steps if step.upto is not None]
    edges = np.unique(np.concatenate([deciles, own, [] if more_edges is None else more_edges]))
    points: tuple[int, ...] = ()
    if isinstance(characteristic, Steps):
        place = np.searchsorted(np.array(own), np.append(edges, np.inf), side="left")
        points = (*(steps[each].points for each in place.tolist()), characteristic.missing.points)
    return Numbers(
        feature=name,
        edges=tuple(edges.tolist()),
        deciles=tuple(deciles.tolist()),
        counts=tuple(bin_counts(values, edges).tolist()),
        points=points,
    )


def _texts(name: str, values: Sequence[str | None], model: Model) -> ReferenceTexts:
    known = tuple(sorted({value for value in values if value is not None}))
    characteristic = _characteristic(name, model)
    points: tuple[int, ...] = ()
    if isinstance(characteristic, Groups):
        of_value = {value: g.points for g in characteristic.groups for value in g.values}
        unseen = characteristic.unseen.points
        points = (
            *(of_value.get(value, unseen) for value in known),
            unseen,
            characteristic.missing.points,
        )
        # What the model names counts as a bin of its own even where the population lacks it.
        others = tuple(sorted(set(of_value) - set(known)))
        known, points = (
            (*known, *others),
            (*points[: len(known)], *(of_value[each] for each in others), *points[len(known) :]),
        )
    return ReferenceTexts(
        feature=name,
        values=known,
        counts=tuple(category_counts(values, known).tolist()),
        points=points,
    )


def _characteristic(name: str, model: Model) -> Steps | Groups | None:
    if not isinstance(model, Scorecard):
        return None
    found = [each for each in model.characteristics if each.feature == name]
    return found[0] if found else None
