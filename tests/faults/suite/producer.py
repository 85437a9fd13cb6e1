"""A producer at a steady rate, whose ledger says what the broker acknowledged and where.

Each event carries the instant of its sending.

``python -m tests.faults.suite.producer kafka://HOST:PORT/TOPIC --events N --rate R --ledger FILE``
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dataflows.send.events import stamped
from tests.ledger import send, simulated


def main() -> None:
    parser = argparse.ArgumentParser(prog="producer", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ledger", type=Path, required=True)
    options = parser.parse_args()
    began = time.monotonic()

    def paced() -> Iterator[bytes]:
        for number, event in enumerate(simulated(options.events, seed=options.seed)):
            ahead = number / options.rate - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)
            yield stamped(event, datetime.now(UTC))

    send(options.url, paced(), patience_seconds=600).write(options.ledger)


if __name__ == "__main__":
    main()
