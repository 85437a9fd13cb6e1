"""Stores that a flow filled, events spoilt in six ways, and the fix for these."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from dataflows.flow.steps import Judge, JudgedBatch
from dataflows.sources.batches import MicroBatch
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.session import Lake
from lakehouse.quarantine.replay import QuarantineReplay, Selection, replay
from lakehouse.reconciliation import EventAccount, account
from lakehouse.silver.claims import claim, record_start
from lakehouse.silver.writer import SilverWriter, Stored
from risk.contract.application import Limits
from risk.decision.judge import Verdicts, judge
from risk.ingest.dates import Instants
from tests.lakehouse.gold_cases import BRIEF, a_gold_writer
from tests.lakehouse.silver_cases import PIPELINE, TOPIC
from tests.risk.applications import rules

ARRIVED = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)
REPLAYED_AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LIMITS = Limits()

_SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "byte order mark": lambda raw: b"\xef\xbb\xbf" + raw,
    "UTF-16": lambda raw: raw.decode().encode("utf-16"),
    "compressed": lambda raw: gzip.compress(raw, mtime=0),
    "in a list": lambda raw: b"[" + raw + b"]",
    "renamed field": lambda raw: raw.replace(b'"loan_amnt"', b'"loan_amount"'),
    "NaN": lambda raw: re.sub(rb'"revol_bal": ?[^,}]+', b'"revol_bal": NaN', raw),
}
WAYS = tuple(_SPOILT)


def spoilt(raw: bytes, way: str) -> bytes:
    return _SPOILT[way](raw)


def mended(raw: bytes | None) -> bytes | None:
    """What the code after the fix makes of an event."""
    if raw is None:
        return None
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raw = raw.decode("utf-16").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if raw.startswith(b"["):
        raw = raw[1:-1]
    return raw.replace(b'"loan_amount"', b'"loan_amnt"').replace(b"NaN", b"null")


def judged_before(raws: Sequence[bytes | None], received_at: Instants) -> Verdicts:
    return judge(raws, rules=rules(), received_at=received_at, limits=LIMITS)


def judged_after(raws: Sequence[bytes | None], received_at: Instants) -> Verdicts:
    return judged_before([mended(raw) for raw in raws], received_at)


class FilledStores:
    """Silver and gold, and the way of the flow's batches through both."""

    def __init__(self, silver: str, lake_uri: str, *, parts: int = 1) -> None:
        self.silver, self.lake_uri = silver, lake_uri
        self.token = claim(silver, PIPELINE)
        for part in range(parts):
            record_start(silver, PIPELINE, self.token, topic=TOPIC, part=part, start_off=0)
        self.writer = SilverWriter(silver, PIPELINE, self.token, patience=BRIEF)
        self.lake = Lake(lake_uri)

    def close(self) -> None:
        self.writer.close()
        self.lake.close()

    def judged(
        self, events: Sequence[bytes | None], *, part: int = 0, first_off: int = 0
    ) -> JudgedBatch:
        next_off = first_off + len(events)
        batch = MicroBatch(
            topic=TOPIC,
            part=part,
            first_off=first_off,
            next_off=next_off,
            offsets=np.arange(first_off, next_off),
            values=events,
            keys=(),
            received_at=ARRIVED,
        )
        ((judged,),) = Judge(rules, LIMITS)([batch])
        return judged

    def to_gold(self, judged: JudgedBatch, stored: Stored) -> None:
        """Commit what silver holds of a batch, as the flow does, to tables that lack it."""
        rows = {
            "decisions": stored.decisions,
            "duplicates": stored.duplicates,
            "quarantine": stored.quarantine,
            "raw_events": judged.raw,
        }
        for name in SCHEMAS:
            writer = a_gold_writer(self.lake_uri, name)
            writer.append(TOPIC, stored.part, stored.next_off, rows[name])
            writer.flush()

    def read(self, events: Sequence[bytes | None], *, part: int = 0, first_off: int = 0) -> Stored:
        """Bring events through silver to gold."""
        judged = self.judged(events, part=part, first_off=first_off)
        stored = self.writer.store(judged.batch)
        self.to_gold(judged, stored)
        return stored

    def replay(
        self,
        selection: Selection = Selection(),  # noqa: B008 (frozen)
        *,
        is_dry: bool = False,
        now: datetime = REPLAYED_AT,
    ) -> QuarantineReplay:
        self.lake.refresh()
        return replay(
            self.silver,
            self.lake,
            self.lake_uri,
            judged_after,
            selection,
            now=now,
            by="a test",
            is_dry=is_dry,
        )

    def account(self) -> EventAccount:
        return account(self.silver, self.lake)

    def in_gold(self, view: str) -> list[tuple[int, int]]:
        """The partitions and offsets of a view, repetitions included."""
        self.lake.refresh()
        rows = self.lake.query(f"select part, off from {view} order by part, off").to_pylist()
        return [(row["part"], row["off"]) for row in rows]
