"""What the monitoring job found, in gold: tidy rows, one a figure, and the reports it rendered.

Guarantee: a figure that stands is not recorded again. A figure that came out otherwise, because
more became known, is appended; of one figure the row recorded last stands.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse.gold.data_file import GrowingFile, commit_files
from lakehouse.gold.object_store import as_ours, open_objects, table_uri
from lakehouse.gold.tables import FIGURES, MONITORED, REPORTS, open_or_create
from lakehouse.lake import monitoring
from lakehouse.lake.filters import Grain
from lakehouse.lake.session import Lake

REPORTS_FOLDER: Final = "reports/monitoring"
_KEY: Final = ("table_name", "period", "model_version", "subject", "figure")
_TRANSACTION: Final = "monitoring"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure; the attributes are the columns of `lakehouse.gold.tables.FIGURES`."""

    period: date
    model_version: str
    subject: str
    figure: str
    value: float | None
    rows_seen: int
    low: float | None = None
    high: float | None = None
    is_alarm: bool = False
    note: str = ""


def record_figures(
    lake: Lake,
    lake_uri: str,
    figures: Mapping[str, Iterable[Figure]],
    *,
    grain: Grain,
    recorded_at: datetime,
) -> int:
    """Append the figures, by table, that are new or came out otherwise; return how many were.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, refuses us, or holds a table of another shape.
    """
    lake.refresh()
    standing = {
        tuple(row[name] for name in _KEY): _said(row)
        for row in monitoring.recorded_figures(lake, grain=grain).to_pylist()
    }
    recorded = 0
    for table in MONITORED:
        rows = [
            {**asdict(each), "grain": grain.value, "recorded_at": recorded_at}
            for each in figures.get(table, ())
        ]
        new = [
            row
            for row in rows
            if standing.get((table, *(row[name] for name in _KEY[1:]))) != _said(row)
        ]
        if new:
            _append(lake_uri, table, pa.Table.from_pylist(new, schema=FIGURES))
        recorded += len(new)
    lake.refresh()
    return recorded


def keep_report(
    lake_uri: str,
    content: bytes,
    *,
    period: date,
    grain: Grain,
    model_version: str,
    kind: str,
    rows_seen: int,
    recorded_at: datetime,
) -> str:
    """Put a rendered report into the lake and its row into the index; return its path there.

    ``kind`` ends in the file's format, such as ``data_drift.html``. The same period's report takes
    the place of the one before.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        As for `record_figures`.
    """
    path = f"{REPORTS_FOLDER}/{grain.value}/{period.isoformat()}/{model_version}.{kind}"
    with as_ours(lake_uri):
        open_objects(lake_uri).put(path, content, use_multipart=False)
    row = {
        "period": period,
        "grain": grain.value,
        "model_version": model_version,
        "kind": kind,
        "path": path,
        "size_bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "rows_seen": rows_seen,
        "recorded_at": recorded_at,
    }
    _append(lake_uri, "monitoring_reports", pa.Table.from_pylist([row], schema=REPORTS))
    return path


def _said(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a figure says; a last digit that a sum's order decides is no news."""
    numbers = (row["value"], row["low"], row["high"])
    rounded = (None if each is None else float(f"{each:.9g}") for each in numbers)
    return (*rounded, row["rows_seen"], row["is_alarm"], row["note"])


def _append(lake_uri: str, table: str, rows: pa.Table) -> None:
    uri = table_uri(lake_uri, table)
    with as_ours(uri):
        handle: DeltaTable = open_or_create(uri, rows.schema)
        number = (handle.transaction_version(_TRANSACTION) or 0) + 1
        file = GrowingFile(rows.schema)
        file.append(rows)
        whole = file.seal()
        whole.put(open_objects(uri))
        commit_files(handle, [whole], {_TRANSACTION: number})
