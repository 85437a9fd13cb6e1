"""The fault suite itself: what it lists, and how it says that a row failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from tests.faults.__main__ import listed, main
from tests.faults.suite.scene import Servers
from tests.faults.suite.table import ROWS, Row, as_table, run


class NoServers:
    """Gives a row nothing to stand on."""

    @contextmanager
    def scene(self, *_: Any, **__: Any) -> Iterator[None]:
        yield None


NONE = cast("Servers", NoServers())


def test_a_missed_bar_is_a_failed_row_with_its_seed_and_the_next_one_runs() -> None:
    def misses(_scene: Any) -> str:
        raise AssertionError("after 11.0 s")

    rows = [Row("late", "a fault", "10 s", misses), Row("fine", "another", "5 s", lambda _: "3 s")]
    outcomes = [run(each, NONE, seed=7) for each in rows]
    assert as_table(outcomes).splitlines()[2:] == [
        "| a fault | 10 s | after 11.0 s | NO (seed 7) |",
        "| another | 5 s | 3 s | yes |",
    ]


def test_what_lacks_something_here_is_neither_passed_nor_failed() -> None:
    row = Row("absent", "a fault", "10 s", lambda _: "not run: no compiler")
    assert as_table([run(row, NONE, seed=7)]).endswith("| not run: no compiler | - |")


def test_every_row_is_listed_and_so_is_what_cannot_run_here() -> None:
    said = listed()
    assert all(name in said for name in ROWS)
    assert "Not here:" in said


def test_an_unknown_row_is_refused(monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.argv", ["faults", "--only", "nothing"])
    assert main() == 2
