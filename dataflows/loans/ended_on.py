"""Derive the day on which a loan ended from the month of its last payment.

LendingClub's books do not say when a loan was charged off. A loan is charged off when it is 150
days past due. So a charge-off is dated `MONTHS_TO_CHARGE_OFF` months after the last payment, or
after the issue if there was no payment. A repaid loan ended with its last payment. Each date is the
last day of its month, because by then everything that happened in the month is known.
"""

import numpy as np
from numpy.typing import NDArray

MONTHS_TO_CHARGE_OFF = 5

Days = NDArray[np.datetime64]


def ended_on(
    last_paid_on: Days, issued_on: Days, defaulted: NDArray[np.bool_], *, observed_on: np.datetime64
) -> Days:
    """Return the last day of the month in which each loan ended; NaT where nothing says it.

    Parameters
    ----------
    last_paid_on, issued_on
        Any day of the month; NaT where it is not known.
    observed_on
        The day as of which the outcome was reported: no loan ended later.
    """
    never_paid = defaulted & np.isnat(last_paid_on)
    month = np.where(never_paid, issued_on, last_paid_on).astype("datetime64[M]")
    month = month + np.where(defaulted, MONTHS_TO_CHARGE_OFF, 0)
    days: Days = (month + 1).astype("datetime64[D]") - 1
    return np.where(np.isnat(days), days, np.minimum(days, observed_on))
