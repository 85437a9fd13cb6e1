"""The page Pipeline: from the topic to gold, speed, delay, and the account of events."""

from datetime import UTC, datetime
from typing import Any, Final

from dash import html

from lakehouse.lake import book, quality
from lakehouse.lake.session import Lake
from ui.cards import Card, Nothing, View
from ui.data.flow_metrics import Samples, scrape, total
from ui.figures import pipeline as figures
from ui.look import parts, words
from ui.look.parts import Level
from ui.page import Page

OBJECTIVE_SECONDS: Final = 10.0
_WIDTHS: Final = (1, 5, 15, 60, 300, 3_600)
_BUCKETS: Final = 24
_SMALL_BYTES: Final = 8 * 2**20


def _rows(lake: Lake, width: int) -> Any:
    return book.throughput(lake, width_seconds=width, buckets=_BUCKETS)


def _course(view: View) -> list[dict[str, Any]]:
    """Return the last buckets of decisions: the narrowest that show most of a run."""
    rows: list[dict[str, Any]] = []
    width = 1
    for width in _WIDTHS:
        rows = view.ask(_rows, width).to_pylist()
        if not rows:
            raise Nothing("No data yet", "just demo")
        if len(rows) < _BUCKETS or width == _WIDTHS[-1]:
            break
    return [{**row, "width": width} for row in rows]


def _says(view: View) -> str:
    fresh = {row["table_name"]: row for row in view.ask(quality.freshness).to_pylist()}
    if "decisions" not in fresh:
        return "Nothing has been decided yet."
    newest = fresh["decisions"]["newest_at"]
    return f"As of {words.stamp(view.desk.now())} UTC; newest decision {words.stamp(newest)}"


def _account(view: View) -> tuple[int, int, int, int, int]:
    rows = view.ask(view.desk.stores.progress)
    if not rows:
        raise Nothing("No data yet", "just demo")
    return (
        sum(row.read for row in rows),
        sum(row.decided for row in rows),
        sum(row.duplicates for row in rows),
        sum(row.quarantined for row in rows),
        len(rows),
    )


def _verdict(view: View) -> Any:
    read, decided, duplicates, refused, _ = _account(view)
    left = read - decided - duplicates - refused
    late = max(row["lag_p99"] for row in _course(view)[-3:])
    text = (
        f"{words.count(read)} read = {words.count(decided)} decided + {words.count(duplicates)} "
        f"duplicates + {words.count(refused)} refused. Lag p99 {words.number(late, 1)} s of late, "
        f"objective {OBJECTIVE_SECONDS:g} s."
    )
    if left:
        return parts.verdict("bad", f"{words.count(left)} events are unaccounted for", text)
    if late > OBJECTIVE_SECONDS:
        return parts.verdict("warn", "Complete, but late", text)
    return parts.verdict("ok", "Complete and in time", text)


def _strip(view: View) -> Any:
    read, decided, duplicates, refused, partitions = _account(view)
    flow = scrape(view.desk.stores.metrics_address)
    course = _course(view)
    now = view.desk.now()
    fresh = {row["table_name"]: row for row in view.ask(quality.freshness).to_pylist()}
    held = fresh.get("decisions", {"rows_held": 0, "newest_at": None, "newest_event_at": None})
    committed = view.desk.lake.committed_at("decisions")
    rate = course[-1]["decided"] / course[-1]["width"]
    version = dict(view.desk.snapshot.versions).get("decisions")
    is_running = flow is not None
    waiting = total(flow, "risk_partition_lag_events") if flow else None
    stages: tuple[tuple[str, str, str, Level, str, str, str, tuple[tuple[str, str], ...]], ...] = (
        (
            "Topic",
            f"{partitions} partition{'' if partitions == 1 else 's'}",
            "waypoints",
            "ok" if is_running else "idle",
            "flowing" if is_running else "at rest",
            words.count(read),
            "events",
            (
                ("Duplicates", words.count(duplicates)),
                ("Refused", words.count(refused)),
                ("Newest event", _since(now, held["newest_event_at"])),
            ),
        ),
        (
            "Flow",
            "Bytewax",
            "workflow",
            "ok" if is_running else "idle",
            "running" if is_running else "not running",
            words.count(rate),
            "events / s",
            (
                ("Lag p99", f"{words.number(course[-1]['lag_p99'], 1)} s"),
                ("Median lag", f"{words.number(course[-1]['lag_p50'], 1)} s"),
                ("Waiting", words.count(waiting) if waiting is not None else "unknown"),
            ),
        ),
        (
            "Silver",
            "PostgreSQL",
            "database",
            "ok",
            "answers",
            words.count(decided),
            "decisions",
            (
                ("Commits", _metric(flow, "risk_commits_total", "silver")),
                ("Retries", _metric(flow, "risk_store_retries_total", "silver")),
                ("Committed", _at(now, flow, "risk_silver_committed_at_seconds")),
            ),
        ),
        (
            "Gold",
            "Delta Lake",
            "layers",
            "ok" if held["rows_held"] == decided else "warn",
            "equal" if held["rows_held"] == decided else "behind",
            words.count(held["rows_held"]),
            "decisions",
            (
                ("Behind silver", words.count(decided - held["rows_held"])),
                ("Version", words.count(version)),
                (
                    "Committed",
                    words.age((now - committed).total_seconds()) if committed else "never",
                ),
            ),
        ),
    )
    shown: list[Any] = []
    for place, (name, note, icon, level, word, value, unit, pairs) in enumerate(stages):
        if place:
            shown.append(html.Div(parts.icon("arrow-right"), className="join"))
        shown.append(
            html.Section(
                [
                    html.Div(
                        [
                            html.Span(parts.icon(icon), className="stage-mark"),
                            html.Div(
                                [
                                    html.H2(name, className="card-title"),
                                    html.P(note, className="card-note"),
                                ]
                            ),
                            html.Span(parts.pill(level, word), className="end"),
                        ],
                        className="row",
                    ),
                    html.Div(
                        [value, html.Span(unit, className="kpi-unit")], className="kpi-value num"
                    ),
                    html.Dl(
                        [
                            part
                            for term, said in pairs
                            for part in (html.Dt(term), html.Dd(said, className="num"))
                        ],
                        className="dl",
                    ),
                ],
                className="card stage",
            )
        )
    return html.Div(shown, className="flow")


