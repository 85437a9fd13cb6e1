"""Run the fault suite over real processes: ``just faults [--only NAME] [--seed N] [--full]``.

Prints a table of fault, bar, measured and pass, and the seed of whatever failed; ends with 1 if
anything did. ``--list`` names the rows and says which cannot run on one machine, and why.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.suite import (  # noqa: F401 - each enters its rows
    broker,
    by_tests,
    data,
    disk,
    kills,
    load,
    postgres,
    simulated,
    state,
    stores,
)
from tests.faults.suite.not_here import NOT_HERE
from tests.faults.suite.scene import Servers
from tests.faults.suite.table import ROWS, Outcome, Row, as_table, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--short", action="store_true", help="the quickest rows")
    chosen.add_argument("--full", action="store_true", help="with the rows that take minutes")
    chosen.add_argument("--only", metavar="NAME", action="append", help="this row; may be repeated")
    chosen.add_argument("--list", action="store_true", help="name the rows")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000, help="of chance")
    options = parser.parse_args()
    if options.list:
        print(listed())
        return 0
    unknown = [name for name in options.only or () if name not in ROWS]
    if unknown:
        print(f"no row is called {unknown[0]!r}; there is {', '.join(ROWS)}", file=sys.stderr)
        return 2
    rows = [each for each in ROWS.values() if is_wanted(each, options)]
    outcomes = run_all(rows, seed=options.seed)
    print(as_table(outcomes))
    failed = [each for each in outcomes if not each.is_passed]
    for each in failed:
        print(f"\n{each.row.name} (again: just faults --only {each.row.name} --seed {each.seed})")
        print(each.why)
    passed = len(outcomes) - len(failed)
    print(f"\n{passed} of {len(outcomes)} rows passed, seed {options.seed}", file=sys.stderr)
    return 1 if failed else 0


def is_wanted(each: Row, options: argparse.Namespace) -> bool:
    if options.only:
        return each.name in options.only
    if options.short:
        return each.is_short
    return bool(options.full) or not each.is_long


def run_all(rows: list[Row], *, seed: int) -> list[Outcome]:
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="faults-") as name, ExitStack() as stack:
        servers = Servers(Path(name), stack)
        for each in rows:
            print(f"{each.name}: {each.fault} ...", file=sys.stderr, flush=True)
            outcome = run(each, servers, seed=seed)
            outcomes.append(outcome)
            passed = "passed" if outcome.is_passed else "FAILED"
            print(f"  {passed} in {outcome.seconds:.0f} s: {outcome.measured}", file=sys.stderr)
    return outcomes


def listed() -> str:
    width = max(map(len, ROWS))
    kinds = {each.name: "short" if each.is_short else "full" if each.is_long else "" for each in
             ROWS.values()}  # fmt: skip
    lines = [f"{each.name:<{width}}  {kinds[each.name]:<5}  {each.fault}" for each in ROWS.values()]
    lines += ["", "Not here:", *(f"  {what}: {why}" for what, why in NOT_HERE.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
