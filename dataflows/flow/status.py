"""Show the run: a live line at a terminal, JSON lines otherwise."""

import math
import sys
import threading

import structlog
from rich.console import Console
from rich.live import Live
from rich.text import Text

from dataflows.flow.run_counts import RunCounts, Totals
from risk.contract.application import Tier

TIER_STYLES = {Tier.LOW: "green", Tier.ELEVATED: "yellow", Tier.WATCHLIST: "magenta"}
LIVE_EVERY_SECONDS = 0.5
LINE_EVERY_SECONDS = 5.0

log = structlog.get_logger()


class StatusLine:
    """Show the account until closed, from a thread of its own."""

    def __init__(self, account: RunCounts, *, to_terminal: bool | None = None) -> None:
        self._account = account
        self._to_terminal = sys.stderr.isatty() if to_terminal is None else to_terminal
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="status", daemon=True)

    def start(self) -> None:
        """Begin to show."""
        self._thread.start()

    def close(self) -> None:
        """Show the last state and stop."""
        self._ended.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        if self._to_terminal:
            self._show_live()
        else:
            self._log_lines()

    def _show_live(self) -> None:
        console = Console(stderr=True)
        with Live(console=console, auto_refresh=False, transient=False) as live:
            while not self._ended.wait(LIVE_EVERY_SECONDS):
                live.update(as_text(self._account.totals()), refresh=True)
            live.update(as_text(self._account.totals()), refresh=True)

    def _log_lines(self) -> None:
        while not self._ended.wait(LINE_EVERY_SECONDS):
            _log(self._account.totals())
        _log(self._account.totals())


def _log(totals: Totals) -> None:
    log.info(
        "progress",
        read=totals.read,
        decided=totals.decided,
        duplicates=totals.duplicates,
        conflicts=totals.conflicts,
        quarantined=totals.quarantined,
        tiers=dict(totals.tiers),
        events_per_second=round(totals.events_per_second, 1),
        share_done=None if totals.share_done is None else round(totals.share_done, 3),
        seconds_left=_rounded(totals.seconds_left),
        lag=totals.lag,
        silver_p99_ms=_rounded(totals.silver_p99_ms),
        gold_age_seconds=_rounded(totals.gold_age_seconds),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 1)


def as_text(totals: Totals) -> Text:
    """Return the status line: counts, rate, tiers, lag and how old gold is."""
    line = Text()
    line.append(f"{_clock(totals.elapsed_seconds)} ", style="dim")
    line.append(f"{totals.read:,} read", style="bold")
    line.append(f"  {totals.events_per_second:,.0f}/s")
    if totals.share_done is not None:
        line.append(f"  {totals.share_done:.0%} done")
    if totals.seconds_left is not None:
        line.append(f", {_clock(totals.seconds_left)} left")
    for tier, style in TIER_STYLES.items():
        line.append(f"  {tier.value} ", style="dim")
        line.append(f"{totals.tiers.get(tier.value, 0):,}", style=style)
    line.append("  duplicates ", style="dim")
    line.append(f"{totals.duplicates:,}")
    line.append("  quarantined ", style="dim")
    line.append(f"{totals.quarantined:,}", style="red" if totals.quarantined else "")
    if totals.lag is not None:
        line.append("  lag ", style="dim")
        line.append(f"{totals.lag:,}")
    if totals.silver_p99_ms is not None:
        line.append("  p99 ", style="dim")
        line.append(f"{totals.silver_p99_ms:,.0f} ms")
    if totals.gold_age_seconds is not None:
        line.append("  gold ", style="dim")
        line.append(f"{totals.gold_age_seconds:.0f} s old")
    return line


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"
