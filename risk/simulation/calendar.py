"""The instants of a simulated history's events: in order, over all months of origination."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError
from risk.simulation.parameters import month_number


class Calendar:
    """The instants of so many events, rising, as many in each month as it weighs.

    Parameters
    ----------
    vintages
        Weight of each month of origination ("2014-07"), in their order.
    count
        How many events the history has.

    Attributes
    ----------
    vintages
        As handed over.

    Raises
    ------
    ModelError
        The history has no events.
    """

    def __init__(self, vintages: Mapping[str, float], count: int) -> None:
        if count < 1:
            raise ModelError(f"history: expected 1 event or more, found {count}")
        weights = np.array([*vintages.values()], dtype=np.float64)
        self.vintages = vintages
        self._count = count
        self._edges = np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
        self._months = np.array([month_number(month) for month in vintages])

    def months(self, start: int, count: int) -> NDArray[np.int64]:
        """Return the month of each event from `start` on, counted from January 1970."""
        place, _ = self._placed(start, count)
        return np.asarray(self._months[place])

    def instants(self, start: int, count: int) -> NDArray[np.datetime64]:
        """Return when each event from `start` on happens (UTC, microseconds)."""
        place, share = self._placed(start, count)
        begins, ends = (
            (self._months[place] + later).astype("datetime64[M]").astype("datetime64[us]")
            for later in (0, 1)
        )
        return np.asarray(begins + ((ends - begins).astype(np.float64) * share).astype(np.int64))

    def _placed(self, start: int, count: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the position of each event's month, and how much of it has passed, 0 to 1."""
        # What lies beyond the end, as the rest of a block does, happens with the last event.
        index = np.minimum(np.arange(start, start + count), self._count - 1)
        share = (index + 0.5) / self._count
        place = np.searchsorted(self._edges[1:-1], share, side="right")
        return place, (share - self._edges[place]) / (self._edges[place + 1] - self._edges[place])
