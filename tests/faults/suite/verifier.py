"""Recompute from a ledger what silver and gold must hold, with none of the product's code.

``VERIFIER_DSN=... python -m tests.faults.suite.verifier --ledger FILE --lake URI`` prints what it
found as JSON, and ends with 1 where anything is missing, there twice, or different.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from deltalake import DeltaTable

Place = tuple[int, int]
ENDED = ("decisions", "quarantine", "duplicates")
COMPARED = {
    "decisions": ("part", "off", "event_id", "pd", "model_version", "policy_version"),
    "quarantine": ("part", "off", "code"),
    "duplicates": ("part", "off", "event_id", "is_conflict"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="verifier", description=__doc__)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--lake", required=True)
    options = parser.parse_args()
    wanted = read_ledger(options.ledger)
    with psycopg.connect(os.environ["VERIFIER_DSN"]) as connection:
        problems = verify(connection, options.lake, wanted)
    print(json.dumps({"acknowledged": len(wanted), "problems": problems}))
    return 1 if problems else 0


def read_ledger(path: Path) -> dict[Place, str]:
    """Return the hash of each acknowledged event by partition and offset."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {(part, off): digest for part, off, digest in map(json.loads, lines)}


def verify(connection: psycopg.Connection, lake: str, wanted: dict[Place, str]) -> list[str]:
    """Return what is wrong, in words; nothing where all is right."""
    silver = {table: rows_of(connection, table) for table in ENDED}
    ended = Counter((row[0], row[1]) for rows in silver.values() for row in rows)
    problems = [f"{place} ended {count} times" for place, count in ended.items() if count > 1]
    problems += [f"{place} was lost" for place in wanted.keys() - ended.keys()]
    problems += [f"{place} was never sent" for place in ended.keys() - wanted.keys()]
    for table in ENDED:
        held = DeltaTable(f"{lake}/{table}").to_pyarrow_table(columns=[*COMPARED[table]])
        gold = Counter(zip(*(held[name].to_pylist() for name in COMPARED[table]), strict=True))
        there = Counter(silver[table])
        problems += [f"gold {table} has {row} too often" for row in (gold - there)]
        problems += [f"gold {table} lacks {row}" for row in (there - gold)]
    problems += amounts(connection, lake)
    problems += archive(lake, wanted)
    return problems[:20]


def rows_of(connection: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    asked = f"select {', '.join(COMPARED[table])} from silver.{table}"
    return connection.execute(asked.encode(), binary=True).fetchall()


def amounts(connection: psycopg.Connection, lake: str) -> list[str]:
    """Compare the sums of the amounts, to the cent."""
    asked = b"select sum(round(amount_usd::numeric, 2)) from silver.decisions"
    (in_silver,) = connection.execute(asked).fetchall()[0]
    held = DeltaTable(f"{lake}/decisions").to_pyarrow_table(columns=["amount_usd"])["amount_usd"]
    in_gold = sum((Decimal(f"{each:.2f}") for each in held.to_pylist() if each), Decimal())
    if in_gold == (in_silver or 0):
        return []
    return [f"silver holds {in_silver} USD, gold {in_gold} USD"]


def archive(lake: str, wanted: dict[Place, str]) -> list[str]:
    """Compare the archived bytes with the ledger's hashes: each once, whatever became of it."""
    held = DeltaTable(f"{lake}/raw_events").to_pyarrow_table(columns=["part", "off", "raw"])
    places = Counter(zip(held["part"].to_pylist(), held["off"].to_pylist(), strict=True))
    problems = [
        f"the archive has {each} {count} times" for each, count in places.items() if count > 1
    ]
    problems += [f"the archive lacks {each}" for each in wanted.keys() - places.keys()]
    for part, off, raw in zip(*(held[name].to_pylist() for name in held.column_names), strict=True):
        digest = hashlib.sha256(raw or b"").hexdigest()
        if wanted.get((part, off)) != digest:
            problems.append(f"the archive has other bytes at {part, off}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
