"""A database that knows the statements of silver by name, and fails loudly on any other.

It stands where connections come from, so that all of the product's own code runs above it: its
transactions, its binary COPY, its retries. Rows are locked as in Postgres; whoever holds a lock
that another process wants is suspended in the midst of a transaction, and the server then ends its
session, as it does after ``idle_in_transaction_session_timeout``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

import psycopg
import pyarrow as pa
from psycopg import errors as pg

from lakehouse.arrow_schemas import DECISIONS, DUPLICATES, INSTANT, QUARANTINE
from lakehouse.postgres.statements import load_sql
from tests.faults.simulator.world import Runs, Violation, World

Row = tuple[Any, ...]

TABLES: Final = ("owner", "progress", "decisions", "places", "quarantine", "duplicates")
COPY: Final = load_sql("silver/copy_decisions").encode()
COPY_HEADER: Final = len(b"PGCOPY\n\xff\r\n\0") + 8
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
EVENT_ID, TOPIC, PART, OFF, CONTENT = map(
    DECISIONS.get_field_index, ("event_id", "topic", "part", "off", "content_hash")
)
_ELEMENT: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|(null)')
_COUNTERS: Final = ("read", "decided", "duplicates", "conflicts", "quarantined")

_DECODE: Final[Mapping[pa.DataType, Callable[[bytes], Any]]] = {
    pa.string(): bytes.decode,
    pa.float64(): lambda raw: struct.unpack("!d", raw)[0],
    pa.int64(): lambda raw: int.from_bytes(raw, "big", signed=True),
    pa.bool_(): lambda raw: raw == b"\1",
    pa.date32(): lambda raw: date(2000, 1, 1) + timedelta(int.from_bytes(raw, "big", signed=True)),
    INSTANT: lambda raw: EPOCH + timedelta(microseconds=int.from_bytes(raw, "big", signed=True)),
}
_PARSE: Final[Mapping[pa.DataType, Callable[[Any], Any]]] = {
    pa.string(): str,
    pa.int64(): int,
    pa.bool_(): lambda text: text == "true",
    pa.binary(): lambda raw: raw,
    INSTANT: datetime.fromisoformat,
}
_DECODERS: Final = [_DECODE[each.type] for each in DECISIONS]


@cache
def _name_of(statement: bytes) -> str:
    for name in _ANSWERS:
        if load_sql(f"silver/{name}").encode() == statement:
            return name
    raise LookupError(f"the simulated database does not know this statement:\n{statement.decode()}")


class Database:
    """What is committed, and who is connected."""

    def __init__(self, world: World, refused_ids: frozenset[str] = frozenset()) -> None:
        self.world = world
        self.refused_ids = refused_ids
        self.stored: dict[str, dict[Any, Any]] = {table: {} for table in TABLES}
        self.sessions: list[Session] = []

    def connect(self, *_: object, **__: object) -> Session:
        """Open a session for the process that runs."""
        if self.world.fails("connect"):
            raise psycopg.OperationalError("connection refused")
        session = Session(self, self.world.running)
        self.sessions.append(session)
        return session

    def forget(self, process: Runs) -> None:
        """End the sessions of a process that is gone."""
        for session in [each for each in self.sessions if each.process is process]:
            session.end()

    def lock(self, holder: Session, key: tuple[Any, ...], *, shared: bool = False) -> None:
        """Lock a row until the session's transaction ends."""
        for other in [*self.sessions]:
            if other is not holder and key in other.locks and not (shared and other.locks[key]):
                other.end()
        holder.locks[key] = shared and holder.locks.get(key, True)

    def decisions(self) -> list[Row]:
        """Return the decided rows, as the columns of `DECISIONS`, by place."""
        rows = [_decoded(fields) for fields in self.stored["decisions"].values()]
        return sorted(rows, key=lambda row: (row[TOPIC], row[PART], row[OFF]))


