"""The Dash application over a lake: open its parts, connect its pages, set its headers."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from dash import Dash, Input, Output, State, html
from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware

from lakehouse.lake.copied import CopiedLake
from lakehouse.postgres.migrate import migrate
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from ui import reports, vendor
from ui.access.gate import Gate
from ui.access.headers import SecurityHeaders
from ui.access.who import current_user
from ui.access.wiring import gate_parts
from ui.data.asking import Desk
from ui.data.questions import Stores
from ui.frame import export, live, options, shell
from ui.frame.kept import KeptFiles
from ui.frame.live import Watch
from ui.frame.warm import Warm
from ui.groups import opened, register
from ui.look.tokens import as_css
from ui.pages import (
    alerts,
    application,
    challenger,
    cutoffs,
    drift,
    overview,
    performance,
    pipeline,
    quality,
    vintages,
    watchlist,
)
from ui.vendor import PLOTLY

PAGES: Final = (
    overview.PAGE,
    watchlist.PAGE,
    application.PAGE,
    vintages.PAGE,
    performance.PAGE,
    drift.PAGE,
    challenger.PAGE,
    cutoffs.PAGE,
    alerts.PAGE,
    quality.PAGE,
    pipeline.PAGE,
)

_LAKE_MEMORY_MB: Final = 400
_NOT_AT_ONCE: Final = ("/polyfill@", "/dash_table/", "/dash_ag_grid.")
"""Of Dash's scripts, half by size: what old browsers lack (but for `assets/regenerator-runtime.js`,
regenerator-runtime 0.14.1 from npm, which Dash's own parts call), and what few pages show."""

_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
<head>
{%metas%}<title>{%title%}</title>{%favicon%}
<script src="/assets/scheme.js"></script>
<style>TOKENS</style>{%css%}
</head>
<body>{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}
<script src="/vendor/PLOTLY"></script></footer></body>
</html>"""


def _index(app: Dash) -> Callable[..., str]:
    """Return Dash's own index without what a browser does not need at once."""
    whole = app.interpolate_index

    def lighter(**parts: str) -> str:
        scripts = parts["scripts"].split("\n")
        (grid,) = (each for each in scripts if "/dash_ag_grid." in each)
        address = grid.partition('src="')[2].partition('"')[0]
        parts["scripts"] = "\n".join(
            each for each in scripts if not any(word in each for word in _NOT_AT_ONCE)
        )
        parts["metas"] += f'<meta name="grid-library" content="{address}">'
        return str(whole(**parts))

    return lighter


def create_app(
    settings: Settings, stack: ExitStack, *, now: Callable[[], datetime]
) -> tuple[Any, Dash]:
    """Return the ASGI application and its Dash half; `stack` closes what they hold.

    Raises
    ------
    LakehouseError
        What failed, where, and what to do.
    """
    lake = CopiedLake(settings.lake_uri, memory_mb=_LAKE_MEMORY_MB)
    stack.callback(lake.close)
    silver_dsn = stack.enter_context(open_silver(settings))
    migrate(silver_dsn)
    desk = Desk(lake, Stores(settings, silver_dsn, now=now), now=now)
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = Dash(
        "ui",
        server=server,
        backend="fastapi",
        assets_folder=str(Path(__file__).parent / "assets"),
        assets_ignore=r"scheme\.js",
        suppress_callback_exceptions=True,
        title="Credit risk monitor",
        update_title="",
        serve_locally=True,
    )
    app.index_string = _INDEX.replace("TOKENS", as_css()).replace("PLOTLY", PLOTLY)
    app.interpolate_index = _index(app)
    server.add_middleware(GZipMiddleware, minimum_size=500, compresslevel=6)
    server.add_middleware(KeptFiles)
    vendor.serve(server)
    reports.serve(server, desk)
    has_gate = settings.ui_auth != "off"
    app.layout = lambda: shell.layout(current_user().name if has_gate else "")
    shell.register(app)
    options.register(app, desk)
    pages = {page.path: page for page in PAGES}
    for page in PAGES:
        register(app, desk, page)
        page.wire(app, desk)
    reports.register(app)
    export.register(app, desk, PAGES)

    warm = Warm(
        desk, overview.PAGE.cards, [c for p in PAGES[1:] if not p.is_single for c in p.cards]
    )
    watch = Watch(desk, now=now, foot=lambda: options.foot(desk), is_new=warm.again)
    for thread in (watch, warm):
        thread.start()
        stack.callback(thread.close)
    live.register(app, watch)

    @app.callback(
        Output("main", "children"),
        Input("route", "data"),
        State("filters", "data"),
        State("scheme", "data"),
    )
    async def show(path: str | None, said: Any, scheme: Any) -> Any:
        if path is None:
            return None
        page = pages.get(path) or pages.get("/" + path.split("/")[1])
        if page is None:
            return _unknown(path)
        return await opened(page, desk, path, said, scheme, number=watch.number)

    _set_up(app)
    guarded = Gate(server, *gate_parts(settings, silver_dsn, now=now)) if has_gate else server
    return SecurityHeaders(guarded, app.csp_hashes), app


def _set_up(app: Dash) -> None:
    """Do what Dash does at its first request for `/`: any other page may be asked for first."""
    for hook in app.backend._before_request_funcs:  # noqa: SLF001 - Dash has no public way
        found = hook()
        if asyncio.iscoroutine(found):
            asyncio.run(found)


def _unknown(path: str) -> Any:
    return html.Div(
        [
            html.H1("There is no such page", className="page-title"),
            html.P(path[:80], className="page-sub"),
        ],
        className="page",
    )


def serve(settings: Settings) -> None:
    """Serve until asked to stop."""
    with ExitStack() as stack:
        asgi, _ = create_app(settings, stack, now=lambda: datetime.now(UTC))
        host, _, port = settings.ui_address.rpartition(":")
        uvicorn.run(
            asgi,
            host=host.strip("[]"),
            port=int(port),
            loop="uvloop",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=3,
        )
