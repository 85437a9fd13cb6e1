"""The champion's inputs month by month, for Overview's verdict and the page Drift."""

from collections.abc import Sequence
from dataclasses import replace

from lakehouse.lake.filters import Filters as Chosen
from lakehouse.monitoring.drift import DriftPeriod
from risk.monitoring.population_shift import FeatureShift
from ui.cards import View
from ui.data.questions import Drifted
from ui.look import words


def champion_of(view: View) -> str:
    """Return the version of the model that decides."""
    return str(view.ask(view.desk.stores.listing).champion)


def drifted(view: View, chosen: Chosen) -> Drifted:
    """Return how the champion's own decisions moved from its training loans, by month.

    Months with too few of them to measure are left out.
    """
    champion = champion_of(view)
    found: Drifted = view.ask(view.desk.stores.drift, champion, replace(chosen, models=(champion,)))
    return replace(found, periods=[each for each in found.periods if each.shift.features])


def inputs(found: DriftPeriod) -> list[tuple[str, FeatureShift]]:
    """Return the model's inputs in a month, by name: what it does not look at is left out."""
    return [
        (words.input_name(each.feature), each)
        for each in found.shift.features
        if each.points is not None
    ]


def latest_shifts(found: Sequence[DriftPeriod]) -> list[tuple[str, FeatureShift]]:
    """Return each input's shift in the last month, the largest PSI first."""
    return sorted(inputs(found[-1]), key=lambda pair: -pair[1].psi) if found else []
