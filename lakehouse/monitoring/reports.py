"""Reports that the monitoring job rendered, read again: only what the index names, and whole."""

import hashlib

from lakehouse.errors import QueryInvalid
from lakehouse.gold.object_store import open_objects, raise_as_ours
from lakehouse.lake import monitoring
from lakehouse.lake.session import Lake


def read_report(lake: Lake, lake_uri: str, sha256: str) -> bytes:
    """Return a report that the index names by its checksum.

    Raises
    ------
    QueryInvalid
        The index knows no such report, or what lies in the lake is not what was rendered.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    found = [
        row for row in monitoring.recorded_reports(lake).to_pylist() if row["sha256"] == sha256
    ]
    if not found:
        raise QueryInvalid(f"there is no report with the checksum {sha256[:64]!r}")
    path = found[0]["path"]
    try:
        content = bytes(open_objects(lake_uri).get(path).bytes())
    except Exception as exc:  # noqa: BLE001 - every failure of the store is translated
        raise_as_ours(lake_uri, exc)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise QueryInvalid(
            f"{path} in the lake is not the report that was rendered: expected sha256 {sha256}; "
            "render it again with `python -m dataflows.monitor`"
        )
    return content
