"""A lake of tables that are logs of commits, as Delta's are; see `TableStore`.

A commit names files and positions. It is refused where somebody has committed one of its positions
since the handle was read, and laid over commits of others. A file counts once, however often it is
committed. What is killed on its way may still arrive, as long as nobody else took its version.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa
from deltalake.exceptions import CommitFailedError

from tests.faults.simulator.world import Violation, World

_names = itertools.count()


@dataclass(frozen=True)
class Commit:
    """What one version adds; `replaces` all files before it, as compaction does."""

    files: tuple[str, ...]
    positions: Mapping[str, int]
    replaces: bool = False


@dataclass
class SimulatedTable:
    """One table's objects and log."""

    name: str
    schema: pa.Schema
    objects: dict[str, pa.Table] = field(default_factory=dict)
    log: list[Commit] = field(default_factory=lambda: [Commit((), {})])
    _known_places: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def files(self) -> list[str]:
        """Return the files of the newest version."""
        alive: dict[str, None] = {}
        for commit in self.log:
            if commit.replaces:
                alive.clear()
            alive.update(dict.fromkeys(commit.files))
        return list(alive)

    def rows(self) -> pa.Table:
        """Return the rows of the newest version; each file must have been stored."""
        held = (self.objects[name] for name in self._stored_files())
        return pa.concat_tables([self.schema.empty_table(), *held])

    def places(self) -> list[tuple[int, int]]:
        """Return partition and offset of each of its rows."""
        return [place for name in self._stored_files() for place in self._places_in(name)]

    def _stored_files(self) -> list[str]:
        files = self.files()
        missing = [name for name in files if name not in self.objects]
        if missing:
            raise Violation(f"{self.name} names files that nobody stored: {missing}")
        return files

    def _places_in(self, name: str) -> list[tuple[int, int]]:
        if name not in self._known_places:
            columns = (self.objects[name][each].to_pylist() for each in ("part", "off"))
            self._known_places[name] = list(zip(*columns, strict=True))
        return self._known_places[name]

    def compact(self) -> None:
        """Put all rows into one file, as the maintainer does beside the flow."""
        name = f"compacted-{next(_names)}"
        self.objects[name] = self.rows()
        self.log.append(Commit((name,), {}, replaces=True))

    def position(self, transaction: str) -> int | None:
        """Return the newest position under a name."""
        return SimulatedHandle(self).transaction_version(transaction)


class SimulatedHandle:
    """The table at one version."""

    def __init__(self, table: SimulatedTable) -> None:
        self.table = table
        self._version = len(table.log) - 1

    def version(self) -> int:
        return self._version

    def update_incremental(self) -> None:
        self._version = len(self.table.log) - 1

    def transaction_version(self, app_id: str) -> int | None:
        for commit in reversed(self.table.log[: self._version + 1]):
            if app_id in commit.positions:
                return commit.positions[app_id]
        return None


class SimulatedFile:
    """Rows on their way into the lake."""

    def __init__(self) -> None:
        self.name = f"part-{next(_names)}"
        self.pieces: list[pa.Table] = []
        self.is_stored = False

    @property
    def nbytes(self) -> int:
        return 0

    def append(self, rows: pa.Table) -> None:
        self.pieces.append(rows)

    def seal(self) -> SimulatedFile:
        return self


class SimulatedStore:
    """One process' way to a table."""

    def __init__(self, world: World, table: SimulatedTable) -> None:
        self._world = world
        self._table = table

    def open_or_create(self) -> SimulatedHandle:
        return SimulatedHandle(self._table)

    def open(self) -> SimulatedHandle | None:
        if self._world.fails(f"open {self._table.name}"):
            raise OSError("503")
        return SimulatedHandle(self._table)

    def file(self) -> SimulatedFile:
        return SimulatedFile()

    def put(self, file: SimulatedFile) -> None:
        if file.is_stored:
            return
        with _effect(self._world, f"put {self._table.name}"):
            self._table.objects[file.name] = pa.concat_tables(file.pieces)
        file.is_stored = True

    def commit(
        self, handle: SimulatedHandle, files: Sequence[SimulatedFile], positions: Mapping[str, int]
    ) -> None:
        log = self._table.log
        commit = Commit(tuple(each.name for each in files), dict(positions))
        expected = len(log)

        def is_taken() -> bool:
            since = log[handle.version() + 1 :]
            return any(each.positions.keys() & positions.keys() for each in since)

        def arrive() -> None:
            if len(log) == expected and not is_taken():
                log.append(commit)
                self._world.say(f"a commit of {self._table.name} arrives late")

        with _effect(self._world, f"commit {self._table.name}", arrive):
            if is_taken():
                raise CommitFailedError("a concurrent transaction has the same name")
            log.append(commit)
            self._world.say(f"{self._table.name} at {dict(positions)}")


@contextmanager
def _effect(world: World, what: str, request: Callable[[], None] | None = None) -> Iterator[None]:
    """Give a chance to mishaps around one effect."""
    world.point(f"before {what}", request=request)
    if world.fails(f"{what}, not done"):
        raise OSError("503")
    yield
    world.point(f"after {what}")
    if world.fails(f"{what}, answer lost"):
        raise OSError("the answer was lost")


def lake_of(schemas: Mapping[str, pa.Schema]) -> dict[str, SimulatedTable]:
    """Return an empty lake."""
    return {name: SimulatedTable(name, schema) for name, schema in schemas.items()}
