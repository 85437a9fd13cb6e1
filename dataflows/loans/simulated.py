"""Make simulated loans with outcomes, so that training works without real ones."""

import hashlib
from datetime import UTC, datetime
from typing import Final

import numpy as np

from dataflows.loans.matured import Loans, known_loans
from dataflows.sources.urls import SimSource
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.frame.frame import content_hash, take
from risk.simulation.noise import KINDS
from risk.simulation.simulator import Simulator

_APPLICATIONS: Final = 40_000
# When events are sent matters to no loan: an application is made in its month of issue.
_SENT_AT: Final = datetime(2019, 4, 1, tzinfo=UTC)


def simulate_loans(source: SimSource, *, observed_in: np.datetime64 | None = None) -> Loans:
    """Return the loans that come of the simulator's applications.

    Parameters
    ----------
    source
        Seed, scenario and number of applications (40,000 without a limit); its rate has no say.
    observed_in
        The month in which the books are looked at; without it, that of the simulator's snapshot.

    Raises
    ------
    SettingsInvalid
        None of the loans has matured by then.
    """
    parameters = load_simulation_parameters()
    simulator = Simulator(
        parameters,
        seed=source.seed,
        scenario=source.scenario,
        started_at=_SENT_AT,
        rate_per_second=0.0,
    )
    month = np.datetime64(parameters.snapshot, "M") if observed_in is None else observed_in
    count = _APPLICATIONS if source.limit is None else source.limit
    frame = simulator.applications(0, count)
    outcomes = simulator.outcomes(0, count, observed_on=month.astype("datetime64[D]").item())
    # Both are in the order of the events; a repeat or a broken one brings no loan of its own.
    is_loan = (frame.pop("kind") == KINDS[0]) & np.isin(
        frame["application_id"].astype(str), outcomes["application_id"].astype(str)
    )
    loans = take(frame, is_loan)
    columns = (content_hash(loans), loans["applied_on"].astype(np.int64), outcomes["defaulted"])
    checksum = hashlib.sha256(b"".join(column.tobytes() for column in columns))
    return known_loans(
        loans,
        outcomes["defaulted"],
        observed_in=month,
        name=f"sim://?seed={source.seed}&limit={count}&scenario={source.scenario}",
        data_sha256=checksum.hexdigest(),
        excluded={"events that bring no loan of their own by then": int((~is_loan).sum())},
    )
