"""Write decisions on a history straight into gold, without silver.

For a flow, silver says which events are duplicates and where to go on. For a history the lake does
both. The topics of histories begin with ``history:``, so no flow has the same ones. Each table
keeps the history's position in the commits of its rows, as for a flow (`lakehouse.gold.writer`),
and goes on from there. So a second run adds nothing, and running an interrupted load again
completes it.

All tables commit together, once in 400,000 events, which is about 128 MB of the archive. Each file
of decisions is sorted by application date, so a reader of a few months skips most of it.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.errors import StoresDisagree
from lakehouse.gold.appender import GoldAppender, last_offs
from lakehouse.gold.first_decisions import FirstDecisions
from lakehouse.gold.object_store import as_ours, open_table, probe
from lakehouse.gold.tables import OUTCOME_RECORDS, SCHEMAS, VIEWS
from lakehouse.gold.writer import GoldWriter
from lakehouse.postgres.connection import Patience

HISTORY: Final = "history"
"""The pipeline whose positions these are, and the beginning of its topics."""

_PREFIX: Final = f"{HISTORY}:"
_TABLES: Final = (*SCHEMAS, "outcome_records")
_MOST_BYTES: Final = 192 << 20
_GROUP_BYTES: Final = 24 << 20
_EVENTS_A_COMMIT: Final = 400_000
_ANY_NUMBER: Final = 1 << 40
_A_MONTH_SECONDS: Final = 2_592_000.0
_ORDER: Final = [("applied_on", "ascending"), ("event_at", "ascending"), ("off", "ascending")]
_VERSIONS: Final = ("model_sha256", "policy_version", "contract_version", "reference_version")
_IDENTITY: Final = ("event_id", "topic", "part", "off", "content_hash")


class Appended(NamedTuple):
    """How many decisions, duplicates and outcomes were added."""

    decided: int
    duplicates: int
    outcomes: int


class History:
    """The writer of one history; a context manager that drops uncommitted rows at its end.

    Parameters
    ----------
    source
        What the history is made of; the same source is the same history.
    is_in_order
        Whether its applications come by date; else decisions are sorted before each commit.

    Attributes
    ----------
    topic
        Under which its events stand in the lake.
    next_off
        Where to read on: every table holds what lies before.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        The lake does not answer, refuses us, or holds tables of another shape.
    """

    part: Final = 0

    def __init__(
        self, lake_uri: str, source: str, *, is_in_order: bool, patience: Patience
    ) -> None:
        probe(lake_uri)
        self.topic = f"{_PREFIX}{source}"
        self._is_in_order = is_in_order
        writers = {
            table: GoldWriter(
                lake_uri, table, pipeline=HISTORY, patience=patience, encoded_bytes=_GROUP_BYTES
            )
            for table in _TABLES
        }
        reached = last_offs(writers, [(self.topic, self.part)])[self.topic, self.part]
        self._outcomes_reached = _next(reached["outcome_records"])
        self.next_off = min(map(_next, reached.values()))
        self._first = FirstDecisions()
        self._versions: set[tuple[str, ...]] = set()
        self._read_decisions(writers["decisions"].uri)
        self._unsorted: list[pa.Table] = []
        self._committed_off = self.next_off
        self._appenders = {
            table: GoldAppender(
                writer,
                max_rows=_ANY_NUMBER,
                max_bytes=_MOST_BYTES,
                max_seconds=_A_MONTH_SECONDS,
                max_offsets=_ANY_NUMBER,
            )
            for table, writer in writers.items()
        }

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End its threads; what was not committed is made again by the next run."""
        for appender in self._appenders.values():
            appender.close()

    def expect(self, versions: Mapping[str, str]) -> None:
        """Check that the stored part of this history was decided by these versions.

        Raises
        ------
        StoresDisagree
            It was not: the history would be of two minds, and its tables might not balance.
        """
        expected = tuple(versions[name] for name in _VERSIONS)
        if self._versions - {expected}:
            found = next(iter(self._versions - {expected}))
            differing = [
                f"{name} {there!r}, now {here!r}"
                for name, there, here in zip(_VERSIONS, found, expected, strict=True)
                if there != here
            ]
            raise StoresDisagree(
                f"{self.topic} was begun with other versions ({'; '.join(differing)}): go on with "
                "those (RISK_MODEL, RISK_POLICY), or load into another RISK_LAKE_URI"
            )

    def append(
        self,
        *,
        first_off: int,
        next_off: int,
        decided: pa.Table,
        quarantined: pa.Table,
        raw: pa.Table,
        outcomes: pa.Table,
    ) -> Appended:
        """Add consecutive events, up to but not including `next_off`; return how many of each kind.

        Parameters
        ----------
        decided, quarantined, raw
            As `lakehouse.arrow_schemas` has them, by offset; each event is in one of the first two.
        outcomes
            What became of the loans, the columns of `OUTCOME_RECORDS` and ``off``.

        Raises
        ------
        LakehouseError
            A table could not take what it was handed.
        """
        stands, duplicates = self._first.split(decided, self.topic, self.part)
        self._append("raw_events", first_off, next_off, raw)
        self._append("quarantine", first_off, next_off, quarantined)
        self._append("duplicates", first_off, next_off, duplicates)
        outcomes = self._new_outcomes(outcomes, duplicates)
        self._append("outcome_records", first_off, next_off, outcomes)
        if self._is_in_order:
            self._append("decisions", first_off, next_off, stands)
        else:
            self._unsorted.append(stands)
        self.next_off = next_off
        if next_off - self._committed_off >= _EVENTS_A_COMMIT:
            self.commit()
        return Appended(stands.num_rows, duplicates.num_rows, outcomes.num_rows)

    def commit(self) -> None:
        """Commit what was appended; a killed load goes on behind it.

        Raises
        ------
        LakehouseError
            A table could not take what it was handed.
        """
        if self._unsorted:
            rows = pa.concat_tables(self._unsorted).sort_by(_ORDER)
            self._unsorted = []
            self._append("decisions", self._committed_off, self.next_off, rows)
        for appender in self._appenders.values():
            appender.flush(wait=True)
        self._committed_off = self.next_off

    def _new_outcomes(self, outcomes: pa.Table, duplicates: pa.Table) -> pa.Table:
        """Leave out what is there already, and what repetitions of an event tell once more."""
        is_new = pc.and_(
            pc.greater_equal(outcomes["off"], self._outcomes_reached),
            pc.invert(pc.is_in(outcomes["off"], duplicates["off"])),
        )
        return outcomes.filter(is_new).select(OUTCOME_RECORDS.names)

    def _append(self, table: str, first_off: int, next_off: int, rows: pa.Table) -> None:
        rows = rows.cast(VIEWS[table])
        self._appenders[table].append(self.topic, self.part, next_off, rows, first_off)

    def _read_decisions(self, uri: str) -> None:
        """Learn which ids are decided in the lake, by whomever, and by which versions ours are."""
        with as_ours(uri):
            table = open_table(uri)
            if table is None:
                return
            for batch in table.to_pyarrow_dataset().to_batches(columns=[*_IDENTITY, *_VERSIONS]):
                rows = pa.table(batch)
                self._first.add(rows)
                own = rows.filter(pc.equal(rows["topic"], self.topic)).select(_VERSIONS)
                seen = own.group_by(list(_VERSIONS)).aggregate([])
                self._versions |= {tuple(row.values()) for row in seen.to_pylist()}


def _next(last: int | None) -> int:
    return 0 if last is None else last + 1
