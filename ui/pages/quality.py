"""The page Data quality: missing values, issues of the cleaning, refused events and why."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from dash import ALL, Dash, Input, Output, ctx, html, no_update

from lakehouse.lake import book, quality
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.queries import quarantine_by_code
from lakehouse.lake.session import Lake
from risk.contract.application import REJECT_CODES, RejectCode
from ui.cards import Card, Nothing, View
from ui.data.asking import Desk
from ui.figures import quality as figures
from ui.look import parts, words
from ui.page import Page

_NEWEST: Final = 50
_FIELDS_SHOWN: Final = 14
_ISSUES_SHOWN: Final = 12
_SHOWN_BYTES: Final = 4_000


def _refused(lake: Lake) -> Any:
    return quality.quarantined(lake, limit=_NEWEST)


def _says(view: View) -> str:
    rows = view.ask(view.desk.stores.progress)
    read = sum(row.read for row in rows)
    refused = sum(row.quarantined for row in rows)
    recovered = sum(row.recovered for row in rows)
    if not read:
        return (
            "No flow has read anything yet; what is shown here was loaded as history."
            if view.book.decisions
            else "Nothing has been read yet."
        )
    after_all = f"; {words.count(recovered)} more were recovered by a replay" if recovered else ""
    return (
        f"{words.count(refused)} of {words.count(read)} events refused "
        f"({words.percent(refused / read, 2)}), kept with their bytes and a reason{after_all}"
    )


def _missing(view: View) -> dict[str, dict[date, tuple[int, int]]]:
    rows = view.ask(quality.nulls_by_field, view.filters.chosen(view.book)).to_pylist()
    found: dict[str, dict[date, tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["field"], {})[row["period"]] = (row["missing"], row["decisions"])
    if not found:
        raise Nothing("No applications here", None if view.book.decisions else "just demo")
    return found


def _heat(view: View) -> Any:
    found = _missing(view)
    months = sorted({month for held in found.values() for month in held})

    def overall(name: str) -> float:
        held = found[name].values()
        return sum(m for m, _ in held) / max(sum(n for _, n in held), 1)

    names = [name for name in sorted(found, key=overall, reverse=True) if overall(name) > 0]
    legend = parts.legend(
        ("", "void", "as in the other months, or within chance"),
        ("", "heat-1", "less often"),
        ("", "heat-3", "more often"),
        ("", "heat-4", "twice as often or more"),
    )
    if not names:
        raise Nothing("No field is missing in this period", None)
    shown = figures.missing(view.scheme, names[:_FIELDS_SHOWN], months, found)
    return parts.chart("dq-heat", shown, legend)


def _issues(view: View) -> Any:
    noticed, applications = _noticed(view, view.filters.chosen(view.book))
    if not noticed:
        raise Nothing("Cleaning noticed nothing in this period")
    compared = view.filters.compared(view.book)
    before, earlier = _noticed(view, compared) if compared else ({}, 0)
    head = ["Field", "What was noticed", "Applications", "Share"]
    head += [view.filters.against.removeprefix("vs ").capitalize()] if earlier else []
    rows = []
    for key, n in sorted(noticed.items(), key=lambda pair: -pair[1])[:_ISSUES_SHOWN]:
        field, what = key
        row = [words.input_name(field), what.replace("_", " "), words.count(n)]
        row.append(words.percent(n / applications))
        rows.append([*row, words.percent(before.get(key, 0) / earlier)] if earlier else row)
    return parts.table(head, rows, right=(2, 3, 4))


def _noticed(view: View, chosen: Chosen) -> tuple[dict[tuple[str, str], int], int]:
    """Return applications by field and issue, and all applications of the period."""
    counts: dict[tuple[str, str], int] = {}
    for row in view.ask(quality.issues_by_field, chosen).to_pylist():
        key = (row["field"], row["issue"])
        counts[key] = counts.get(key, 0) + row["decisions"]
    every = view.ask(book.months, chosen).to_pylist()
    return counts, sum(row["applications"] for row in every)


def _breaches(view: View) -> Any:
    rows = view.ask(quarantine_by_code).to_pylist()
    if not rows:
        raise Nothing("No event was refused")
    return parts.table(
        ["Code", "Meaning", "Stage", "Held", "Recovered", "Last seen", "Last recovered"],
        [
            [
                html.Span(row["code"], className="mono"),
                _meaning(row["code"]),
                row["stage"],
                words.count(row["events"]),
                words.count(row["recovered"]),
                html.Span(words.stamp(row["last_seen_at"]), className="nowrap"),
                html.Span(words.stamp(row["last_recovered_at"]), className="nowrap"),
            ]
            for row in rows
        ],
        right=(3, 4),
    )


def _meaning(code: str) -> str:
    return REJECT_CODES[RejectCode(code)][1] if code in set(RejectCode) else ""


def _grid(view: View) -> Any:
    rows = view.ask(_refused).to_pylist()
    if not rows:
        raise Nothing("No event was refused")
    shown = [
        [
            html.Span(words.stamp(row["first_seen_at"]), className="nowrap"),
            html.Span(row["code"], className="mono"),
            row["reason"][:120],
            html.Span(f"{row['part']}:{row['off']}", className="mono text2", title=row["topic"]),
            words.count(row["raw_size"]),
            html.Button(
                [parts.icon("file-text"), "Bytes"],
                id={"bytes": f"{row['topic']}|{row['part']}|{row['off']}"},
                className="btn tiny",
                type="button",
            ),
        ]
        for row in rows
    ]
    total = rows[0]["rows_in_all"]
    return [
        html.P(
            f"The newest {len(rows)} of {words.count(total)}; CSV and SQL have the bytes.",
            className="card-note num",
        ),
        parts.table(
            ["First seen", "Code", "Reason", "Position", "Bytes", "Look"], shown, right=(4, 5)
        ),
    ]


def _wire(app: Dash, desk: Desk) -> None:
    """Open an event's bytes in the drawer, escaped."""

    @app.callback(
        Output("drawer", "opened", allow_duplicate=True),
        Output("drawer", "title", allow_duplicate=True),
        Output("drawer-body", "children", allow_duplicate=True),
        Input({"bytes": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    async def look(clicks: list[int | None]) -> Any:
        which = ctx.triggered_id
        if not any(clicks) or not which:
            return no_update, no_update, no_update
        topic, part, off = str(which["bytes"]).rsplit("|", 2)
        for row in desk.ask(_refused).value.to_pylist():
            if (row["topic"], str(row["part"]), str(row["off"])) == (topic, part, off):
                return True, f"Refused: {row['code']}", _bytes(row)
        return no_update, no_update, no_update


def _bytes(row: Mapping[str, Any]) -> list[Any]:
    raw: bytes = row["raw"] or b""
    text = raw[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    shown = "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in text
    )
    cut = f", the first {_SHOWN_BYTES:,} shown" if len(raw) > _SHOWN_BYTES else ""
    return [
        html.P(row["reason"]),
        html.P(
            f"{words.count(row['raw_size'])} bytes{cut}; sha256 {row['raw_sha256'] or 'none'}; "
            f"{row['topic']}, partition {row['part']}, offset {row['off']}",
            className="card-note",
        ),
        html.Pre(shown or "(no bytes)", className="sql", tabIndex=0),
    ]


PAGE: Final = Page(
    path="/quality",
    title="Data quality",
    says=_says,
    wire=_wire,
    placed=(
        Card(
            key="dq-heat",
            draw=_heat,
            title="Missing by field and month",
            note="share of applications without the field, %; coloured where it leaves the other "
            "months beyond chance, all cells judged together",
            height=200,
        ),
        Card(
            key="dq-codes",
            draw=_breaches,
            title="Refused by code",
            note="all time; recovered are decided after all, or duplicates, by a replay",
            span=7,
            height=200,
        ),
        Card(
            key="dq-issues",
            draw=_issues,
            title="Noticed while cleaning",
            note="decided all the same; most frequent first",
            span=5,
            height=200,
        ),
        Card(
            key="dq-grid",
            draw=_grid,
            title="Quarantine",
            note="refused events, newest first; their bytes are kept and shown escaped",
            height=300,
            css="tall-list",
        ),
    ),
)
