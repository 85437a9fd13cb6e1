"""Loans whose outcome is known: what Performance, Cut-offs and Vintages share."""

from datetime import date

from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.queries import latest_observation
from lakehouse.monitoring.performance import DEFAULT_TERM_MONTHS, Performance
from ui.cards import Nothing, View

NONE_MATURE = "No vintage may be judged yet: none has 85% of its outcomes known"


def known_on(view: View) -> date:
    """Return the day as of which outcomes are known."""
    as_of: date | None = view.ask(latest_observation)
    if as_of is None:
        raise Nothing("No outcomes are recorded yet", 'just outcomes "sim://?seed=1&limit=100000"')
    return as_of


def term_of(view: View) -> int:
    """Return the one term that is judged: terms differ too much to be judged together."""
    return view.filters.term[0] if len(view.filters.term) == 1 else DEFAULT_TERM_MONTHS


def performance_of(view: View, chosen: Chosen) -> Performance:
    """Return how the champion did on the chosen loans of that term."""
    found: Performance = view.ask(
        view.desk.stores.performance, chosen, known_on(view), term_of(view)
    )
    return found
