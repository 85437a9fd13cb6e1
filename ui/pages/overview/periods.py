"""The period shown, the period compared with, and the training population."""

from lakehouse.lake import book
from lakehouse.lake.filters import Filters as Chosen
from risk.monitoring.reference import Reference
from ui.cards import Nothing, View
from ui.data.period import Period, summed
from ui.shifts import champion_of


def _period(view: View, chosen: Chosen | None) -> Period | None:
    if chosen is None or chosen.from_on is None or chosen.to_on is None:
        return None
    return summed(view.ask(book.months, chosen).to_pylist(), chosen.from_on, chosen.to_on)


def both(view: View) -> tuple[Period, Period | None]:
    """Return the period and the one it is compared with, where that has applications."""
    now = _period(view, view.filters.chosen(view.book))
    before = _period(view, view.filters.compared(view.book))
    if now is None or not now.whole.applications:
        raise Nothing(
            "No applications here" if view.book.decisions else "No data yet",
            None if view.book.decisions else "just demo",
        )
    return now, before if before is not None and before.whole.applications else None


def reference(view: View) -> Reference | None:
    """Return the population that the champion was fitted on; None of a model that has none."""
    found: Reference | None = view.ask(view.desk.stores.reference, champion_of(view))
    return found
