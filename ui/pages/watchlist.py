"""The page Watchlist: who is on it in the period, the most expected loss first."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, get_args

import dash_ag_grid as dag
from dash import ClientsideFunction, Dash, Input, Output, State, html, no_update

from lakehouse.errors import LakehouseError
from lakehouse.lake import book, portfolio
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.session import Lake
from ui.cards import Card, Nothing, View
from ui.data.asking import Desk
from ui.data.filters import parse
from ui.data.period import Month, summed
from ui.look import parts, words
from ui.page import Page

_MOST_ROWS: Final = 200
_ORDERS: Final = frozenset(get_args(portfolio.WatchlistOrder))


def _says(view: View) -> str:
    sums = _sums(view, view.filters.chosen(view.book))
    share = sums[0].watchlist_share if sums else None
    if sums is None or share is None:
        return "No applications in this period"
    whole, on_it = sums
    before = _sums(view, view.filters.compared(view.book))
    was = before[0].watchlist_share if before else None
    change = f", {words.delta_pp(share.value - was.value)} {view.filters.against}" if was else ""
    return (
        f"{words.count(whole.watchlisted)} of {words.count(whole.applications)} applications, "
        f"{words.percent(share.value)} ({words.interval(share.low, share.high)}){change}; "
        f"{' '.join(words.amount(on_it.amount_usd))} asked for, "
        f"{' '.join(words.amount(on_it.expected_usd))} of it expected to be lost before recoveries"
    )


def _sums(view: View, part: Chosen | None) -> tuple[Month, Month] | None:
    """Return a period as a whole, whatever tier is chosen, and the watchlist's part of it."""
    if part is None or part.from_on is None or part.to_on is None:
        return None
    rows = view.ask(book.months, replace(part, tiers=())).to_pylist()
    whole = summed(rows, part.from_on, part.to_on).whole
    on_it = [row for row in rows if row["tier"] == "Watchlist"]
    return whole, summed(on_it, part.from_on, part.to_on).whole


def _page_of(
    lake: Lake,
    chosen: Chosen,
    order: portfolio.WatchlistOrder,
    direction: str,
    first: int,
    limit: int,
) -> Any:
    return portfolio.watchlist(
        lake,
        chosen,
        sorted_by=order,
        is_falling=direction != "asc",
        first=first,
        limit=limit,
    )


def _row(row: Mapping[str, Any], standing: Mapping[str, str]) -> dict[str, Any]:
    return {
        "application_id": row["application_id"],
        "event_id": row["event_id"],
        "applied_on": row["applied_on"].isoformat(),
        "pd": row["pd"],
        "points": row["points"],
        "amount_usd": row["amount_usd"],
        "expected_usd": row["expected_usd"],
        "dti_pct": row["dti_pct"],
        "utilisation_pct": row["utilisation_pct"],
        "purpose": row["purpose"],
        "state": row["state"],
        "reasons": words.reasons(row["reasons"]),
        "disposition": standing.get(row["application_id"], ""),
        "model_version": row["model_version"],
    }


def _wire(app: Dash, desk: Desk) -> None:
    """Feed the grid block by block; a click opens the application."""

    @app.callback(
        Output("watchlist-grid", "getRowsResponse"),
        Input("watchlist-grid", "getRowsRequest"),
        State("filters", "data"),
    )
    async def rows(request: Mapping[str, Any] | None, said: Any) -> Any:
        if not request or said is None:
            return no_update
        try:
            return await asyncio.to_thread(_block, desk, request, said)
        except LakehouseError:
            return {"rowData": [], "rowCount": 0}

    app.clientside_callback(
        ClientsideFunction("ui", "refill"),
        Output("watchlist-grid", "id"),
        Input("filters", "data"),
        Input({"tick": "/watchlist 0"}, "data"),
        prevent_initial_call=True,
    )

    app.clientside_callback(
        ClientsideFunction("ui", "open"),
        Output("url", "pathname", allow_duplicate=True),
        Output("url", "search", allow_duplicate=True),
        Input("watchlist-grid", "cellClicked"),
        State("url", "search"),
        prevent_initial_call=True,
    )


def _block(desk: Desk, request: Mapping[str, Any], said: Any) -> dict[str, Any]:
    filters = parse(said)
    view = View(desk, filters, "light")
    chosen = filters.chosen(view.book)
    first = max(int(request.get("startRow") or 0), 0)
    limit = min(max(int(request.get("endRow") or 100) - first, 1), _MOST_ROWS)
    order: portfolio.WatchlistOrder = "expected_usd"
    direction = "desc"
    for each in request.get("sortModel") or ():
        if each.get("colId") in _ORDERS:  # so it is one of the orders
            order, direction = each["colId"], str(each.get("sort"))
            break
    found = desk.ask(_page_of, chosen, order, direction, first, limit).value.to_pylist()
    standing = desk.stores.standing([row["application_id"] for row in found])
    total = found[0]["rows_in_all"] if found else first
    return {"rowData": [_row(row, standing) for row in found], "rowCount": total}


