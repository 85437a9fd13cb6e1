"""Report what became of the rows of a source that ended, once, at the end of the run."""

import sys
from typing import ClassVar, Final

import structlog
from rich.console import Console

from dataflows.flow.run_counts import RunCounts
from lakehouse.errors import LakehouseError
from lakehouse.gold.tables import command_for_quarantined
from risk.contract.application import RejectCode

log = structlog.get_logger()

SET_ASIDE: Final = RejectCode.NOT_A_RECORD.value


class NothingDecided(LakehouseError):
    """A file was read to its end, and none of its applications was decided."""

    code: ClassVar[str] = "nothing_decided"
    exit_code: ClassVar[int] = 6


def tell(account: RunCounts, source: str, *, to_terminal: bool | None = None) -> None:
    """Say what was read, decided, set aside and quarantined, and how to see it."""
    if sys.stderr.isatty() if to_terminal is None else to_terminal:
        Console(stderr=True).print(in_words(account, source), markup=False, soft_wrap=True)
        return
    totals = account.totals()
    quarantined = account.quarantined()
    log.info(
        "summary",
        source=source,
        read=totals.read,
        decided=totals.decided,
        duplicates=totals.duplicates,
        set_aside=quarantined[SET_ASIDE][0] if SET_ASIDE in quarantined else 0,
        quarantined={
            code: {"count": count, "part": one.part, "off": one.off, "example": one.reason}
            for code, (count, one) in quarantined.items()
            if code != SET_ASIDE
        },
        show=show_command(account) if quarantined else None,
    )


def in_words(account: RunCounts, source: str) -> str:
    """Return the summary as text."""
    totals = account.totals()
    quarantined = account.quarantined()
    aside = quarantined.pop(SET_ASIDE, None)
    count_aside = aside[0] if aside else 0
    counts = (
        f"{totals.decided:,} decided, {totals.duplicates:,} duplicates, {count_aside:,} set aside "
        f"as no loans, {totals.quarantined - count_aside:,} quarantined"
    )
    lines = [f"Read {totals.read:,} of {source}: {counts}"]
    lines += [
        f"  {code:<16} {count:>9,}  e.g. partition {one.part}, offset {one.off}: {one.reason}"
        for code, (count, one) in quarantined.items()
    ]
    if quarantined:
        lines.append(f"  See them: {show_command(account)}")
    if not totals.read:
        lines.append(
            "  Nothing was left to read: what a run has read, the next does not read again"
        )
    return "\n".join(lines)


def show_command(account: RunCounts) -> str:
    """Return the command that shows what was quarantined."""
    topics = sorted({one.topic for _, one in account.quarantined().values()})
    return command_for_quarantined(topics, but_code=SET_ASIDE)


def verdict_on(account: RunCounts, source: str) -> NothingDecided | None:
    """Return the failure of a run over a whole file that decided nothing; ``None`` of any other."""
    totals = account.totals()
    if totals.decided or totals.duplicates:
        return None
    quarantined = account.quarantined()
    quarantined.pop(SET_ASIDE, None)
    why = "; ".join(
        f"{count:,} {code} ({one.reason})" for code, (count, one) in [*quarantined.items()][:3]
    )
    return NothingDecided(
        f"{source}: expected applications to decide, found none among {totals.read:,} records"
        + (f": {why}. See them: {show_command(account)}" if why else "")
    )
