"""Grids of coloured cells with a number in each: rows of words, columns of months or bands."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

from ui.figures.marks import Figure
from ui.look.tokens import SCHEMES, Scheme

T = TypeVar("T")


class CellLook(NamedTuple):
    """How the cells of one class look: one colour, or from a pale one at `low` to it at `high`."""

    colour: str
    ink: str
    pale: str | None = None
    low: float = 0.0
    high: float = 1.0


def cells(  # noqa: PLR0913 - one trace, said once
    scheme: Scheme,
    columns: Sequence[str],
    rows: Sequence[str],
    grid: Sequence[Sequence[T | None]],
    look: CellLook,
    *,
    hover: str,
    said: Callable[[T], Any],
    text: Callable[[T], str] | None = None,
    value: Callable[[T], float | None] = lambda _: 1,
    gap: int = 2,
) -> list[Figure]:
    """Return the cells of one class as a trace; none where the class has no cell.

    Parameters
    ----------
    hover
        Plotly's template of what the pointer is told, over what `said` returns of a cell.
    text
        What is written in a cell.
    value
        What the colour is taken from.
    """
    if all(cell is None for row in grid for cell in row):
        return []
    colours = SCHEMES[scheme]

    def each(function: Callable[[T], Any], otherwise: Any) -> list[list[Any]]:
        return [[otherwise if cell is None else function(cell) for cell in row] for row in grid]

    written: Figure = {}
    if text is not None:
        written = {
            "text": each(text, ""),
            "texttemplate": "%{text}",
            "textfont": {"size": 10.5, "color": colours[look.ink]},
        }
    return [
        {
            "type": "heatmap",
            "x": list(columns),
            "y": list(rows),
            "z": each(value, None),
            "zmin": look.low,
            "zmax": look.high,
            "colorscale": [[0, colours[look.pale or look.colour]], [1, colours[look.colour]]],
            "showscale": False,
            "xgap": gap,
            "ygap": gap,
            **written,
            "customdata": each(said, None),
            "hovertemplate": hover + "<extra></extra>",
            "hoverongaps": False,
        }
    ]


def rows_axis(scheme: Scheme, **more: Any) -> Figure:
    """Return the axis of a grid's rows, the first on top."""
    return {
        "type": "category",
        "autorange": "reversed",
        "showgrid": False,
        "dtick": 1,
        "ticksuffix": "  ",
        "tickfont": {"size": 12, "color": SCHEMES[scheme]["text"]},
        "rangemode": "normal",
        **more,
    }