class Session:
    """A connection, as far as the product uses one."""

    def __init__(self, database: Database, process: Runs) -> None:
        self.process = process
        self.locks: dict[tuple[Any, ...], bool] = {}
        self.layers: list[dict[str, dict[Any, Any]]] = []
        self.is_over = False
        self.database = database
        self._world = database.world

    def end(self) -> None:
        """End it from the server's side; what it did not commit is undone."""
        self.is_over = True
        self.close()

    def close(self) -> None:
        self.layers.clear()
        self.locks.clear()
        if self in self.database.sessions:
            self.database.sessions.remove(self)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        self._refuse_if_over()
        depth = len(self.layers)
        self.layers.append({table: {} for table in TABLES})
        try:
            yield self
        except BaseException:
            del self.layers[depth:]
            if depth == 0:
                self.locks.clear()
            raise
        self._refuse_if_over()
        if depth == 0:
            self._commit()
        else:
            done = self.layers.pop()
            for table, rows in done.items():
                self.layers[-1][table].update(rows)

    def execute(
        self, statement: bytes, parameters: Mapping[str, Any] | None = None, **_: object
    ) -> Answer:
        if statement.startswith(b"set "):
            return Answer([])
        name = _name_of(statement)
        self._world.point(f"before {name}")
        self._fail_perhaps(name)
        answer = _ANSWERS[name](self, parameters or {})
        self._world.point(f"after {name}")
        self._refuse_if_over()
        return answer

    @contextmanager
    def cursor(self) -> Iterator[Session]:
        yield self

    @contextmanager
    def copy(self, statement: bytes) -> Iterator[Copied]:
        if statement != COPY:
            raise LookupError(f"the simulated database does not copy by {statement.decode()}")
        self._world.point("before copy")
        self._fail_perhaps("copy")
        copied = Copied()
        yield copied
        for fields in copied.rows():
            self._add_decision(fields)
        self._world.point("after copy")
        self._refuse_if_over()

    def find(self, table: str, key: Any) -> Any:
        """Return a row as this transaction sees it."""
        for layer in reversed(self.layers):
            if key in layer[table]:
                return layer[table][key]
        return self.database.stored[table].get(key)

    def put(self, table: str, key: Any, row: Any) -> None:
        """Write a row, for this transaction to begin with."""
        self.database.lock(self, (table, key))
        self.layers[-1][table][key] = row

    def between(self, table: str, where: Mapping[str, Any]) -> list[Any]:
        """Return the rows of a range of offsets as this transaction sees them."""
        seen = dict(self.database.stored[table])
        for layer in self.layers:
            seen.update(layer[table])
        wanted = range(where["first_off"], where["next_off"])
        return [
            row
            for (topic, part, off), row in sorted(seen.items())
            if (topic, part) == (where["topic"], where["part"]) and off in wanted
        ]

    def _add_decision(self, fields: Sequence[bytes | None]) -> None:
        event_id = (fields[EVENT_ID] or b"").decode()
        place = _place(fields)
        if event_id in self.database.refused_ids:
            raise pg.NumericValueOutOfRange("this database refuses the row")
        if self.find("decisions", event_id) is not None:
            raise pg.UniqueViolation("decisions_pkey")
        if self.find("places", place) is not None:
            raise Violation(f"{place} is decided twice, under two ids")
        self.put("decisions", event_id, fields)
        self.put("places", place, event_id)

    def _commit(self) -> None:
        self._world.point("before commit")
        self._refuse_if_over()
        if self._world.fails("commit, undone"):
            self._break("the server closed the connection before the commit")
        (layer,) = self.layers
        for table in ("decisions", "places", "quarantine", "duplicates"):
            again = layer[table].keys() & self.database.stored[table].keys()
            if again:
                raise Violation(f"{table}: {sorted(again)} written again")
        for table, rows in layer.items():
            self.database.stored[table].update(rows)
        self.layers.clear()
        self.locks.clear()
        self._world.point("after commit")
        if self._world.fails("commit, answer lost"):
            self._break("the server closed the connection after the commit")

    def _fail_perhaps(self, what: str) -> None:
        self._refuse_if_over()
        if self._world.fails(what):
            if self._world.one_in(2):
                raise pg.DeadlockDetected(what)
            self._break(what)

    def _break(self, what: str) -> None:
        self.end()
        raise psycopg.OperationalError(what)

    def _refuse_if_over(self) -> None:
        if self.is_over:
            raise pg.IdleInTransactionSessionTimeout("the server ended this session")


class Answer:
    """The rows of a statement."""

    def __init__(self, rows: list[Row], rowcount: int | None = None) -> None:
        self._rows = rows
        self.rowcount = len(rows) if rowcount is None else rowcount

    def fetchall(self) -> list[Row]:
        return self._rows

    def fetchone(self) -> Row | None:
        return self._rows[0] if self._rows else None


