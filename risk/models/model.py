"""PD models behind one interface: a document says its kind, and any kind scores a frame."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from risk.errors import ModelError
from risk.frame.frame import Frame
from risk.models import boosting, logistic, scorecard
from risk.models.boosting import Boosting
from risk.models.inputs import Scores, scored
from risk.models.logistic import Logistic
from risk.models.scorecard import Scorecard

__all__ = ["Model", "parse_model", "score", "score_columns", "to_json"]

Model: TypeAlias = Scorecard | Boosting | Logistic
"""A frozen value with `version`, `sha256`, `features`, `uses_lender_fields`, `contract_version`."""


class _Kind(msgspec.Struct):
    kind: str = "scorecard"


def parse_model(document: bytes) -> Model:
    """Read a model's document of any kind.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        kind = msgspec.json.decode(document, type=_Kind).kind
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.model.to_json writes"
        ) from exc
    match kind:
        case "scorecard":
            return scorecard.from_json(document)
        case "boosting":
            return boosting.from_json(document)
        case "logistic":
            return logistic.from_json(document)
    raise ModelError(
        f"model document: expected kind scorecard, boosting or logistic, found {kind[:40]!r}; "
        "load it with the release that wrote it"
    )


def to_json(model: Model) -> bytes:
    """Return the model's document: the same model always gives the same bytes."""
    if isinstance(model, Scorecard):
        return scorecard.to_json(model)
    if isinstance(model, Boosting):
        return boosting.to_json(model)
    return logistic.to_json(model)


def score(model: Model, frame: Frame) -> Scores:
    """Return PD (0 to 1) and points (higher is safer) of every row.

    A row's result depends on that row and the model alone, to the last bit.

    Raises
    ------
    ContractError
        The frame lacks a column that the model looks at.
    """
    return scored(score_columns, model, frame)


def score_columns(model: Model, columns: Frame) -> Scores:
    """Return the same of a frame's `model_columns`, which several models can share."""
    if isinstance(model, Scorecard):
        return scorecard.score_columns(model, columns)
    if isinstance(model, Boosting):
        return boosting.score_columns(model, columns)
    return logistic.score_columns(model, columns)
