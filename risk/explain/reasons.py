"""Why a model rates an application as it does: at most four reasons, the heaviest first.

A reason is a feature on which the application falls far below the average loan of the model's fit.
The official interpretation of Regulation B names this method for credit scoring systems. It also
says that more than four reasons are unlikely to help (12 CFR 1002, Supplement I, 9(b)(2)). Raising
any one of these features to the average lowers the PD.

An adverse decision may come from the policy alone, while no feature is below average. Its reasons
are then the features furthest below their best value. The sentences of `risk.features.reason_codes`
are true in this case as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.contract.application import Tier
from risk.features.reason_codes import Codes, codes_of
from risk.features.words import WORDS, is_unknown
from risk.frame.frame import Frame, row_count, take
from risk.models.inputs import are_missing
from risk.models.model import Model

MOST_REASONS = 4

_MISSING, _UNKNOWN = map(Codes._fields.index, ("missing", "unknown"))


def are_adverse(tiers: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which decisions owe the applicant a reason: all tiers but Low."""
    return np.asarray(tiers != Tier.LOW.value)


def adverse_reasons(
    model: Model, columns: Frame, is_adverse: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Return the codes of each adverse row's reasons, joined by `|`, the weightiest first.

    Features that fall equally short come in the model's order. A row's reasons depend on that row
    and the model alone.

    Parameters
    ----------
    columns
        `model_columns` of the frame.
    is_adverse
        Which rows are to have reasons.

    Returns
    -------
    ndarray of str | None
        None where the row is not adverse; empty where nothing could be better.
    """
    reasons = np.full(len(is_adverse), None, dtype=object)
    rows = np.flatnonzero(is_adverse)
    if not len(rows):
        return reasons
    looked_at = {feature: columns[feature][rows] for feature in model.features}
    falls_short = model.shortfalls(looked_at)
    unexplained = np.flatnonzero(falls_short.max(axis=1) <= 0)
    if len(unexplained):
        falls_short[unexplained] = model.shortfalls(take(looked_at, unexplained), against="best")
    names = _names(model)
    keys = names.keys(_states(model, looked_at), falls_short)
    reasons[rows] = [names.texts[key] for key in keys.tolist()]
    return reasons


def _states(model: Model, columns: Frame) -> NDArray[np.int64]:
    """Return, for each feature of each row, the index of its code in the feature's `Codes`."""
    states = np.zeros((len(model.features), row_count(columns)), dtype=np.int64)
    for place, feature in enumerate(model.features):
        states[place][are_missing(columns[feature])] = _MISSING
        if feature in WORDS:
            is_odd = [is_unknown(feature, text) for text in columns[feature].tolist()]
            states[place][is_odd] = _UNKNOWN
    return states.T


class _Texts(dict[int, str]):
    """The text of each key that was seen; a key's digits number its codes from 1."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__()
        self._codes = codes

    def __missing__(self, key: int) -> str:
        named, rest = [], key
        while rest:
            rest, number = divmod(rest, len(self._codes) + 1)
            named.append(self._codes[number - 1])
        text = "|".join(named)
        self[key] = text
        return text


@dataclass(frozen=True, slots=True)
class _Names:
    """How a model's reasons are numbered: three a feature, one for each of its `Codes`."""

    first_numbers: NDArray[np.int64]
    powers: NDArray[np.int64]
    texts: _Texts

    def keys(self, states: NDArray[np.int64], falls_short: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return a whole number a row: its reasons' numbers as digits, the weightiest lowest."""
        weightiest = (-falls_short).argsort(axis=1, kind="stable")[:, : len(self.powers)]
        numbers = (self.first_numbers + states) * (falls_short > 0)
        return numbers[np.arange(len(numbers))[:, None], weightiest] @ self.powers


@lru_cache(maxsize=16)
def _names(model: Model) -> _Names:
    codes = [code for feature in model.features for code in codes_of(feature)]
    powers = (len(codes) + 1) ** np.arange(min(MOST_REASONS, len(model.features)))
    return _Names(np.arange(1, len(codes), len(Codes._fields)), powers, _Texts(codes))
