"""Ask the lake what pages ask, one question after the other; a byte an answer."""

from __future__ import annotations

import os
import sys

from lakehouse.lake import quality, queries
from lakehouse.lake.session import open_lake
from lakehouse.settings.settings import Settings

QUESTIONS = (
    queries.tier_mix,
    queries.latest_watchlist,
    queries.scores_by_model,
    quality.nulls_by_field,
    quality.freshness,
)


def main() -> None:
    with open_lake(Settings.from_env(os.environ)) as lake:
        while True:
            for question in QUESTIONS:
                lake.refresh()
                question(lake)
                sys.stdout.write(".")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