def _grid(view: View) -> Any:
    """Return nothing to see: the grid asks for its rows itself; this keeps SQL and CSV at hand."""
    chosen = view.filters.chosen(view.book)
    found = view.ask(_page_of, chosen, "expected_usd", "desc", 0, 100)
    if not found.num_rows:
        raise Nothing(
            "Nobody on the watchlist in this period",
            None if view.book.decisions else "just demo",
        )
    return None


def _worked(view: View) -> Any:
    """Judge how much of the list has been worked through, and how often against the tier."""
    tally = view.desk.stores.tally()
    done = tally.approved + tally.declined + tally.referred
    if not done:
        return parts.verdict(
            "idle",
            "No dispositions yet",
            "Open an application to approve, decline or refer it, with a reason.",
        )
    return parts.verdict(
        "ok",
        f"{words.count(done)} worked through",
        f"{words.count(tally.approved)} approved, {words.count(tally.declined)} declined, "
        f"{words.count(tally.referred)} referred. Override rate "
        f"{words.percent(tally.override_rate)}: approved although on the watchlist, "
        f"of n {words.count(done)} standing dispositions.",
    )


def _number(field: str, head: str, form: str, width: int) -> dict[str, Any]:
    return {
        "field": field,
        "headerName": head,
        "type": "rightAligned",
        "width": width,
        "valueFormatter": {"function": f"{form}(params.value)"},
        "sortable": field in _ORDERS,
    }


_COLUMNS: Final = [
    {
        "field": "application_id",
        "headerName": "Application",
        "pinned": "left",
        "width": 138,
        "cellClass": "linklike",
    },
    {"field": "applied_on", "headerName": "Applied", "width": 118, "sortable": True},
    _number("pd", "PD", "percent", 78),
    _number("points", "Points", "whole", 84),
    _number("amount_usd", "Amount (USD)", "whole", 116),
    {**_number("expected_usd", "PD \N{MULTIPLICATION SIGN} amount", "whole", 128), "sort": "desc"},
    {
        "field": "reasons",
        "headerName": "Reasons",
        "minWidth": 280,
        "flex": 1,
        "tooltipField": "reasons",
    },
    _number("dti_pct", "DTI (%)", "tenth", 92),
    _number("utilisation_pct", "Utilisation (%)", "tenth", 122),
    {
        "field": "purpose",
        "headerName": "Purpose",
        "width": 146,
        "valueFormatter": {"function": "words(params.value)"},
    },
    {"field": "state", "headerName": "State", "width": 72},
    {"field": "disposition", "headerName": "Disposition", "width": 118},
    {"field": "model_version", "headerName": "Model", "width": 116},
]


PAGE: Final = Page(
    path="/watchlist",
    title="Watchlist",
    says=_says,
    wire=_wire,
    placed=(
        Card(
            key="wl-work",
            draw=_worked,
            title="Dispositions",
            height=66,
            is_bare=True,
        ),
        Card(
            key="wl-rows",
            draw=_grid,
            title="Applications on the watchlist",
            note="the most expected loss first, unless a column's head says otherwise; "
            "a click opens one",
            height=0,
            css="slim",
        ),
        html.Div(
            dag.AgGrid(
                id="watchlist-grid",
                columnDefs=_COLUMNS,
                rowModelType="infinite",
                getRowId="params.data.event_id",
                defaultColDef={"sortable": False, "resizable": True, "suppressMovable": True},
                dashGridOptions={
                    "theme": {
                        "function": "themeQuartz.withParams({backgroundColor:'var(--card)',"
                        "foregroundColor:'var(--text)',borderColor:'var(--line)',"
                        "headerBackgroundColor:'var(--card)',headerTextColor:'var(--text2)',"
                        "rowHoverColor:'var(--accent-soft)',fontFamily:'Inter',fontSize:12.5,"
                        "headerFontSize:12,headerFontWeight:600,wrapperBorderRadius:10,"
                        "spacing:7,accentColor:'var(--accent)'})"
                    },
                    "cacheBlockSize": 100,
                    "maxBlocksInCache": 12,
                    "rowHeight": 34,
                    "headerHeight": 38,
                    "infiniteInitialRowCount": 24,
                    "tooltipShowDelay": 300,
                    "suppressCellFocus": False,
                },
                style={"height": "calc(100vh - 330px)", "minHeight": "420px"},
            ),
            className="s12 grid-wrap",
        ),
    ),
)
