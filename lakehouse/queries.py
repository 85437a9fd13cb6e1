"""The questions asked of the lake: one function for each file of ``sql/lake``."""

import pyarrow as pa

from lakehouse.lake import Lake
from lakehouse.statements import load_sql

__all__ = ["latest_watchlist", "ledger", "quarantine_by_code", "tier_mix"]


def tier_mix(lake: Lake) -> pa.Table:
    """Return decisions, share (0 to 1), mean PD and amount by tier, the riskiest first."""
    return _ask(lake, "tier_mix")


def latest_watchlist(lake: Lake, *, limit: int = 10) -> pa.Table:
    """Return the newest watchlisted decisions with their PD and reasons, at most `limit`."""
    return _ask(lake, "latest_watchlist", limit=limit)


def quarantine_by_code(lake: Lake) -> pa.Table:
    """Return how many events were refused, by stage and code, the most frequent first."""
    return _ask(lake, "quarantine_by_code")


def ledger(lake: Lake) -> pa.Table:
    """Return count, sum of offsets and digest of each gold table's partitions."""
    return _ask(lake, "ledger")


def _ask(lake: Lake, name: str, **parameters: object) -> pa.Table:
    return lake.query(load_sql(f"lake/{name}"), parameters)
