"""An in-memory index of the first decision of each event id, for data that silver does not hold.

It takes 44 bytes a decision, whatever the ids are: a hash of the id (128 bits), the position of the
decision, and the hash of its input.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lakehouse.arrow_schemas import DUPLICATES

_DIGEST_BYTES: Final = 16
_ENTRY: Final = np.dtype(
    [("key", "<u8"), ("check", "<u8"), ("slot", "<i4"), ("off", "<i8"), ("content", "<i8")]
)
_Entries = NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Run:
    """Entries by their key; the keys once more, end to end, as they are searched all the time."""

    keys: NDArray[np.uint64]
    entries: _Entries

    @classmethod
    def of(cls, entries: _Entries) -> "_Run":
        ordered = entries[np.argsort(entries["key"], kind="stable")]
        return cls(np.ascontiguousarray(ordered["key"]), ordered)

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class _Found:
    """The first decision of each row's id, and which rows have one."""

    is_known: NDArray[np.bool_]
    entries: _Entries


class FirstDecisions:
    """The first decision on each event id.

    The first decision is the first by call, and within a call by row.
    """

    def __init__(self) -> None:
        self._slots: dict[tuple[str, int], int] = {}
        # Each run is sorted and at least twice as long as the next, so few look-ups find an entry.
        self._runs: list[_Run] = []

    def __len__(self) -> int:
        return sum(map(len, self._runs))

    def add(self, decisions: pa.Table) -> None:
        """Add first decisions, with event_id, topic, part, off and content_hash."""
        for (topic, part), rows in _by_slot(decisions):
            self.split(rows, topic, part)

    def split(self, decided: pa.Table, topic: str, part: int) -> tuple[pa.Table, pa.Table]:
        """Return the first decisions, and the others as duplicates (`arrow_schemas.DUPLICATES`).

        A row is a first decision if its id is new, or if it is the known first decision itself.
        """
        entries = self._entries(decided, topic, part)
        found = self._find(entries)
        _, where, of_row = np.unique(
            entries[["key", "check"]], return_index=True, return_inverse=True
        )
        leader = where[of_row]
        first = np.where(found.is_known, found.entries, entries[leader])
        stands = (first["slot"] == entries["slot"]) & (first["off"] == entries["off"])
        self._insert(entries[stands & ~found.is_known])
        return (
            decided if stands.all() else decided.filter(pa.array(stands)),
            self._duplicates(decided, entries, first, ~stands),
        )

    def _duplicates(
        self, decided: pa.Table, entries: _Entries, first: _Entries, rows: NDArray[np.bool_]
    ) -> pa.Table:
        if not rows.any():
            return DUPLICATES.empty_table()
        slots = list(self._slots)
        others = decided.filter(pa.array(rows))
        places = first["slot"][rows].tolist()
        columns = {
            "topic": others["topic"],
            "part": others["part"],
            "off": others["off"],
            "event_id": others["event_id"],
            "is_conflict": pa.array(first["content"][rows] != entries["content"][rows]),
            "first_topic": [slots[place][0] for place in places],
            "first_part": [slots[place][1] for place in places],
            "first_off": pa.array(first["off"][rows]),
            "seen_at": others["decided_at"],
        }
        return pa.table(columns).cast(DUPLICATES)

    def _entries(self, decided: pa.Table, topic: str, part: int) -> _Entries:
        entries = np.empty(decided.num_rows, _ENTRY)
        digests = b"".join(
            blake2b(name.encode(), digest_size=_DIGEST_BYTES).digest()
            for name in decided["event_id"].to_pylist()
        )
        keys = np.frombuffer(digests, "<u8").reshape(-1, 2)
        entries["key"], entries["check"] = keys[:, 0], keys[:, 1]
        entries["slot"] = self._slots.setdefault((topic, part), len(self._slots))
        entries["off"] = decided["off"].to_numpy()
        entries["content"] = decided["content_hash"].to_numpy()
        return entries

    def _find(self, entries: _Entries) -> _Found:
        found = _Found(np.zeros(len(entries), np.bool_), np.zeros(len(entries), _ENTRY))
        for run in self._runs:
            place = np.minimum(np.searchsorted(run.keys, entries["key"]), len(run) - 1)
            hits = run.entries[place]
            is_hit = (hits["key"] == entries["key"]) & (hits["check"] == entries["check"])
            found.is_known[is_hit] = True
            found.entries[is_hit] = hits[is_hit]
        return found

    def _insert(self, entries: _Entries) -> None:
        if not len(entries):
            return
        self._runs.append(_Run.of(entries))
        while len(self._runs) > 1 and len(self._runs[-2]) < 2 * len(self._runs[-1]):
            last, before = self._runs.pop(), self._runs.pop()
            self._runs.append(_Run.of(np.concatenate([before.entries, last.entries])))


def _by_slot(decisions: pa.Table) -> Iterable[tuple[tuple[str, int], pa.Table]]:
    topics = decisions["topic"].to_pylist()
    slots = list(zip(topics, decisions["part"].to_pylist(), strict=True))
    for slot in dict.fromkeys(slots):
        yield slot, decisions.filter(pa.array([each == slot for each in slots]))
