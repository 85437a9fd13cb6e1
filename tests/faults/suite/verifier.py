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
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from deltalake import DeltaTable

Place = tuple[int, int]
AT_ONCE = 10_000
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
    silver: dict[str, dict[Place, int]] = {table: {} for table in ENDED}
    ended: Counter[Place] = Counter()
    for table, rows in silver.items():
        for place, compared in rows_of(connection, table):
            ended[place] += 1
            rows[place] = compared
    problems = [f"{place} ended {count} times" for place, count in ended.items() if count > 1]
    problems += [f"{place} was lost" for place in wanted.keys() - ended.keys()]
    problems += [f"{place} was never sent" for place in ended.keys() - wanted.keys()]
    for table in ENDED:
        problems += differences(table, silver[table], lake)
    problems += amounts(connection, lake)
    problems += archive(lake, wanted)
    return problems[:20]


def rows_of(connection: psycopg.Connection, table: str) -> Iterator[tuple[Place, int]]:
    """Yield where each row's event lies, and a hash of what is compared of the row."""
    asked = f"select {', '.join(COMPARED[table])} from silver.{table}"
    with connection.cursor("rows", binary=True) as cursor:
        cursor.itersize = AT_ONCE
        for row in cursor.execute(asked.encode()):
            yield (row[0], row[1]), hash(row)


def differences(table: str, silver: dict[Place, int], lake: str) -> Iterator[str]:
    """Yield what gold has too often, lacks, or has with other values."""
    seen: set[Place] = set()
    for row in held(f"{lake}/{table}", *COMPARED[table]):
        place: Place = row[:2]
        if place in seen:
            yield f"gold {table} has {place} twice"
        elif place not in silver:
            yield f"gold {table} has {place}, silver has not"
        elif silver[place] != hash(row):
            yield f"gold {table} has other values at {place}: {row}"
        seen.add(place)
    yield from (f"gold {table} lacks {place}" for place in silver.keys() - seen)


def amounts(connection: psycopg.Connection, lake: str) -> list[str]:
    """Compare the sums of the amounts, to the cent."""
    asked = b"select sum(round(amount_usd::numeric, 2)) from silver.decisions"
    (in_silver,) = connection.execute(asked).fetchall()[0]
    amounts = held(f"{lake}/decisions", "amount_usd")
    in_gold = sum((Decimal(f"{each:.2f}") for (each,) in amounts if each), Decimal())
    if in_gold == (in_silver or 0):
        return []
    return [f"silver holds {in_silver} USD, gold {in_gold} USD"]


def archive(lake: str, wanted: dict[Place, str]) -> Iterator[str]:
    """Compare the archived bytes with the ledger's hashes: each once, whatever became of it."""
    seen: set[Place] = set()
    for part, off, raw in held(f"{lake}/raw_events", "part", "off", "raw"):
        if (part, off) in seen:
            yield f"the archive has {part, off} twice"
        seen.add((part, off))
        if wanted.get((part, off)) != hashlib.sha256(raw or b"").hexdigest():
            yield f"the archive has other bytes at {part, off}"
    yield from (f"the archive lacks {place}" for place in wanted.keys() - seen)


def held(uri: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table of gold, which need not fit into memory."""
    dataset = DeltaTable(uri).to_pyarrow_dataset()
    for batch in dataset.to_batches(columns=[*columns], batch_size=AT_ONCE):
        yield from zip(*(batch[name].to_pylist() for name in columns), strict=True)


if __name__ == "__main__":
    sys.exit(main())
