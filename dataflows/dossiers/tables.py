"""Format tables and figures of dossiers in Markdown."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from risk.monitoring.performance import Estimate


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def estimate(figure: Estimate) -> str:
    """Return a figure and its interval."""
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"


def loans(count: int, defaults: int) -> str:
    """Return how many loans, and how many of them defaulted."""
    return f"{count:,} loans ({defaults:,} defaulted, {defaults / count:.2%})"


def rate(defaults: int, count: int) -> str:
    """Return a default rate; nothing where there are no loans."""
    return f"{defaults / count:.2%}" if count else ""


def intervals(limits: Sequence[float]) -> list[str]:
    """Return the names of the intervals that limits part, each limit in the one below it."""
    if not limits:
        return ["any"]
    between = [f"above {low:,g} to {high:,g}" for low, high in pairwise(limits)]
    return [f"up to {limits[0]:,g}", *between, f"above {limits[-1]:,g}"]
