"""Run the whole of compose.yaml without containers: ``python -m tests.stack [--once]``.

Broker, Postgres, S3, Prometheus and Alertmanager of this machine; the flow, the API, the pages and
the jobs by compose's own commands, each as its own database user; a simulator that sends. Then one
application is followed all the way, and one alert. Everything is in a folder of its own, which is
removed at the end; each run begins anew.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from rich.console import Console
from rich.table import Table

from lakehouse.errors import LakehouseError
from tests.servers.process import ServerDidNotStart
from tests.stack.memory import memory_mib
from tests.stack.stack import Stack, StackFailedError, running_stack
from tests.stack.whole_path import check_whole_path, make_key
from tests.waiting import NotInTimeError

__all__ = ["main"]

_TEND_SECONDS: Final = 1.0
_HISTORY: Final = 20_000
_EXPECTED: Final = (LakehouseError, NotInTimeError, ServerDidNotStart, StackFailedError)
_PAGES: Final = {
    "ui": "the pages: sign in as admin with {password}",
    "api": "the API, by the key {key}",
    "score": "the flow's metrics, below /metrics",
    "exporter": "the stores' metrics, below /metrics",
    "maintain": "maintenance's metrics, below /metrics",
    "receiver": "takes Alertmanager's alerts",
    "prometheus": "Prometheus",
    "alertmanager": "Alertmanager",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, check, and stay up until Ctrl-C; return 0, or 1 if something did not work."""
    options = _parser().parse_args(arguments)
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        if over.is_set():
            raise KeyboardInterrupt
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    folder = Path(tempfile.mkdtemp(prefix="stack-"))
    console = Console(highlight=False)
    try:
        with running_stack(folder, keeps_ports=True, rate=options.rate, history=_HISTORY) as stack:
            _show(stack, console)
            check_whole_path(stack, console.print)
            _show_memory(stack, console)
            if not options.once:
                console.print("Ctrl-C ends it")
                while not over.wait(_TEND_SECONDS):
                    stack.tend(console.print)
    except _EXPECTED as error:
        console.print(f"{error}\nlogs: {folder}", style="red", markup=False)
        return 1
    shutil.rmtree(folder)
    return 0


def _show(stack: Stack, console: Console) -> None:
    password = secrets.token_urlsafe(16)
    stack.run(
        "ui",
        sys.executable,
        "-m",
        "ui",
        "users",
        "create",
        "admin",
        "--role",
        "admin",
        text=f"{password}\n",
    )
    key = make_key(stack, "desk", "admin")
    console.print(f"broker: {stack.broker_name}, {stack.source}", markup=False)
    console.print(f"everything of this run, logs included: {stack.folder}", markup=False)
    for name, says in _PAGES.items():
        if name in stack.missing:
            console.print(f"  {name}: {stack.missing[name]}", markup=False)
        else:
            text = says.format(password=password, key=key)
            console.print(f"  {stack.url(name)}  {text}", markup=False, soft_wrap=True)


def _show_memory(stack: Stack, console: Console) -> None:
    held = memory_mib(stack)
    table = Table("part", "MiB", title="Memory, the broker apart", title_justify="left")
    for name, mib in sorted(held.items(), key=lambda each: -each[1]):
        table.add_row(name, f"{mib:,.0f}")
    table.add_row("together", f"{sum(held.values()):,.0f}", style="bold")
    console.print(table)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="just stack", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the check")
    parser.add_argument(
        "--rate", type=int, default=200, help="applications a second that are sent (default: 200)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