def _since(now: datetime, at: datetime | None) -> str:
    """Return how long ago an instant of the lake was: those are naive and mean UTC."""
    return words.age((now - at.replace(tzinfo=UTC)).total_seconds()) if at else "never"


def _metric(flow: Samples | None, name: str, store: str) -> str:
    if flow is None:
        return "unknown"
    return words.count(sum(v for labels, v in flow.get(name, ()) if labels.get("store") == store))


def _at(now: datetime, flow: Samples | None, name: str) -> str:
    value = total(flow, name) if flow else None
    return words.age(now.timestamp() - value) if value else "unknown"


def _throughput(view: View) -> Any:
    rows = _course(view)
    shown = figures.throughput(
        view.scheme,
        [row["bucket"] for row in rows],
        [row["decided"] / row["width"] for row in rows],
    )
    return parts.chart("pl-rate", shown)


def _lag(view: View) -> Any:
    rows = _course(view)
    shown = figures.lag(
        view.scheme,
        [row["bucket"] for row in rows],
        [row["lag_p50"] for row in rows],
        [row["lag_p99"] for row in rows],
        OBJECTIVE_SECONDS,
    )
    return parts.chart("pl-lag", shown)


def _tables(view: View) -> Any:
    rows = []
    for each in view.ask(_files):
        is_small = each.small_files > 10
        rows.append(
            [
                html.Span(each.table, className="mono"),
                words.count(each.rows),
                words.count(each.version),
                words.stamp(each.committed_at),
                words.count(each.files),
                words.count(each.small_files),
                f"{words.number(each.bytes / 1e6, 1)} MB",
                parts.tag("compact", "warn") if is_small else parts.tag("fine"),
            ]
        )
    if not rows:
        raise Nothing("No tables yet", "just demo")
    return parts.table(
        ["Table", "Rows", "Version", "Last commit", "Files", "Small", "Size", "Upkeep"],
        rows,
        right=(1, 2, 3, 4, 5, 6, 7),
    )


def _files(lake: Lake) -> Any:
    return tuple(lake.table_files(small_below=_SMALL_BYTES))


def _running(view: View) -> Any:
    found = view.ask(view.desk.stores.listing)
    champion = next((m for m in found.models if m.version == found.champion), None)
    api = scrape(view.desk.stores.api_address)
    asked = total(api, "risk_api_requests_total") if api else None
    pairs = (
        ("Model", found.champion, (champion.sha256 or "")[:12] if champion else ""),
        ("Challengers", ", ".join(found.challengers) or "none", ""),
        ("Policy", view.desk.stores.policy_version, f"{len(found.policies)} known"),
        ("Registry", f"entry {found.number}", ""),
        (
            "API",
            "running" if api is not None else "not running",
            f"{words.count(asked)} requests" if asked is not None else "",
        ),
    )
    return html.Dl(
        [
            part
            for term, said, note in pairs
            for part in (
                html.Dt(term),
                html.Dd([html.B(said), html.Span(note, className="mono text2")]),
            )
        ],
        className="dl wide",
    )


PAGE: Final = Page(
    path="/pipeline",
    title="Pipeline",
    says=_says,
    placed=(
        Card(key="pl-verdict", draw=_verdict, title="Pipeline", height=66, is_bare=True),
        Card(key="pl-strip", draw=_strip, title="From topic to gold", height=172, is_bare=True),
        Card(
            key="pl-rate",
            draw=_throughput,
            title="Throughput",
            note="decisions a second, the last of the stream",
            span=6,
            height=152,
        ),
        Card(
            key="pl-lag",
            draw=_lag,
            title="Lag",
            note="seconds from event to decision, p99; pale: median",
            span=6,
            height=152,
        ),
        Card(
            key="pl-tables",
            draw=_tables,
            title="Gold tables",
            note="from the Delta log; small: below 8 MB",
            span=8,
            height=210,
            has_data=False,
        ),
        Card(
            key="pl-running",
            draw=_running,
            title="Running",
            note="versions in force",
            span=4,
            height=210,
            has_data=False,
        ),
    ),
    foot="Read from silver, the lake's log, and the flow's and the API's own metrics; no "
    "Prometheus is needed.",
)
