"""Small lakes with history: decisions and outcomes written straight into gold."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from lakehouse.arrow_schemas import DECISIONS, from_frame
from lakehouse.gold.object_store import table_uri
from lakehouse.gold.tables import OUTCOME_RECORDS, open_or_create
from lakehouse.silver.reference_tables import shipped
from risk.decision.judge import Rules, judge
from risk.frame.frame import Frame, concat, row_count
from risk.models.model import Model
from risk.policy.document import Policy
from tests.lakehouse.silver_cases import TOPIC, a_decision

DECIDED_AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def append(lake_uri: str, table: str, rows: pa.Table) -> None:
    uri = table_uri(lake_uri, table)
    open_or_create(uri, rows.schema)
    write_deltalake(uri, rows, mode="append")


def decide_rows(lake_uri: str, *rows: Mapping[str, Any]) -> None:
    """Append decisions that differ from the usual one as told; offsets in their order."""
    decisions = [{**a_decision(f"e{off}", off), **row} for off, row in enumerate(rows)]
    append(lake_uri, "decisions", pa.Table.from_pylist(decisions, schema=DECISIONS))


def end(application_id: str, *, defaulted: bool, **but: Any) -> dict[str, Any]:
    """An outcome, observed when the public file was made."""
    return {
        "application_id": application_id,
        "outcome": "Charged Off" if defaulted else "Fully Paid",
        "defaulted": defaulted,
        "issued_on": None,
        "observed_on": date(2019, 3, 31),
        "source": "loans.csv",
        "recorded_at": DECIDED_AT,
        "ended_on": None,
        "recovered_usd": None,
        **but,
    }


def record(lake_uri: str, *outcomes: dict[str, Any]) -> None:
    rows = pa.Table.from_pylist(list(outcomes), schema=OUTCOME_RECORDS)
    append(lake_uri, "outcome_records", rows)


def decide_events(
    lake_uri: str, batches: Iterable[list[bytes]], model: Model, policy: Policy
) -> Frame:
    """Append what the product decides on these events; return the decided columns."""
    rules = Rules(model, policy, shipped())
    frames = [judge(raws, rules=rules, received_at=DECIDED_AT).decided for raws in batches]
    decided = concat(frames)
    store(lake_uri, decided)
    return decided


def store(lake_uri: str, decided: Frame) -> None:
    """Append decided columns, each event once, at offsets in their order."""
    _, first = np.unique(decided["event_id"].astype(str), return_index=True)
    rows = {name: values[np.sort(first)] for name, values in decided.items()}
    count = row_count(rows)
    rows["off"] = np.arange(count)
    held = {
        **rows,
        "topic": np.full(count, TOPIC, dtype=object),
        "part": np.zeros(count, dtype=np.int64),
    }
    held["decided_at"] = np.full(count, np.datetime64(DECIDED_AT.replace(tzinfo=None), "us"))
    append(lake_uri, "decisions", from_frame(held, DECISIONS))
