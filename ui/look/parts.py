"""Components that pages are made of: cards, figures in words, verdicts, states."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import quote

from dash import dcc, html

Level = Literal["ok", "warn", "bad", "idle"]
Component = Any

_MARKS: Final[Mapping[Level, str]] = {
    "ok": "circle-check",
    "warn": "triangle-alert",
    "bad": "circle-alert",
    "idle": "info",
}
_GRAPH_CONFIG: Final = {"displayModeBar": False, "responsive": True, "doubleClick": "reset"}
_SPARK: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 24" preserveAspectRatio="none">'
    '<path d="{path}" fill="none" stroke="black" stroke-width="1.5" stroke-linejoin="round" '
    'vector-effect="non-scaling-stroke"/></svg>'
)
_SPARK_WIDTH: Final = 100.0
_SPARK_HEIGHT: Final = 24.0


def icon(name: str, **properties: Any) -> Component:
    """Return an icon; it says nothing to a screen reader, so a word stands beside it."""
    return html.Span(className=f"icon icon-{name}", **{"aria-hidden": "true", **properties})


def card(
    key: str, title: str, note: str, body: Mapping[str, Any], *, has_data: bool = True
) -> Component:
    """Return a card: its title, note and tools above its body."""
    words = html.Div(
        [
            html.H2(title, className="card-title", id=f"{key}-title"),
            html.P(note, className="card-note"),
        ]
    )
    return html.Section(
        [
            html.Div([words, tools(key, title) if has_data else None], className="card-head"),
            html.Div(className="card-body", **body),
        ],
        className="card",
        **{"aria-labelledby": f"{key}-title"},
    )


def tools(key: str, title: str) -> Component:
    """Return what every card offers: its rows as CSV, the SQL behind it, and its lineage."""
    return html.Div(
        [
            _tool("code", "sql", key, f"Show the SQL and lineage of {title}"),
            _tool("download", "csv", key, f"Download {title} as CSV"),
        ],
        className="card-tools",
    )


def _tool(name: str, kind: str, key: str, label: str) -> Component:
    """Return a button that asks for something of a card; it has no id, which each costs time."""
    return html.Button(
        icon(name),
        className="tool",
        title=label,
        type="button",
        **{"aria-label": label, "data-ask": kind, "data-card": key},
    )


def chart(key: str, figure: Mapping[str, Any], above: Component = None) -> list[Component]:
    """Return a chart that fills its card, its legend above it."""
    shown = graph(key, figure)
    return [above, shown] if above is not None else [shown]


def graph(key: str, figure: Mapping[str, Any]) -> Component:
    """Return a figure as high as it says it is."""
    return dcc.Graph(
        id={"graph": key},
        figure=figure,
        config=_GRAPH_CONFIG,
        style={"height": figure["layout"]["height"], "width": "100%"},
        responsive=True,
    )


def skeleton() -> Component:
    """Return what stands where a figure will be."""
    return html.Div(
        html.Span("Loading", className="sr"), className="skeleton", **{"aria-busy": "true"}
    )


def empty(
    title: str = "No data yet", hint: str | None = "just demo", *, name: str = "inbox"
) -> Component:
    """Return what stands where there is nothing to show, and the command that brings something."""
    return html.Div(
        [icon(name), html.B(title), html.Code(hint) if hint else None], className="state"
    )


def few(said: str) -> Component:
    """Return what stands where there are too few to tell."""
    return html.Div([icon("info"), html.Span(said)], className="state")


def failed(key: str, code: str, what: str) -> Component:
    """Return what stands where a question failed: what, its code, and a way to ask again."""
    return html.Div(
        [
            icon("plug-zap"),
            html.B("This could not be read"),
            html.Span(what),
            html.Code(code),
            html.Button(
                [icon("refresh-cw"), "Try again"],
                id={"retry": key},
                className="btn",
                type="button",
            ),
        ],
        className="state bad",
        role="alert",
    )


def stale(since: str, shown: Component) -> Component:
    """Return the last figure that there was, paled, with the instant it is of."""
    return html.Div(
        [
            html.P(f"As of {since} UTC: the lake does not answer now.", className="stale-note"),
            html.Div(shown, className="stale card-body"),
        ],
        className="card-body",
    )


class Delta:
    """A change against the compared period; it takes colour only where intervals part."""

    def __init__(self, said: str, against: str, level: str = "") -> None:
        self.said, self.against, self.level = said, against, level

    def component(self) -> Component:
        """Return it as a line."""
        said = html.Span(self.said, className=f"delta num {self.level}".strip())
        return html.Div([said, " vs prior"], className="kpi-note", title=self.against)


def kpi(
    key: str,
    label: str,
    value: str,
    unit: str,
    *,
    delta: Delta | None = None,
    trend: Sequence[float | None] = (),
    notes: Sequence[str] = (),
    colour: str = "",
) -> Component:
    """Return a tile: what, how much, against what, the way there, and on how many it rests."""
    return html.Section(
        [
            html.H2(label, className="kpi-label", id=f"{key}-title"),
            html.Div(
                [value, html.Span(unit, className="kpi-unit") if unit else None],
                className="kpi-value num",
            ),
            delta.component() if delta else html.Div("\N{NO-BREAK SPACE}", className="kpi-note"),
            spark(trend, colour),
            *(html.Div(note, className="kpi-note num", title=note) for note in notes),
            tools(key, label),
        ],
        className="card kpi",
    )


def spark(values: Sequence[float | None], colour: str = "") -> Component:
    """Return a line without axes, its last value as a dot of its own."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return html.Div(className="spark")
    low, high = min(known), max(known)
    size = (high - low) or 1.0
    step = _SPARK_WIDTH / (len(values) - 1)
    places = [
        (index * step, _SPARK_HEIGHT - 3 - (value - low) / size * (_SPARK_HEIGHT - 6))
        for index, value in enumerate(values)
        if value is not None
    ]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    at_x, at_y = places[-1]
    drawn = quote(_SPARK.format(path=path))
    return html.Div(
        [
            html.Div(
                className=f"spark {colour}".strip(),
                style={"maskImage": f'url("data:image/svg+xml,{drawn}")'},
            ),
            html.Span(
                className=f"spark-dot {colour}".strip(),
                style={"left": f"{at_x:.1f}%", "top": f"{at_y:.1f}px"},
            ),
        ],
        className="spark-wrap",
    )


