"""The result of a model for the rows that it scored."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]

Scores: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""PD (0 to 1) and points (higher is safer) of every row."""

Against: TypeAlias = Literal["average", "best"]
"""What a neutral feature is worth: what it is to the average loan of the fit, by the document's own
counts, or the most that it can be worth. A scorecard's average loan has the rounded mean points, a
boosting's the bin nearest to the mean effect, a logistic's the mean effect.
"""

STEPS: Final = 1_000
"""Steps of a whole log-odds: PDs are looked up to the nearest one, so no smaller gain counts."""


@dataclass(frozen=True, slots=True)
class Part:
    """A feature's bin in words, its points, and by how many it falls short of the average."""

    bin: str
    points: float
    shortfall: float
