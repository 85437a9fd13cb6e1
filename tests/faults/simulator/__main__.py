"""Run the simulator: ``python -m tests.faults.simulator [--seeds N] [--first S] [--seed S]``."""

from __future__ import annotations

import argparse
import gc
import sys

from tests.faults.simulator.run import run_seed, run_seeds
from tests.faults.simulator.world import Violation


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="run this one again, and tell its course")
    options = parser.parse_args()
    if options.seed is not None:
        print("\n".join(run_seed(options.seed).trace))
        return 0
    gc.freeze()  # as the flow does: what was loaded once is left alone
    gc.set_threshold(50_000)
    try:
        points, seconds = run_seeds(options.first, options.seeds)
    except Violation as violation:
        print(violation, file=sys.stderr)
        return 1
    print(
        f"{options.seeds:,} seeds, {points:,} points at which something might go wrong, "
        f"no violation, {seconds:.1f} s of CPU"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
