"""Questions that several pages share, also to silver and the registry."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from lakehouse.errors import ArtefactInvalid
from lakehouse.lake import book
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.alert_backtest import Fired, backtest_alerts
from lakehouse.monitoring.drift import DriftPeriod, drift
from lakehouse.monitoring.performance import Performance, performance
from lakehouse.people import dispositions
from lakehouse.people.dispositions import Disposition, DispositionTally, Kind
from lakehouse.registry.artefacts import find_model, find_policy
from lakehouse.registry.listing import Listing, listing
from lakehouse.registry.references import find_reference
from lakehouse.rules.as_decided import Rulebook
from lakehouse.rules.dossier import Dossier, dossier
from lakehouse.rules.redecide import Recalled, recall
from lakehouse.settings.settings import Settings
from lakehouse.signals.alerts import StoredAlert, list_alerts
from lakehouse.silver.progress import PipelineProgress, all_progress
from risk.models.model import Model
from risk.monitoring.reference import Reference
from risk.policy.document import Policy
from ui.data.filters import Book

_NEVER = date(1970, 1, 1)


def book_of(ask: Callable[..., Any]) -> Book:
    """Return how large the book is, and of which months."""
    row = ask(book.extent).to_pylist()[0]
    first, last = row["first_on"] or _NEVER, row["last_on"] or _NEVER
    return Book(row["decisions"], first.replace(day=1), last.replace(day=1))


@dataclass(frozen=True, slots=True)
class Drifted:
    """How a model's decisions moved from the population it was fitted on, month by month."""

    reference: Reference
    periods: list[DriftPeriod]


class Stores:
    """What is asked beside the views of the lake; each method is a question, the lake its first.

    Parameters
    ----------
    settings
        Where models and policies are registered, which policy decides, and where the flow and the
        API serve their metrics.
    silver_dsn
        Silver's connection string.
    """

    def __init__(self, settings: Settings, silver_dsn: str, *, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lake_uri = settings.lake_uri
        self.policy_version = settings.policy
        self.metrics_address = settings.metrics_address
        self.api_address = settings.api_address
        self.silver_dsn = silver_dsn

    def dossier(self, lake: Lake, event_id: str) -> Dossier:
        """Return one decision whole."""
        return dossier(lake, self._rulebook(), event_id)

    def replay(self, lake: Lake, event_id: str) -> tuple[Recalled | None, float]:
        """Make a decision again; return what came of it and how many seconds it took."""
        started = time.perf_counter()
        found = recall(lake, self._rulebook(), [event_id])
        return (found[0] if found else None), time.perf_counter() - started

    def dispositions_of(self, application_id: str) -> Sequence[Disposition]:
        """Return what people decided about an application, newest first."""
        return dispositions.dispositions_of(self.silver_dsn, application_id)

    def standing(self, application_ids: Sequence[str]) -> dict[str, Kind]:
        """Return the dispositions that stand today."""
        if not application_ids:
            return {}
        today = self.now().date()
        return dispositions.standing(self.silver_dsn, application_ids, on=today)

    def tally(self) -> DispositionTally:
        """Count the dispositions that stand today."""
        return dispositions.tally(self.silver_dsn, on=self.now().date())

    def dispose(self, disposition: Disposition) -> None:
        """Keep a disposition."""
        dispositions.dispose(self.silver_dsn, disposition)

    def performance(self, lake: Lake, chosen: Chosen, as_of: date, term: int) -> Performance:
        """Return how the champion did on one term's loans, as known on a day."""
        return performance(lake, chosen, as_of=as_of, term_months=term)

    def policy(self, _lake: Lake) -> Policy:
        """Return the policy that decides."""
        return find_policy(self.lake_uri, self.policy_version)

    def fired(self, lake: Lake, today: date) -> list[Fired]:
        """Return the data alerts of all closed months, as the monitoring job judges them."""
        return backtest_alerts(lake, self.lake_uri, grain=Grain.MONTH, today=today)

    def sent_alerts(self, since: datetime) -> list[StoredAlert]:
        """Return what Alertmanager has sent: what fires, and what ended since."""
        return list_alerts(self.silver_dsn, since)

    def _rulebook(self) -> Rulebook:
        return Rulebook(self.lake_uri, lambda: self.silver_dsn)

    def progress(self, _lake: Lake) -> list[PipelineProgress]:
        """Return how far every pipeline is."""
        return all_progress(self.silver_dsn)

    def listing(self, _lake: Lake) -> Listing:
        """Return which models and policies there are, and which are in force."""
        return listing(self.lake_uri)

    def model(self, _lake: Lake, version: str) -> Model:
        """Return a model by version."""
        return find_model(self.lake_uri, version)

    def reference(self, _lake: Lake, version: str) -> Reference | None:
        """Return the population that a model was fitted on; None where none is kept with it."""
        try:
            return find_reference(self.lake_uri, find_model(self.lake_uri, version))
        except ArtefactInvalid:
            return None

    def drift(self, lake: Lake, version: str, chosen: Chosen) -> Drifted:
        """Return how a model's decisions moved from its reference, by month."""
        reference = find_reference(self.lake_uri, find_model(self.lake_uri, version))
        return Drifted(reference, drift(lake, reference, chosen))
