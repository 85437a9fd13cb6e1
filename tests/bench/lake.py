"""Each question of the lake against DuckDB's bare scan of the same columns, in turns.

    flock LOCK .venv/bin/python -m tests.bench lake URI

A bare scan is DuckDB's own Parquet reader over the same files, taking the minimum of each column
that the question reads. Seconds are the median of the turns; memory is the process's peak.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import duckdb
from deltalake import DeltaTable

from lakehouse.gold.object_store import table_uri
from lakehouse.lake import lineage, monitoring, portfolio, quality, vintages
from lakehouse.lake.filters import Filters
from lakehouse.lake.session import Lake
from lakehouse.monitoring.simulator import curve, limits_of, simulated
from lakehouse.registry.artefacts import load_policy

TURNS = 3
AS_OF = date(2019, 3, 31)
FILTERS = Filters(from_on=date(2000, 1, 1))
LOAN = "event_id application_id applied_on"
JOINED = "outcome_records: application_id defaulted observed_on ended_on recorded_at recovered_usd"
WATCHLIST = (
    "application_id event_id applied_on decided_at pd points amount_usd dti_pct "
    "utilisation_pct term_months purpose state reasons model_reasons model_version "
    "policy_version tier topic part off"
)
FIELDS = (
    "applied_on term_months rate_pct installment_usd income_usd dti_pct utilisation_pct "
    "delinquencies_2y inquiries_6m open_accounts total_accounts employment_years "
    "credit_age_years fico purpose purpose_group home_ownership state region dti_band "
    "util_band rate_band public_records"
)
ORIGINS = (
    "topic part model_version model_sha256 policy_version contract_version "
    "reference_version off decided_at applied_on"
)
LIMITS = "dti_pct utilisation_pct delinquencies_2y inquiries_6m pd amount_usd term_months"


def questions(lake: Lake) -> dict[str, tuple[Callable[[], Any], str]]:
    """Each question with the columns of `decisions`, and of another table, that it reads."""
    today = limits_of(load_policy("standard-1"))
    return {
        "by_period": (
            lambda: portfolio.by_period(lake, FILTERS),
            "applied_on tier amount_usd pd points",
        ),
        "tiers_by_period": (
            lambda: portfolio.tiers_by_period(lake, FILTERS),
            "applied_on tier pd amount_usd",
        ),
        "groups": (
            lambda: portfolio.groups(lake, FILTERS, by="purpose"),
            "applied_on purpose tier pd amount_usd",
        ),
        "watchlist": (
            lambda: portfolio.watchlist(lake, FILTERS, sorted_by="pd"),
            WATCHLIST,
        ),
        "reasons": (lambda: portfolio.reasons(lake, FILTERS), "applied_on reasons model_reasons"),
        "score_bands": (
            lambda: portfolio.score_bands(lake, FILTERS),
            "applied_on points pd amount_usd",
        ),
        "pd_bands": (lambda: portfolio.pd_bands(lake, FILTERS), "applied_on pd amount_usd"),
        "nulls_by_field": (
            lambda: quality.nulls_by_field(lake, FILTERS),
            FIELDS,
        ),
        "issues_by_field": (lambda: quality.issues_by_field(lake, FILTERS), "applied_on issues"),
        "bin_counts": (
            lambda: monitoring.bin_counts(lake, {"income_usd": [30e3, 60e3, 90e3]}, FILTERS),
            "applied_on income_usd",
        ),
        "text_counts": (
            lambda: monitoring.text_counts(lake, "purpose", FILTERS),
            "applied_on purpose",
        ),
        "score_moments": (
            lambda: monitoring.score_moments(lake, FILTERS),
            "applied_on points pd amount_usd",
        ),
        "curve_counts": (
            lambda: vintages.curve_counts(lake, FILTERS, as_of=AS_OF),
            f"{LOAN} {JOINED}",
        ),
        "maturity": (
            lambda: vintages.maturity(lake, FILTERS, as_of=AS_OF),
            f"{LOAN} term_months pd amount_usd {JOINED}",
        ),
        "scored_outcomes": (
            lambda: vintages.scored_outcomes(lake, FILTERS, as_of=AS_OF),
            f"{LOAN} term_months pd {JOINED}",
        ),
        "origins": (
            lambda: lineage.origins(lake, FILTERS),
            ORIGINS,
        ),
        "cutoffs": (
            lambda: simulated(lake, today, today, FILTERS, as_of=AS_OF),
            f"{LOAN} {LIMITS} {JOINED}",
        ),
        "cutoff_curve": (
            lambda: curve(lake, today, FILTERS, as_of=AS_OF),
            f"{LOAN} {LIMITS} {JOINED}",
        ),
    }


def bare_scan(connection: duckdb.DuckDBPyConnection, uri: str, columns: str) -> None:
    own, _, others = columns.partition("outcome_records:")
    for table, names in (("decisions", own.split()), ("outcome_records", others.split())):
        if names:
            files = DeltaTable(table_uri(uri, table)).file_uris()
            least = ", ".join(f"min({name})" for name in names)
            connection.execute(f"select {least} from read_parquet($1)", [files]).to_arrow_table()


def timed(ask: Callable[[], Any]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def measure(uri: str) -> dict[str, Any]:
    lake = Lake(uri)
    connection = duckdb.connect()
    found = {}
    for name, (ask, columns) in questions(lake).items():
        asked, scanned = [], []
        for _ in range(TURNS):
            scanned.append(timed(partial(bare_scan, connection, uri, columns)))
            asked.append(timed(ask))
        seconds, scan = statistics.median(asked), statistics.median(scanned)
        found[name] = {
            "seconds": round(seconds, 3),
            "scan": round(scan, 3),
            "ratio": round(seconds / scan, 1),
        }
        print(name, found[name], file=sys.stderr, flush=True)
    lake.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"questions": found, "peak_gb": round(peak, 2)}


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
