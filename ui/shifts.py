"""The champion's inputs, month by month: what Overview's verdict and the page Drift share."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.monitoring.characteristics import Binned
from risk.monitoring.bin_shift import Shift, shift
from ui.cards import View
from ui.look import words

__all__ = ["champion_of", "latest_shifts"]


def champion_of(view: View) -> str:
    """Return the version of the model that decides."""
    return str(view.ask(view.desk.stores.listing).champion)


def latest_shifts(found: Sequence[Binned]) -> list[tuple[str, Shift]]:
    """Return each input's shift in its last month, the largest PSI first."""
    shifts = []
    for each in found:
        if each.periods:
            moved = shift(each.reference, each.periods[max(each.periods)], each.points)
            if moved is not None:
                shifts.append((words.input_name(each.feature), moved))
    return sorted(shifts, key=lambda pair: -pair[1].psi)
