"""How much memory processes hold, and which processes a server consists of."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path

from tests.stack.stack import Stack

__all__ = ["memory_mib", "mib_of"]


def memory_mib(stack: Stack) -> dict[str, float]:
    """Return what each part but the broker holds, MiB; a page that two share is halved."""
    found = {name: mib_of(server.pid) for name, server in stack.servers.items()}
    first = (stack.folder / "postgres" / "data" / "postmaster.pid").read_text(encoding="utf-8")
    found["postgres"] = mib_of(int(first.split()[0]))
    return found


def mib_of(pid: int) -> float:
    """Return what a process and its descendants hold, MiB."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in brackets, may hold anything.
            parent = (
                path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
            children[int(parent)].append(int(path.parent.name))
    waiting, total = [pid], 0
    while waiting:
        each = waiting.pop()
        waiting += children[each]
        with contextlib.suppress(OSError, StopIteration):
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text(encoding="utf-8").splitlines()
            total += int(next(line for line in rollup if line.startswith("Pss:")).split()[1])
    return total / 1024
