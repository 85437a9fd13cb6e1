"""Evidently's reports: listed on Drift, opened in a frame that can only draw them."""

from typing import Any, Final

from dash import ALL, Dash, Input, Output, ctx, html, no_update
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse

from lakehouse.errors import LakehouseError
from lakehouse.lake.monitoring import recorded_reports
from lakehouse.monitoring.reports import read_report
from ui.cards import Card, Nothing, View
from ui.data.asking import Desk, off_loop, said_of
from ui.look import parts, words

_PATH: Final = "/reports/{sha256}"
_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; worker-src blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A report brings its scripts inline; it gets no origin, so it reaches no page, cookie or host."""


def serve(server: FastAPI, desk: Desk) -> None:
    """Serve each report that the index names, by its checksum."""

    @server.get(_PATH, include_in_schema=False)
    async def report(sha256: str) -> Response:
        try:
            content = await off_loop(read_report, desk.lake, desk.stores.lake_uri, sha256)
        except LakehouseError as error:
            code, what = said_of(error)
            return PlainTextResponse(f"{code}: {what}", 404)
        headers = {
            "content-security-policy": _POLICY,
            "x-frame-options": "SAMEORIGIN",
            "cache-control": "private, max-age=3600",
        }
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)


def register(app: Dash) -> None:
    """Open a report in the drawer."""

    @app.callback(
        Output("drawer", "opened", allow_duplicate=True),
        Output("drawer", "title", allow_duplicate=True),
        Output("drawer-body", "children", allow_duplicate=True),
        Input({"report": ALL, "named": ALL}, "n_clicks"),
        prevent_initial_call=True,
    )
    async def show(clicks: list[int | None]) -> Any:
        which = ctx.triggered_id
        if not any(clicks) or not which:
            return no_update, no_update, no_update
        href = _PATH.format(sha256=which["report"])
        return (
            True,
            which["named"],
            [
                html.P(
                    "Rendered on a sample; it illustrates. The figures that decide are this "
                    "page's.",
                    className="card-note",
                ),
                html.Iframe(
                    src=href, title=which["named"], className="report", sandbox="allow-scripts"
                ),
            ],
        )


def _listed(view: View) -> Any:
    found = view.ask(recorded_reports).to_pylist()
    if not found:
        raise Nothing("No report is rendered yet", "just monitor")
    return parts.table(
        ["Period", "Report", "Model", "Decisions", "Size", "Rendered (UTC)", ""],
        [
            [
                words.month(row["period"]) if row["grain"] == "month" else str(row["period"]),
                _name(row["kind"]),
                row["model_version"],
                words.count(row["rows_seen"]),
                f"{words.number(row['size_bytes'] / 1e6, 1)} MB",
                words.stamp(row["recorded_at"]),
                html.Button(
                    "Open",
                    id={
                        "report": row["sha256"],
                        "named": f"{_name(row['kind'])}, {row['period']:%Y-%m}",
                    },
                    className="btn tiny",
                    type="button",
                ),
            ]
            for row in found
        ],
        right=(3, 4, 5),
    )


def _name(kind: str) -> str:
    return kind.removesuffix(".html").replace("_", " ").capitalize()


CARD: Final = Card(
    key="dr-reports",
    draw=_listed,
    title="Evidently's reports",
    note="rendered by the monitoring job on samples, newest period first",
    height=120,
    css="tall-list",
)
