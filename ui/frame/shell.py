"""The frame around every page: header, navigation, filter bar, drawer."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import dash_mantine_components as dmc
from dash import ALL, MATCH, ClientsideFunction, Dash, Input, Output, State, dcc, html

from ui.data.filters import COMPARE, PERIODS
from ui.look import parts


class Entry(NamedTuple):
    """One link of the navigation."""

    href: str
    word: str
    icon: str


NAVIGATION: Final[Sequence[tuple[str, Sequence[Entry]]]] = (
    (
        "Book",
        (
            Entry("/", "Overview", "layout-dashboard"),
            Entry("/watchlist", "Watchlist", "list-filter"),
            Entry("/vintages", "Vintages", "layers"),
        ),
    ),
    (
        "Model",
        (
            Entry("/performance", "Performance", "chart-line"),
            Entry("/drift", "Drift", "activity"),
            Entry("/challenger", "Champion / challenger", "git-compare-arrows"),
            Entry("/cutoffs", "Cut-offs", "sliders-horizontal"),
        ),
    ),
    (
        "Operations",
        (
            Entry("/alerts", "Alerts", "bell"),
            Entry("/quality", "Data quality", "shield-check"),
            Entry("/pipeline", "Pipeline", "workflow"),
        ),
    ),
)

_FILTERS: Final = ("period", "compare", "tier", "term", "purpose", "state", "model")


def layout(user: str) -> Any:
    """Return the frame; it holds no data."""
    return dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="filters"),
            dcc.Store(id="scheme"),
            dcc.Store(id="route"),
            dcc.Store(id="pulse"),
            dcc.Store(id="paused", data=False),
            dcc.Store(id="asked-sql"),
            dcc.Store(id="asked-csv"),
            dcc.Download(id="download"),
            html.A("Skip to the page", href="#main", className="skip"),
            _topbar(user),
            _sidebar(),
            html.Div(
                [
                    _filterbar(),
                    html.Main(id="main", className="main", tabIndex=-1),
                ],
                className="content",
            ),
            dmc.Drawer(
                html.Div(id="drawer-body"),
                id="drawer",
                title="",
                position="right",
                size="min(680px, 92vw)",
                className="drawer",
                zIndex=300,
                closeButtonProps={"aria-label": "Close"},
            ),
        ],
        id="mantine",
        defaultColorScheme="auto",
        theme={"fontFamily": "Inter, system-ui, sans-serif", "primaryColor": "indigo"},
    )


def _topbar(user: str) -> Any:
    return html.Header(
        [
            dcc.Link(
                [html.Span(parts.icon("scale"), className="brand-mark"), "Credit risk monitor"],
                href="/",
                className="brand",
            ),
            html.Div(
                [
                    html.Span(
                        [
                            html.Span(id="fresh-dot", className="dot idle"),
                            html.Span("Connecting", id="fresh", className="num"),
                        ],
                        className="pill",
                        role="status",
                    ),
                    _tool("pause", "toggle-pause", "Pause live updates", "pause-icon"),
                    _tool("sun", "toggle-scheme", "Light or dark", "scheme-icon"),
                    html.Span(user[:2].upper(), className="avatar", title=f"Signed in as {user}")
                    if user
                    else None,
                    html.Form(
                        html.Button(
                            parts.icon("log-out"),
                            className="tool",
                            title="Sign out",
                            type="submit",
                            **{"aria-label": "Sign out"},
                        ),
                        method="post",
                        action="/logout",
                    )
                    if user
                    else None,
                ],
                className="topbar-end",
            ),
        ],
        className="topbar",
    )


def _tool(name: str, identity: str, label: str, icon_id: str) -> Any:
    return html.Button(
        parts.icon(name, id=icon_id),
        id=identity,
        className="tool",
        type="button",
        title=label,
        **{"aria-label": label},
    )


def _sidebar() -> Any:
    links = []
    for group, entries in NAVIGATION:
        links.append(html.P(group, className="nav-group"))
        links += [
            dcc.Link(
                [
                    parts.icon(entry.icon),
                    entry.word,
                    html.Span(id={"badge": entry.href}, className="badge"),
                ],
                href=entry.href,
                id={"nav": entry.href},
                className="nav-link",
            )
            for entry in entries
        ]
    return html.Aside(
        [
            html.Nav(links, **{"aria-label": "Pages"}),
            html.Div(id="versions", className="sidebar-foot num"),
        ],
        className="sidebar",
        **{"aria-label": "Navigation and versions"},
    )


def _filterbar() -> Any:
    def many(name: str, word: str, width: int) -> Any:
        return dmc.MultiSelect(
            id={"filter": name},
            placeholder=word,
            data=[],
            clearable=True,
            searchable=name in {"purpose", "state"},
            size="xs",
            w=width,
            maxDropdownHeight=320,
            hidePickedOptions=False,
            **{"aria-label": word},
        )

    return html.Div(
        [
            dmc.Select(
                id={"filter": "period"},
                data=[{"value": key, "label": word} for key, word in PERIODS.items()],
                value="12m",
                allowDeselect=False,
                size="xs",
                w=154,
                leftSection=parts.icon("calendar"),
                **{"aria-label": "Period, by date of application"},
            ),
            dmc.Select(
                id={"filter": "compare"},
                data=[{"value": key, "label": word} for key, word in COMPARE.items()],
                value="year",
                allowDeselect=False,
                size="xs",
                w=142,
                **{"aria-label": "Compare with"},
            ),
            many("tier", "Tier", 96),
            many("term", "Term", 96),
            many("purpose", "Purpose", 112),
            many("state", "State", 92),
            many("model", "Model", 98),
            html.Div(
                [
                    html.Button("Clear", id="clear", className="linkish", type="button"),
                    html.Button(
                        parts.icon("link", id="copy-icon"),
                        id="copy",
                        className="tool plain",
                        type="button",
                        title="Copy the link to this view",
                        **{"aria-label": "Copy the link to this view"},
                    ),
                ],
                className="filterbar-end",
            ),
        ],
        className="filterbar",
        role="search",
        **{"aria-label": "Filters"},
    )


def register(app: Dash) -> None:
    """Wire the frame up, all of it in the browser."""

    def client(name: str, *wires: Any, **more: Any) -> None:
        app.clientside_callback(ClientsideFunction("ui", name), *wires, **more)

    controls = [({"filter": name}, "value") for name in _FILTERS]
    client(
        "filters",
        Output("filters", "data"),
        Output("url", "search"),
        *(Output(*each) for each in controls),
        Input("url", "search"),
        Input("clear", "n_clicks"),
        *(Input(*each) for each in controls),
    )
    client(
        "route",
        Output("route", "data"),
        Input("url", "pathname"),
        Input("filters", "data"),
        Input("scheme", "data"),
        State("route", "data"),
    )
    client(
        "periods",
        Output({"filter": "period"}, "data"),
        Input({"filter": "period"}, "value"),
        State({"filter": "period"}, "data"),
    )
    client(
        "nav",
        Output({"nav": ALL}, "className"),
        Output({"nav": ALL}, "href"),
        Input("url", "pathname"),
        Input("url", "search"),
        State({"nav": ALL}, "id"),
    )
    client(
        "scheme",
        Output("scheme", "data"),
        Output("mantine", "forceColorScheme"),
        Output("scheme-icon", "className"),
        Input("toggle-scheme", "n_clicks"),
        State("scheme", "data"),
    )
    client(
        "pause",
        Output("paused", "data"),
        Output("pause-icon", "className"),
        Output("toggle-pause", "title"),
        Input("toggle-pause", "n_clicks"),
        State("paused", "data"),
        prevent_initial_call=True,
    )
    client(
        "gate",
        Output({"tick": ALL}, "data"),
        Input("pulse", "data"),
        Input({"busy": ALL}, "data"),
        Input("paused", "data"),
        State({"tick": ALL}, "data"),
        prevent_initial_call=True,
    )
    client(
        "retry",
        Output({"tick": ALL}, "data", allow_duplicate=True),
        Input({"retry": ALL}, "n_clicks"),
        State({"tick": ALL}, "data"),
        prevent_initial_call=True,
    )
    client(
        "late",
        Output({"owed": MATCH}, "data"),
        Input({"late": MATCH}, "data"),
        State("filters", "data"),
        State("scheme", "data"),
    )
    # Dash matches wildcards by their key, so what belongs together shares one.
    client(
        "zoom",
        Output({"graph": MATCH, "part": "zoom"}, "data"),
        Input({"graph": MATCH}, "relayoutData"),
        State({"graph": MATCH, "part": "zoom"}, "data"),
        prevent_initial_call=True,
    )
    client(
        "freshness",
        Output("fresh", "children"),
        Output("fresh-dot", "className"),
        Output("versions", "children"),
        Input("pulse", "data"),
        Input("paused", "data"),
        prevent_initial_call=True,
    )
    client("copy", Output("copy-icon", "className"), Input("copy", "n_clicks"))