def verdict(level: Level, title: str, text: str, href: str | None = None) -> Component:
    """Return a judgement: an icon, a word, and a sentence with its figures; a link, if anywhere."""
    inside = [
        html.Div(icon(_MARKS[level]), className="verdict-mark"),
        html.Div(
            [
                html.P(title, className="verdict-title"),
                html.P(text, className="verdict-text num"),
            ]
        ),
        icon("chevron-right") if href else html.Span(),
    ]
    css = f"verdict {level}"
    return dcc.Link(inside, href=href, className=css) if href else html.Div(inside, className=css)


def legend(*entries: tuple[str, str, str]) -> Component:
    """Return a legend of marks (`key` class and colour) and words; a tier stands for itself."""
    shown = [
        html.Span(word, className=f"tier {word}")
        if kind == "tier"
        else html.Span([html.I(className=f"key {kind}", style=_key_style(colour)), word])
        for kind, colour, word in entries
    ]
    return html.Div(shown, className="legend")


def _key_style(colour: str) -> dict[str, str]:
    return {"background": f"var(--{colour})", "borderColor": f"var(--{colour})"} if colour else {}


def pill(level: Level, said: str) -> Component:
    """Return a state with its dot."""
    return html.Span([html.Span(className=f"dot {level}"), said], className="pill")


def tier(name: str) -> Component:
    """Return a tier: always glyph and word."""
    return html.Span(name, className=f"tier {name}")


def tag(said: str, level: str = "") -> Component:
    """Return a short word in a box."""
    return html.Span(said, className=f"tag {level}".strip())


def table(
    head: Sequence[str], rows: Sequence[Sequence[Component]], *, right: Sequence[int] = ()
) -> Component:
    """Return a small table; columns named in `right` hold numbers."""
    at_right = set(right)

    def css(place: int) -> str | None:
        return "r num" if place in at_right else None

    heads = [
        html.Th(
            word or html.Span("\N{NO-BREAK SPACE}", className="sr"),
            className=css(place),
            scope="col",
        )
        if word
        else html.Td(className=css(place))
        for place, word in enumerate(head)
    ]
    body = [
        html.Tr([html.Td(cell, className=css(place)) for place, cell in enumerate(row)])
        for row in rows
    ]
    return html.Div(
        html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="tbl"),
        className="scroll",
        tabIndex=0,
    )
