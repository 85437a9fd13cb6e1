"""Turn final outcomes into the rows that the lake keeps."""

import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from dataflows.loans.ended_on import ended_on
from dataflows.loans.matured import OUTCOMES
from dataflows.loans.status_fields import Reported
from lakehouse.gold.tables import OUTCOME_RECORDS
from risk.ingest.dialects import dates


def outcome_rows(
    finals: dict[str, Reported], *, source: str, observed_on: date, recorded_at: datetime
) -> pa.Table:
    """Return final outcomes, by application, as the lake keeps them."""
    statuses = [each.loan_status for each in finals.values()]
    defaulted = np.array([bool(OUTCOMES[status or ""]) for status in statuses], dtype=np.bool_)
    known_by = np.full(len(finals), np.datetime64(observed_on))
    issued_on, last_paid_on = (
        dates(texts, latest=known_by)[0]
        for texts in (
            [each.issue_d for each in finals.values()],
            [each.last_pymnt_d for each in finals.values()],
        )
    )
    ends = ended_on(last_paid_on, issued_on, defaulted, observed_on=np.datetime64(observed_on))
    recovered = [_amount(each.recoveries) for each in finals.values()]
    columns = {
        "application_id": list(finals),
        "outcome": statuses,
        "defaulted": defaulted,
        "issued_on": pa.array(issued_on, from_pandas=True),
        "observed_on": [observed_on] * len(finals),
        "source": [source] * len(finals),
        "recorded_at": [recorded_at] * len(finals),
        "ended_on": pa.array(ends, from_pandas=True),
        "recovered_usd": recovered,
    }
    return pa.table(columns, schema=OUTCOME_RECORDS)


def _amount(reported: Any) -> float | None:
    try:
        amount = float(reported)
    except (TypeError, ValueError):
        return None
    return amount if math.isfinite(amount) else None
