"""The figure of data quality: missing shares by field and month."""

from collections.abc import Mapping, Sequence
from datetime import date

from risk.monitoring.backtest import wilson
from ui.figures.cells import CellLook, cells, rows_axis
from ui.figures.marks import Figure, figure, month_axis
from ui.look import words
from ui.look.tokens import Scheme

_ROW = 26


def missing(
    scheme: Scheme,
    names: Sequence[str],
    months: Sequence[date],
    found: Mapping[str, Mapping[date, tuple[int, int]]],
) -> Figure:
    """Return the share missing by field (rows) and month, coloured beyond chance."""
    x = [month.isoformat() for month in months]
    rows = [words.input_name(name) for name in names]
    is_written = len(months) <= 26
    traces: list[Figure] = []
    for kind, look in (
        ("within chance", CellLook("void", "on-void")),
        ("less often", CellLook("heat-1", "on-void")),
        ("more often", CellLook("heat-3", "on-heat")),
        ("twice as often", CellLook("heat-4", "on-deep")),
    ):
        traces += cells(
            scheme,
            x,
            rows,
            [[_cell(found[name], month, kind) for month in months] for name in names],
            look,
            hover="%{y}, %{x}: %{customdata[0]} missing, n %{customdata[1]}<br>" + kind,
            said=lambda cell: [words.percent(cell[0] / cell[1]), words.count(cell[1])],
            text=lambda cell: words.number(cell[0] / cell[1] * 100, 1) if is_written else "",
        )
    return figure(
        scheme,
        traces,
        height=_ROW * max(len(names), 1) + 48,
        hovermode="closest",
        xaxis={**month_axis(months), "showline": False, "fixedrange": True},
        yaxis=rows_axis(scheme),
    )


def _cell(held: Mapping[date, tuple[int, int]], month: date, level: str) -> tuple[int, int] | None:
    hits, n = held.get(month, (0, 0))
    if not n:
        return None
    overall = sum(m for m, _ in held.values()) / sum(c for _, c in held.values())
    own = wilson(hits, n, confidence=0.99)
    if own.low <= overall <= own.high:
        found = "within chance"
    elif own.value < overall:
        found = "less often"
    else:
        found = "twice as often" if own.value >= 2 * overall else "more often"
    return (hits, n) if found == level else None
