"""The figure of data quality: missing shares by field and month."""

from collections.abc import Mapping, Sequence
from datetime import date

from risk.monitoring.significance import adjusted, share_p
from ui.figures.cells import CellLook, cells, rows_axis
from ui.figures.marks import Figure, figure, month_axis
from ui.look import words
from ui.look.tokens import Scheme

LEVEL = 0.01
WITHIN_CHANCE = "within chance"
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
    level_of = levels({name: found[name] for name in names})
    traces: list[Figure] = []
    for kind, look in (
        (WITHIN_CHANCE, CellLook("void", "on-void")),
        ("less often", CellLook("heat-1", "on-void")),
        ("more often", CellLook("heat-3", "on-heat")),
        ("twice as often", CellLook("heat-4", "on-deep")),
    ):
        traces += cells(
            scheme,
            x,
            rows,
            [
                [
                    found[name][month] if level_of.get((name, month)) == kind else None
                    for month in months
                ]
                for name in names
            ],
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


def levels(
    found: Mapping[str, Mapping[date, tuple[int, int]]],
) -> dict[tuple[str, date], str]:
    """Return how often a field is missing in each month, beside the other months.

    Each cell's p-value is adjusted for all cells looked at (Benjamini and Hochberg): one missing
    value in a month of a hundred applications is no sign.

    Parameters
    ----------
    found
        By field and month: how many lack it, and how many there are.
    """
    places = [(name, month) for name, held in found.items() for month, (_, n) in held.items() if n]
    p_values = adjusted([_p(found[name], month) for name, month in places])
    return {
        (name, month): _level(found[name], month) if p < LEVEL else WITHIN_CHANCE
        for (name, month), p in zip(places, p_values, strict=True)
    }


def _p(held: Mapping[date, tuple[int, int]], month: date) -> float:
    hits, n = held[month]
    others = _total(held, hits, n)
    return share_p((others[0], others[1] - others[0]), (hits, n - hits))


def _level(held: Mapping[date, tuple[int, int]], month: date) -> str:
    hits, n = held[month]
    other_hits, other_n = _total(held, hits, n)
    if hits * other_n < other_hits * n:
        return "less often"
    return "twice as often" if hits * other_n >= 2 * other_hits * n else "more often"


def _total(held: Mapping[date, tuple[int, int]], hits: int, n: int) -> tuple[int, int]:
    """Return the sums over the other months."""
    return sum(m for m, _ in held.values()) - hits, sum(c for _, c in held.values()) - n
