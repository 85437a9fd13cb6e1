"""The choices of the filter bar, and the text at the foot of the navigation."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dash import ALL, Dash, Input, Output, State

from lakehouse.errors import LakehouseError
from lakehouse.lake import book
from risk.errors import RiskError
from ui.cards import Nothing, View
from ui.data.asking import Desk
from ui.data.filters import PageFilters
from ui.open_alerts import counts


def register(app: Dash, desk: Desk) -> None:
    """Fill the choices when a page is opened."""
    names = ("tier", "term", "purpose", "state", "model")

    @app.callback(*(Output({"filter": name}, "data") for name in names), Input("scheme", "data"))
    async def fill(_scheme: Any) -> Any:
        try:
            found = (await asyncio.to_thread(desk.ask, book.choices)).value.to_pylist()
        except LakehouseError:
            return [[] for _ in names]
        by_kind: dict[str, list[str]] = {name: [] for name in names}
        for row in found:
            by_kind[row["kind"]].append(row["value"])
        return (
            ["Low", "Elevated", "Watchlist"],
            [{"value": term, "label": f"{term} months"} for term in by_kind["term"]],
            [{"value": each, "label": each.replace("_", " ")} for each in by_kind["purpose"]],
            by_kind["state"],
            by_kind["model"],
        )

    @app.callback(
        Output({"badge": ALL}, "children"),
        Output({"badge": ALL}, "className"),
        Input("route", "data"),
        State({"badge": ALL}, "id"),
    )
    async def badges(_path: Any, ids: Sequence[Mapping[str, str]]) -> Any:
        try:
            found = await asyncio.to_thread(lambda: counts(View(desk, PageFilters(), "light")))
        except (LakehouseError, RiskError, Nothing):
            found = {}
        texts = [str(found.get(each["badge"]) or "") for each in ids]
        return texts, ["badge" if each["badge"] != "/quality" else "badge warn" for each in ids]


def foot(desk: Desk) -> str:
    """Return which versions decide, and which version of gold is shown."""
    version = dict(desk.snapshot.versions).get("decisions")
    gold = "no gold yet" if version is None else f"gold v{version}"
    try:
        found = desk.ask(desk.stores.listing).value
    except LakehouseError:
        return gold
    return f"{found.champion} \N{MIDDLE DOT} {desk.stores.policy_version} \N{MIDDLE DOT} {gold}"
