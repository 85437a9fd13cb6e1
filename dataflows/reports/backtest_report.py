"""Show a backtest as tables in a terminal."""

from rich.console import Console
from rich.table import Table

from dataflows.loans.decide_past import Backtested, Side
from risk.monitoring.backtest import Group, Swapped, SwapSet
from risk.monitoring.performance import Estimate

_GROUP = ("applications", "share", "resolved", "default rate", "mean PD", "expected loss")


def show(found: Backtested, console: Console) -> None:
    """Print what a backtest found."""
    console.print(
        f"{found.source}: {found.read:,} events read, {found.decided:,} decided and compared, "
        f"{found.repeated:,} repeated",
        markup=False,
        soft_wrap=True,
    )
    for side in filter(None, (found.first, found.second)):
        _show_side(side, console)
    if found.swap_set is not None:
        _show_swaps(found.swap_set, console)


def _show_side(side: Side, console: Console) -> None:
    figures = side.figures
    table = _table(
        f"{side.model} ({side.model_sha256[:12]}), policy {side.policy}", "tier", *_GROUP
    )
    for tier, group in reversed(figures.tiers.items()):
        table.add_row(tier, *_cells(group))
    table.add_row("all", *_cells(figures.overall), style="bold")
    console.print(table)
    refused = ", ".join(f"{count:,} {code}" for code, count in side.refused.items())
    console.print(
        f"  watchlist {figures.watchlist_share:.4%} of all, lift {_number(figures.lift)}, "
        f"AUC {_estimate(figures.auc)}, KS {_number(figures.ks_separation)}, "
        f"Brier {_number(figures.brier)}; loss given default {figures.lgd:g} assumed; "
        f"refused: {refused or 'none'}",
        markup=False,
        soft_wrap=True,
    )


def _show_swaps(swaps: SwapSet, console: Console) -> None:
    table = _table("Swap set", "before", "after", *_GROUP, "expected loss before")
    for cell in swaps.cells:
        if not cell.swapped.figures.applications:
            continue
        table.add_row(cell.before, cell.after, *_swapped(cell.swapped))
    table.add_section()
    table.add_row("swapped", "in", *_swapped(swaps.swapped_in), style="bold")
    table.add_row("swapped", "out", *_swapped(swaps.swapped_out), style="bold")
    console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name in {"tier", "before", "after"} else "right")
    return table


def _swapped(swapped: Swapped) -> tuple[str, ...]:
    return (*_cells(swapped.figures), f"{swapped.expected_loss_before_usd:,.0f}")


def _cells(group: Group) -> tuple[str, ...]:
    return (
        f"{group.applications:,}",
        f"{group.share:.2%}",
        f"{group.resolved:,}",
        _estimate(group.default_rate),
        _number(group.mean_pd),
        f"{group.expected_loss_usd:,.0f}",
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _estimate(value: Estimate | None) -> str:
    return "-" if value is None else f"{value.value:.4f} [{value.low:.4f}, {value.high:.4f}]"
