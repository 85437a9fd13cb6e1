"""Score applications by the challengers: stored beside the decision, without effect on it."""

import json
import math
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from risk.frame.frame import Frame, constant, row_count, text_column
from risk.models.model import Model


def shadow_pds(challengers: Sequence[Model], columns: Frame) -> NDArray[Any]:
    """Return each row's PD from each challenger, as a JSON object by version.

    Parameters
    ----------
    challengers
        Models of different versions; without any, every row is None.
    columns
        The frame's `model_columns`.

    Returns
    -------
    ndarray of str | None
        A PD is null where the challenger failed or gave none from 0 to 1: whatever a challenger
        does, the decision stands.
    """
    count = row_count(columns)
    if not challengers:
        return constant(None, count)
    named = [_texts(challenger, columns, count) for challenger in challengers]
    return text_column(["{" + ",".join(said) + "}" for said in zip(*named, strict=True)], count)


def _texts(challenger: Model, columns: Frame, count: int) -> list[str]:
    name = json.dumps(challenger.version)
    try:
        probabilities, _ = challenger.score_columns(columns)
    except Exception:  # noqa: BLE001  (a challenger must not harm a decision)
        return [f"{name}:null"] * count
    return [
        f"{name}:{pd!r}" if math.isfinite(pd) and 0.0 <= pd <= 1.0 else f"{name}:null"
        for pd in probabilities.tolist()
    ]
