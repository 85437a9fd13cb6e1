"""Small tables that the stream joins to; they can be replaced while it runs, and all versions stay.

The tables shipped with the code are used until others are loaded. ``python -m lakehouse reference
load NAME FILE.csv`` replaces one of them: a new set is stored in silver and put in force, and every
flow changes to it between two batches.
"""

import csv
import hashlib
import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from lakehouse.errors import ArtefactInvalid
from lakehouse.postgres.connection import connect, execute, transact
from lakehouse.postgres.session import Session
from risk.decision.reference_tables import ReferenceTables

_SHIPPED: Final = Path(__file__).parents[1] / "shipped" / "reference"
_LONGEST_TEXT: Final = 200
_LARGEST_FILE: Final = 1 << 20
_VERSION_DIGITS: Final = 12


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which columns of a table's CSV are the key and the value; others are for people."""

    key: str
    value: str


TABLES: Final[Mapping[str, _Shape]] = {
    "purposes": _Shape("purpose", "group"),
    "states": _Shape("state", "region"),
}
"""The reference tables by name."""

_Content = dict[str, dict[str, str]]


@cache
def shipped() -> ReferenceTables:
    """Return the tables that come with the code."""
    return _as_tables({name: read_csv(name, _SHIPPED / f"{name}.csv") for name in TABLES})


def begin(dsn: str) -> ReferenceTables:
    """Return the tables in force at a start, and keep the shipped ones with their version.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    transact(dsn, lambda connection: _store(connection, shipped()))
    return in_force(dsn)


def in_force(dsn: str) -> ReferenceTables:
    """Return the tables that new decisions are joined to."""
    return transact(dsn, lambda connection: _in_force(connection, shipped()))


def stored(dsn: str, version: str) -> ReferenceTables:
    """Return the set that a decision of the past was joined to.

    Raises
    ------
    ArtefactInvalid
        No set of this version was ever stored.
    """
    return transact(dsn, lambda connection: _read(connection, version))


def load(dsn: str, name: str, path: Path) -> ReferenceTables:
    """Replace one table and return the set that holds from now on.

    Raises
    ------
    ArtefactInvalid
        There is no table of this name, or the file is not one.
    """
    content = read_csv(name, path)

    def replace(connection: psycopg.Connection) -> ReferenceTables:
        tables = _as_tables({**_as_content(_in_force(connection, shipped())), name: content})
        _store(connection, tables)
        execute(connection, "enforce_reference", {"version": tables.version})
        return tables

    return transact(dsn, replace)


class ReferenceWatch:
    """The tables in force, looked up on a connection of its own: cheap enough between batches.

    While silver does not answer, the old tables stay in force. Nothing can be decided without
    silver anyway, and the next look finds new tables.
    """

    def __init__(
        self, dsn: str, *, open_connection: Callable[[str], Session[Any]] = connect
    ) -> None:
        self._dsn = dsn
        self._open = open_connection
        self._connection: Session[Any] | None = None
        self._lock = threading.Lock()

    def __call__(self, tables: ReferenceTables) -> ReferenceTables:
        """Return `tables` itself, or what has replaced it.

        Raises
        ------
        ArtefactInvalid
            What has replaced it was altered in silver.
        """
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = self._open(self._dsn)
                    self._connection.autocommit = True
                with self._connection.limited():
                    return _in_force(self._connection, tables)
            except psycopg.OperationalError:
                self._drop()
                return tables

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def read_csv(name: str, path: Path) -> dict[str, str]:
    """Read one table from a CSV file in UTF-8 whose header names its key and value columns.

    Raises
    ------
    ArtefactInvalid
        There is no table of this name, or the file is not one; the message names the line.
    """
    if name not in TABLES:
        raise ArtefactInvalid(
            f"there is no reference table {name!r}; there are {', '.join(sorted(TABLES))}"
        )
    shape = TABLES[name]
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise ArtefactInvalid(f"{path} is larger than 1 MiB; reference tables are small")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ArtefactInvalid(f"cannot read {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise ArtefactInvalid(f"{path} is not UTF-8; save it as CSV UTF-8") from exc
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if not {shape.key, shape.value} <= set(rows.fieldnames or ()):
        raise ArtefactInvalid(
            f"{path}: expected the columns {shape.key} and {shape.value} in the first line, found "
            f"{', '.join(rows.fieldnames or ()) or 'none'}"
        )
    found: dict[str, str] = {}
    try:
        for row in rows:
            where = f"{path}, line {rows.line_num}"
            key = _text_of(where, shape.key, row[shape.key])
            value = _text_of(where, shape.value, row[shape.value])
            if key in found:
                raise ArtefactInvalid(f"{where}: {shape.key} {key!r} is there twice; keep one")
            found[key] = value
    except csv.Error as exc:
        raise ArtefactInvalid(f"{path}, line {rows.line_num}: {exc}") from exc
    if not found:
        raise ArtefactInvalid(f"{path} has a header but no rows")
    return found


def _text_of(where: str, column: str, text: str | None) -> str:
    found = (text or "").strip()
    if not found or len(found) > _LONGEST_TEXT or not found.isprintable():
        raise ArtefactInvalid(
            f"{where}: {column} must be 1 to {_LONGEST_TEXT} printable characters"
        )
    return found


def _as_tables(content: _Content) -> ReferenceTables:
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return ReferenceTables(
        version=digest[:_VERSION_DIGITS],
        region_by_state=content["states"],
        group_by_purpose=content["purposes"],
    )


def _as_content(tables: ReferenceTables) -> _Content:
    return {"purposes": dict(tables.group_by_purpose), "states": dict(tables.region_by_state)}


def _in_force(connection: psycopg.Connection, known: ReferenceTables) -> ReferenceTables:
    row = execute(connection, "reference_in_force", {}).fetchone()
    version = shipped().version if row is None else row[0]
    if version == known.version:
        return known
    return shipped() if version == shipped().version else _read(connection, version)


def _read(connection: psycopg.Connection, version: str) -> ReferenceTables:
    row = execute(connection, "read_reference", {"version": version}).fetchone()
    if row is None:
        raise ArtefactInvalid(f"there is no set of reference tables of version {version!r}")
    tables = _as_tables(row[0])
    if tables.version != version:
        raise ArtefactInvalid(
            f"the reference tables stored as version {version} have the content of "
            f"{tables.version}: they were altered; load the tables again"
        )
    return tables


def _store(connection: psycopg.Connection, tables: ReferenceTables) -> None:
    content = Jsonb(_as_content(tables))
    execute(connection, "store_reference", {"version": tables.version, "tables": content})
