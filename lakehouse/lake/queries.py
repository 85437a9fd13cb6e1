"""Questions asked of the lake: one function for each file of ``sql/lake``."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

import pyarrow as pa

from lakehouse.lake.session import Lake
from lakehouse.postgres.statements import load_sql
from lakehouse.silver.reconciled import Span, Tally

_EVENTS_AT_ONCE: Final = 2_000


def tier_mix(lake: Lake) -> pa.Table:
    """Return decisions, share (0 to 1), mean PD and amount by tier, the riskiest first."""
    return lake.ask("tier_mix")


def scores_by_model(lake: Lake) -> pa.Table:
    """Return applications, mean PD and its 90th percentile by part and model, champions first."""
    return lake.ask("scores_by_model")


def latest_watchlist(lake: Lake, *, limit: int = 10) -> pa.Table:
    """Return the newest watchlisted decisions with their PD and reasons, at most `limit`."""
    return lake.ask("latest_watchlist", limit=limit)


def quarantine_by_code(lake: Lake) -> pa.Table:
    """Return how many events are held and were recovered, by stage and code, the most first."""
    return lake.ask("quarantine_by_code")


def ledger(lake: Lake) -> pa.Table:
    """Return count, sum of offsets and digest of each gold table's partitions, but histories'."""
    return lake.ask("ledger")


def range_tallies(
    lake: Lake, span: Span, *, table: str | None = None, by_row: bool = False
) -> dict[tuple[str, int | None], Tally]:
    """Return what gold's tables hold of a range, by table, and by offset if asked to."""
    rows = lake.ask(
        "range_tallies",
        topic=span.topic,
        part=span.part,
        first_off=span.first_off,
        next_off=span.next_off,
        table_name=table,
        by_row=by_row,
    ).to_pylist()
    return {
        (each["table_name"], each["at_off"]): Tally(
            each["row_count"], each["off_sum"], each["digest"]
        )
        for each in rows
    }


def history_topics(lake: Lake) -> list[str]:
    """Return the topics of the histories that were loaded without silver."""
    topics: list[str] = lake.ask("history_topics").column("topic").to_pylist()
    return topics


def history_ledger(lake: Lake, reached: Mapping[str, int]) -> pa.Table:
    """Return each history's events and what became of them, up to the offset named for it."""
    return lake.ask("history_ledger", topics=list(reached), lasts=list(reached.values()))


def decided_spans(lake: Lake) -> pa.Table:
    """Return the first and last decided offset of each partition."""
    return lake.ask("decided_spans")


def decisions_between(
    lake: Lake, *, topic: str, part: int, first_off: int, last_off: int
) -> pa.Table:
    """Return a partition's decisions of those offsets, both included, in their order."""
    return lake.ask(
        "decisions_between",
        topic=topic,
        part=part,
        first_off=first_off,
        last_off=last_off,
    )


def raw_events_between(
    lake: Lake, *, topic: str, part: int, first_off: int, last_off: int
) -> Iterator[pa.RecordBatch]:
    """Yield offset, arrival and bytes of a partition's events, both offsets included, unordered.

    Only files that hold such offsets are opened, and what was yielded is not kept.
    """
    return lake.stream(
        load_sql("lake/raw_events_between"),
        {"topic": topic, "part": part, "first_off": first_off, "last_off": last_off},
        rows=_EVENTS_AT_ONCE,
    )


def positions_of(lake: Lake, event_ids: Sequence[str]) -> pa.Table:
    """Return event_id, topic, part and offset of those events that were decided, unordered."""
    return lake.ask("positions_of", event_ids=list(event_ids))


def sampled_positions(lake: Lake, *, size: int, seed: int) -> pa.Table:
    """Return event_id, topic, part and offset of decisions drawn at random, at most `size`."""
    return lake.ask("sampled_positions", size=size, seed=seed)


def new_outcomes(lake: Lake, offered: pa.Table) -> pa.Table:
    """Return the indices (`place`, rising) of the outcome records that say something new."""
    return lake.ask(
        "new_outcomes",
        places=list(range(offered.num_rows)),
        application_ids=offered.column("application_id").to_pylist(),
        outcomes=offered.column("outcome").to_pylist(),
        issued_on=offered.column("issued_on").to_pylist(),
        observed_on=offered.column("observed_on").to_pylist(),
        ended_on=offered.column("ended_on").to_pylist(),
        recovered_usd=offered.column("recovered_usd").to_pylist(),
    )


def outcomes_of(lake: Lake, application_ids: Sequence[str]) -> pa.Table:
    """Return application_id and whether the loan defaulted, where its outcome is known."""
    return lake.ask("outcomes_of", application_ids=list(application_ids))


def decided_among(lake: Lake, application_ids: Sequence[str]) -> int:
    """Return how many of these applications were ever decided."""
    found: int = (
        lake.ask("decided_among", application_ids=list(application_ids)).column(0)[0].as_py()
    )
    return found


def latest_observation(lake: Lake) -> date | None:
    """Return the latest day as of which an outcome is known; None while there is none."""
    found: date | None = lake.ask("latest_observation").column("observed_on")[0].as_py()
    return found


def paired_scores(
    lake: Lake,
    *,
    champion: str,
    challenger: str,
    longest_term_months: int,
    grace_months: int,
) -> pa.Table:
    """Return both models' PDs, default, month and USD of each loan of matured months.

    In the order of application. A loan without a term is taken to have the longest.
    """
    return lake.ask(
        "paired_scores",
        champion=champion,
        path=f"$.{json.dumps(challenger)}",
        longest_term_months=longest_term_months,
        grace_months=grace_months,
    )