class Copied:
    """Takes what is written to a binary COPY apart."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> None:
        self._written += data

    def rows(self) -> Iterator[list[bytes | None]]:
        at = COPY_HEADER
        data = bytes(self._written)
        while (count := struct.unpack_from("!h", data, at)[0]) != -1:
            at += 2
            fields: list[bytes | None] = []
            for _ in range(count):
                (size,) = struct.unpack_from("!i", data, at)
                at += 4
                fields.append(None if size < 0 else data[at : at + size])
                at += max(size, 0)
            yield fields


def _place(fields: Sequence[bytes | None]) -> tuple[Any, ...]:
    return tuple(_DECODERS[at](fields[at] or b"") for at in (TOPIC, PART, OFF))


def _decoded(fields: Sequence[bytes | None]) -> Row:
    return tuple(
        None if raw is None else decode(raw) for decode, raw in zip(_DECODERS, fields, strict=True)
    )


def _array(literal: str | Sequence[Any], kind: pa.DataType) -> list[Any]:
    """Read one parameter of a column: an array literal, or a list of bytes."""
    if not isinstance(literal, str):
        return list(literal)
    return [
        None if null else _PARSE[kind](re.sub(r"\\(.)", r"\1", text))
        for text, null in _ELEMENT.findall(literal)
    ]


def _claim_pipeline(session: Session, given: Mapping[str, Any]) -> Answer:
    token = (session.find("owner", given["pipeline"]) or 0) + 1
    session.put("owner", given["pipeline"], token)
    return Answer([(token,)])


def _lock_owner(session: Session, given: Mapping[str, Any]) -> Answer:
    session.database.lock(session, ("owner", given["pipeline"]), shared=True)
    token = session.find("owner", given["pipeline"])
    return Answer([] if token is None else [(token,)])


def _list_progress(session: Session, given: Mapping[str, Any]) -> Answer:
    known = sorted(session.database.stored["progress"].items())
    return Answer(
        [(topic, part, *figures) for (name, topic, part), figures in known
         if name == given["pipeline"]]
    )  # fmt: skip


def _record_start(session: Session, given: Mapping[str, Any]) -> Answer:
    key = (given["pipeline"], given["topic"], given["part"])
    if session.find("progress", key) is None:
        start = given["start_off"]
        session.put("progress", key, (start, start, *[0] * len(_COUNTERS), given["topic_id"]))
    return Answer([])


def _lock_progress(session: Session, given: Mapping[str, Any]) -> Answer:
    rows = []
    for topic, part in zip(given["topics"], given["parts"], strict=True):
        key = (given["pipeline"], topic, part)
        session.database.lock(session, ("progress", key))
        if (figures := session.find("progress", key)) is not None:
            rows.append((topic, part, figures[1]))
    return Answer(rows)


def _advance_progress(session: Session, given: Mapping[str, Any]) -> Answer:
    names = ("topics", "parts", "next_offs", *_COUNTERS)
    for topic, part, next_off, *counted in zip(*(given[name] for name in names), strict=True):
        key = (given["pipeline"], topic, part)
        start, before, *counters, topic_id = session.find("progress", key)
        if next_off <= before:
            raise Violation(f"{key} goes from {before} to {next_off}")
        summed = (a + b for a, b in zip(counters, counted, strict=True))
        session.put("progress", key, (start, next_off, *summed, topic_id))
    return Answer([])


def _find_decided(session: Session, given: Mapping[str, Any]) -> Answer:
    found = []
    for event_id in _array(given["event_ids"], pa.string()):
        if (fields := session.find("decisions", event_id)) is not None:
            content = int.from_bytes(fields[CONTENT], "big", signed=True)
            found.append((event_id, *_place(fields), content))
    return Answer(found)


def _inserts(table: str, schema: pa.Schema) -> Callable[[Session, Mapping[str, Any]], Answer]:
    def insert(session: Session, given: Mapping[str, Any]) -> Answer:
        columns = [_array(given[each.name], each.type) for each in schema]
        new = [row for row in zip(*columns, strict=True) if session.find(table, row[:3]) is None]
        for row in new:
            session.put(table, row[:3], row)
        return Answer([], len(new))

    return insert


def _reads(table: str) -> Callable[[Session, Mapping[str, Any]], Answer]:
    return lambda session, given: Answer(session.between(table, given))


def _read_decisions(session: Session, given: Mapping[str, Any]) -> Answer:
    ids = session.between("places", given)
    return Answer([_decoded(session.find("decisions", event_id)) for event_id in ids])


_ANSWERS: Final[dict[str, Callable[[Session, Mapping[str, Any]], Answer]]] = {
    "claim_pipeline": _claim_pipeline,
    "lock_owner": _lock_owner,
    "list_progress": _list_progress,
    "list_losses": lambda _session, _given: Answer([]),
    "record_start": _record_start,
    "lock_progress": _lock_progress,
    "advance_progress": _advance_progress,
    "find_decided": _find_decided,
    "insert_quarantine": _inserts("quarantine", QUARANTINE),
    "insert_duplicates": _inserts("duplicates", DUPLICATES),
    "read_decisions": _read_decisions,
    "read_quarantine": _reads("quarantine"),
    "read_duplicates": _reads("duplicates"),
}
