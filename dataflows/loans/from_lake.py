"""Read decisions and outcomes from the lake as loans for training."""

import hashlib
from collections import Counter

import numpy as np

from dataflows.loans.cases import cases_of_lake
from dataflows.loans.matured import Loans, known_loans
from lakehouse.errors import SettingsInvalid
from lakehouse.lake import queries
from lakehouse.lake.session import Lake
from risk.contract.application import ENVELOPES, Limits
from risk.frame.frame import Frame, concat
from risk.ingest.dates import instants
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean


def loans_of_lake(lake: Lake, *, observed_in: np.datetime64 | None = None) -> Loans:
    """Return every decided application whose loan has matured and has an outcome.

    The applications are cleaned anew from their archived bytes, as the stream cleaned them.

    Parameters
    ----------
    lake
        A session over the lake.
    observed_in
        The month in which the books were looked at; without it, that of the latest observation.

    Raises
    ------
    SettingsInvalid
        The lake holds no outcomes, or none of a loan that had matured.
    """
    if observed_in is None:
        observed_in = _latest_month(lake)
    excluded: Counter[str] = Counter()
    frames: list[Frame] = []
    outcomes = [np.zeros(0)]
    checksum = hashlib.sha256()
    for cases in cases_of_lake(lake):
        decoded = decode(cases.raws, limits=Limits(envelopes=ENVELOPES))
        arrived = instants(cases.received_at, len(cases.raws))
        cleaned = clean(decoded.applications, received_at=arrived[decoded.rows])
        rows = decoded.rows[cleaned.kept]
        excluded["refused by the contract"] += len(cases.raws) - len(rows)
        frames.append(cleaned.frame)
        outcomes.append(cases.outcomes[rows])
        for raw in cases.raws:
            checksum.update(raw or b"")
        checksum.update(cases.outcomes.tobytes())
    if not frames:
        raise SettingsInvalid("the lake holds no decisions to learn from: run the flow first")
    return known_loans(
        concat(frames),
        np.concatenate(outcomes),
        observed_in=observed_in,
        name="the lake",
        data_sha256=checksum.hexdigest(),
        excluded=excluded,
    )


def _latest_month(lake: Lake) -> np.datetime64:
    observed_on = queries.latest_observation(lake)
    if observed_on is None:
        raise SettingsInvalid(
            "the lake holds no outcomes to learn from: record some with "
            "python -m dataflows.outcomes SOURCE"
        )
    return np.datetime64(observed_on, "M")
