"""Find the day as of which a source reports outcomes."""

from datetime import date

import numpy as np

from dataflows.files.columns import MONTHS, Needs
from dataflows.loans.status_fields import reported
from dataflows.sources.bounded import all_records
from dataflows.sources.urls import SimSource, Source
from lakehouse.errors import SettingsInvalid
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.ingest.dialects import dates


def shown_on(source: Source, *, today: date, needs: Needs = MONTHS) -> date:
    """Return the day as of which a source tells: the last of the latest month it shows anywhere.

    Raises
    ------
    SettingsInvalid
        It shows no month, or lacks what is needed of it.
    """
    if isinstance(source, SimSource):
        return _last_day(np.datetime64(load_simulation_parameters().snapshot, "M"))
    latest = np.datetime64("NaT", "D")
    for batch in all_records(source, needs=needs, is_quiet=True):
        texts: list[str | None] = []
        for each in map(reported, batch):
            texts += (each.last_pymnt_d, each.last_credit_pull_d, each.issue_d)
        found, _ = dates(texts, latest=np.full(len(texts), np.datetime64(today)))
        # A month to come is a payment that is due, or a slip: nothing that was seen.
        latest = np.fmax(
            latest, np.fmax.reduce(found[found <= np.datetime64(today)], initial=latest)
        )
    if np.isnat(latest):
        raise SettingsInvalid(
            f"{source}: expected a month in last_pymnt_d, last_credit_pull_d or issue_d, found "
            "none; say with --observed-on YYYY-MM-DD as of which day its outcomes are"
        )
    return min(_last_day(latest.astype("datetime64[M]")), today)


def _last_day(month: np.datetime64) -> date:
    day: date = ((month + 1).astype("datetime64[D]") - 1).astype(date)
    return day
