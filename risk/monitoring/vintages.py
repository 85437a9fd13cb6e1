"""Cumulative default rates by months on book, corrected for loans that are too young.

A loan that has not reached a month yet says nothing about that month. So each month's defaults are
divided by the number of loans that were issued early enough to reach it, and these shares are added
up: ``cumulative(k) = sum over j <= k of defaults(j) / loans_reaching(j)``. The curve never falls.
Beyond the age of the youngest loans it rests on part of the vintage and is not complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from risk.errors import ContractError


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A vintage at a month on book.

    Attributes
    ----------
    loans_reaching, defaults
        Loans old enough to have reached the month, and defaults in it.
    cumulative
        Share of the loans that have defaulted by then, 0 to 1.
    is_complete
        Whether every loan of the vintage is old enough.
    """

    months_on_book: int
    loans_reaching: int
    defaults: int
    cumulative: float
    is_complete: bool


def curve(loans_reaching: Sequence[int], defaults: Sequence[int]) -> list[CurvePoint]:
    """Return a vintage's curve from its counts by months on book, from month 0 on.

    Raises
    ------
    ContractError
        The two are not of the same months, a month has no loans or more defaults than loans, or
        more loans reach a later month.
    """
    reaching = np.asarray(loans_reaching, dtype=np.int64)
    lost = np.asarray(defaults, dtype=np.int64)
    if reaching.shape != lost.shape or (reaching <= 0).any() or (lost > reaching).any():
        raise ContractError(
            f"vintage curve: expected loans and no more defaults in each of {len(reaching)} "
            f"months, found {len(lost)} months of defaults; count both by months on book from 0"
        )
    if (np.diff(reaching) > 0).any():
        raise ContractError(
            "vintage curve: more loans reach a later month than an earlier one; count loans by age"
        )
    cumulative = np.cumsum(lost / reaching)
    return [
        CurvePoint(month, *row)
        for month, row in enumerate(
            zip(
                reaching.tolist(),
                lost.tolist(),
                cumulative.tolist(),
                (reaching == reaching[:1]).tolist(),
                strict=True,
            )
        )
    ]
