"""The sliders and their numbers."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import dash_mantine_components as dmc
from dash import html


class Control(NamedTuple):
    """One limit that can be moved; `today` is that of the policy as shipped."""

    key: str
    word: str
    note: str
    lowest: float
    highest: float
    step: float
    today: float
    suffix: str
    rule: str | None


_CONTROLS: Final = (
    Control("pd", "PD at most", "today none; 60% is no limit", 4, 60, 1, 60, "%", None),
    Control(
        "dti", "DTI high from", "rule A \N{MIDDLE DOT} today 30%", 10, 50, 1, 30, "%", "high_dti"
    ),
    Control(
        "util",
        "Utilisation high from",
        "rule A \N{MIDDLE DOT} today 80%",
        40,
        110,
        1,
        80,
        "%",
        "high_utilisation",
    ),
    Control(
        "inq",
        "Inquiries many from",
        "rule B, in 6 months \N{MIDDLE DOT} today 2",
        1,
        6,
        1,
        2,
        "",
        "many_inquiries",
    ),
)

KEYS: Final = tuple(each.key for each in _CONTROLS)
TODAY: Final = {each.key: each.today for each in _CONTROLS}


def thresholds_of(cuts: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the policy's thresholds that the controls say, by condition."""
    said = {**TODAY, **(cuts or {})}
    return {each.rule: float(said[each.key]) for each in _CONTROLS if each.rule}


def _control(each: Control) -> Any:
    return html.Div(
        [
            html.Div(
                [
                    html.Div(
                        [
                            html.Span(each.word, className="ctl-label"),
                            html.Span(each.note, className="muted note"),
                        ]
                    ),
                    dmc.NumberInput(
                        id=f"cut-{each.key}-n",
                        value=each.today,
                        min=each.lowest,
                        max=each.highest,
                        step=each.step,
                        suffix=each.suffix,
                        clampBehavior="strict",
                        size="xs",
                        w=84,
                        **{"aria-label": each.word},
                    ),
                ],
                className="ctl-head",
            ),
            dmc.Slider(
                id=f"cut-{each.key}",
                value=each.today,
                min=each.lowest,
                max=each.highest,
                step=each.step,
                marks=[{"value": each.today}],
                updatemode="drag",
                label=None,
                size="sm",
                thumbLabel=each.word,
            ),
        ],
        className="ctl",
    )


CONTROLS: Final = html.Section(
    [
        html.Div(
            [
                html.Div(
                    [
                        html.H2("Cut-offs", className="card-title"),
                        html.P(
                            "approved: within the PD limit, and not on the watchlist",
                            className="card-note",
                        ),
                    ]
                ),
                html.Button("Reset", id="cut-reset", className="linkish end", type="button"),
            ],
            className="card-head",
        ),
        *(_control(each) for each in _CONTROLS),
        html.Div(
            [
                html.Span("Save as candidate", className="ctl-label"),
                html.P(
                    "the three thresholds, as a policy that decides nothing until it is named; "
                    "a policy has no PD limit",
                    className="card-note",
                ),
                dmc.Textarea(
                    id="cut-reason",
                    placeholder="Reason, for the registry",
                    size="xs",
                    autosize=True,
                    minRows=2,
                    **{"aria-label": "Reason"},
                ),
                html.Div(
                    [
                        html.Span(id="cut-said", role="status"),
                        html.Button(
                            "Save candidate",
                            id="cut-save",
                            className="btn primary end",
                            type="button",
                        ),
                    ],
                    className="row",
                ),
            ],
            className="save",
        ),
    ],
    className="card",
    **{"aria-label": "Cut-offs"},
)
