"""Decide refused events after their cause was removed: code, contract, dialect, policy or setting.

Each event is judged from its original bytes, by its original time of arrival, under the rules in
force now. An event that is still refused stays in quarantine with its old reason. A decided event
leaves it: some events of a partition in one transaction (`lakehouse.silver.recoveries`), and gold
follows (`lakehouse.quarantine.following`). If the replay is killed, running it again completes it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from lakehouse.arrow_schemas import DECISIONS, from_frame
from lakehouse.lake import queries
from lakehouse.lake.session import Lake
from lakehouse.quarantine.following import follow
from lakehouse.silver.erasures import Event
from lakehouse.silver.recoveries import Recovered, held_after, known_among, recover
from risk.contract.application import RejectCode
from risk.decision.judge import Verdicts
from risk.frame.frame import constant
from risk.ingest.dates import Instants

BYTES_GONE: Final = "bytes_gone"
"""Stands among the codes for events whose bytes are kept nowhere."""

_AT_ONCE: Final = 500
_FIRST: Final = Event("", -1, -1)
_HOPELESS: Final = frozenset({RejectCode.TOMBSTONE.value, RejectCode.ERASED.value})


class Judging(Protocol):
    """Decides events; `risk.decision.judge.judge` with rules and limits."""

    def __call__(self, raws: Sequence[bytes | None], received_at: Instants) -> Verdicts:
        """Return the verdicts on events that arrived at these instants."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: all, or those with these codes, of these topics."""

    codes: Sequence[str] = ()
    topics: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class QuarantineReplay:
    """The result of a replay, or of a dry run.

    Attributes
    ----------
    looked_at
        Events that were in quarantine: decided + duplicates + what is still refused.
    still_refused
        How many, by the code that each is refused with now.
    """

    looked_at: int = 0
    decided: int = 0
    duplicates: int = 0
    still_refused: Counter[str] = field(default_factory=Counter)


def replay(
    dsn: str,
    lake: Lake,
    lake_uri: str,
    judging: Judging,
    selection: Selection,
    *,
    now: datetime,
    by: str,
    is_dry: bool = False,
) -> QuarantineReplay:
    """Judge what is in quarantine, and recover what is decided now.

    Parameters
    ----------
    lake
        Gives the bytes that quarantine keeps only the beginning of.
    now
        When this replay began: each recovered decision carries it.
    is_dry
        Say what would be done, and do nothing.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers, StoresDisagree
        A store does not answer, refuses us, has another shape, or belongs to another history. What
        was recovered before stays so.
    """
    looked_at, found = 0, Counter[str]()
    refused: Counter[str] = Counter()
    seen: set[str] = set()
    for page in _pages(dsn, selection):
        raws = bytes_of(lake, page)
        decided = _decided(page, raws, judging, now, refused)
        if decided.num_rows and is_dry:
            found.update(_foretold(dsn, decided, seen))
        elif decided.num_rows:
            done = _recovered(dsn, decided, raws, now, by)
            found.update(decided=done.decided, duplicates=done.duplicates)
            refused[RejectCode.STORE_REJECTED.value] += done.refused
        looked_at += page.num_rows
    if not is_dry:
        follow(dsn, lake_uri)
    return QuarantineReplay(looked_at, found["decided"], found["duplicates"], +refused)


def bytes_of(lake: Lake, held: pa.Table) -> dict[int, bytes | None]:
    """Return by offset the whole bytes of quarantined events of one partition; None if gone."""
    raws: dict[int, bytes | None] = {}
    cut: dict[int, str] = {}
    for row in held.select(["off", "raw", "raw_size", "raw_sha256"]).to_pylist():
        is_whole = row["raw"] is not None and len(row["raw"]) == row["raw_size"]
        raws[row["off"]] = row["raw"] if is_whole else None
        if not is_whole and row["raw_sha256"] is not None:
            cut[row["off"]] = row["raw_sha256"]
    for off, sha256 in cut.items():
        raw = _archived(lake, held["topic"][0].as_py(), held["part"][0].as_py(), off)
        if raw is not None and hashlib.sha256(raw).hexdigest() == sha256:
            raws[off] = raw
    return raws


def _archived(lake: Lake, topic: str, part: int, off: int) -> bytes | None:
    found: bytes | None = None
    for events in queries.raw_events_between(
        lake, topic=topic, part=part, first_off=off, last_off=off
    ):
        for raw in events.column("raw").to_pylist():
            found = found or raw
    return found


def _pages(dsn: str, selection: Selection) -> Iterator[pa.Table]:
    """Yield what is in quarantine, some events of one partition at a time, in order."""
    position = _FIRST
    while True:
        rows = held_after(
            dsn, position, most=_AT_ONCE, codes=selection.codes, topics=selection.topics
        )
        if not rows.num_rows:
            return
        places = rows.select(["topic", "part", "off"]).to_pylist()
        start = 0
        for _, group in groupby(places, key=lambda each: (each["topic"], each["part"])):
            count = len([*group])
            yield rows.slice(start, count)
            start += count
        position = Event(**places[-1])


def _decided(
    page: pa.Table,
    raws: dict[int, bytes | None],
    judging: Judging,
    now: datetime,
    refused: Counter[str],
) -> pa.Table:
    """Return the decisions on a page's events; count the others by their code."""
    offs = page["off"].to_numpy()
    codes = page["code"].to_pylist()
    judged = []
    for place, (off, code) in enumerate(zip(offs.tolist(), codes, strict=True)):
        if code in _HOPELESS:
            refused[code] += 1
        elif raws[off] is None and page["raw_size"][place].as_py():
            refused[BYTES_GONE] += 1
        else:
            judged.append(place)
    places = np.array(judged, np.int64)
    # Empty bytes are kept as null; what is null and no tombstone was empty.
    handed = [raws[off] or b"" for off in offs[places].tolist()]
    arrived = page["first_seen_at"].cast(pa.timestamp("us")).to_numpy()[places]
    verdicts = judging(handed, arrived)
    refused.update(reject.code.value for reject in verdicts.rejects)
    return _as_decisions(page, verdicts, offs[places], now)


def _as_decisions(page: pa.Table, verdicts: Verdicts, offs: Any, now: datetime) -> pa.Table:
    frame = dict(verdicts.decided)
    rows = frame.pop("row")
    count = len(rows)
    frame["topic"] = constant(page["topic"][0].as_py(), count)
    frame["part"] = np.full(count, page["part"][0].as_py(), np.int64)
    frame["off"] = offs[rows]
    frame["decided_at"] = np.full(count, np.datetime64(now.replace(tzinfo=None), "us"))
    return from_frame(frame, DECISIONS)


def _foretold(dsn: str, decided: pa.Table, seen: set[str]) -> Counter[str]:
    """Say what decisions would become: a repeat of a decided or earlier id is a duplicate."""
    ids = decided["event_id"].to_pylist()
    known = known_among(dsn, ids)
    found: Counter[str] = Counter()
    for each in ids:
        found["duplicates" if each in known or each in seen else "decided"] += 1
        seen.add(each)
    return found


def _recovered(
    dsn: str, decided: pa.Table, raws: dict[int, bytes | None], now: datetime, by: str
) -> Recovered:
    return recover(dsn, decided, raws.__getitem__, recovered_at=now, recovered_by=by)
