"""A file keeps its number, and so its position, whatever files come to lie beside it."""

from pathlib import Path

import pytest

from dataflows.files.identity import FIRST_BYTES, FileIdentity
from dataflows.flow.start.file_numbers import numbered
from dataflows.sources.partitions import Partition
from lakehouse.errors import PositionLost
from lakehouse.silver.claims import Progress
from tests.flow import run_module, sound_account
from tests.risk.applications import as_bytes

TOPIC = "/data"


def a_file(name: str, head: bytes = b"") -> FileIdentity:
    return FileIdentity.of(Path(TOPIC, name), head or name.encode() * 100)


def partitions(*files: FileIdentity) -> list[Partition]:
    return [
        Partition(TOPIC, place, 0, None, lambda **_: None, file=file)  # type: ignore[arg-type]
        for place, file in enumerate(files)
    ]


def stored(*files: FileIdentity | None) -> dict[tuple[str, int], Progress]:
    return {
        (TOPIC, part): Progress(0, 9, 9, 9, 0, 0, 0, None if file is None else str(file))
        for part, file in enumerate(files)
    }


def numbers(files: list[FileIdentity], known: dict[tuple[str, int], Progress]) -> dict[str, int]:
    found = numbered(partitions(*files), known)
    return {each.file.path.name: each.part for each in found if each.file is not None}


def test_files_that_were_never_read_are_numbered_in_order() -> None:
    assert numbers([a_file("a"), a_file("b")], {}) == {"a": 0, "b": 1}


def test_a_file_that_comes_between_two_others_takes_the_next_number() -> None:
    files = [a_file("a"), a_file("aa"), a_file("b"), a_file("c")]
    assert numbers(files, stored(a_file("a"), a_file("c"))) == {"a": 0, "aa": 2, "b": 3, "c": 1}


def test_a_file_that_was_taken_away_leaves_its_number_to_nobody() -> None:
    known = stored(a_file("a"), a_file("b"))
    assert numbers([a_file("b"), a_file("c")], known) == {"b": 1, "c": 2}


def test_numbers_from_before_names_were_kept_belong_to_the_places() -> None:
    assert numbers([a_file("a"), a_file("b")], stored(None, a_file("b"))) == {"a": 0, "b": 1}


def test_a_file_may_grow_and_may_be_cut() -> None:
    known = stored(a_file("a", b"x" * 100))
    assert numbers([a_file("a", b"x" * (2 * FIRST_BYTES))], known) == {"a": 0}
    assert numbers([a_file("a", b"x" * 50)], known) == {"a": 0}


def test_another_file_under_the_same_name_is_refused() -> None:
    with pytest.raises(PositionLost, match=r"/data/a: the file was replaced"):
        numbers([a_file("a", b"other" * 100)], stored(a_file("a")))


def test_a_name_may_hold_any_sign() -> None:
    odd = a_file("loans@2018:Q1.csv")
    assert numbers([a_file("a"), odd], stored(odd)) == {"a": 1, "loans@2018:Q1.csv": 0}


def test_a_quarter_that_comes_late_is_read_and_the_others_are_not_read_again(
    tmp_path: Path,
) -> None:
    """By its name it lies before what was read; each file goes on from its own position."""
    folder = tmp_path / "quarters"
    folder.mkdir()
    settings = {
        "RISK_SOURCE": f"file://{folder}",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }

    def run(name: str, first: int, count: int) -> None:
        lines = [as_bytes(id=number) + b"\n" for number in range(first, first + count)]
        with (folder / name).open("ab") as file:
            file.writelines(lines)
        done = run_module("bytewax.run", "dataflows.score", settings=settings)
        assert done.returncode == 0, done.stderr

    run("Q2.jsonl", 0, 30)
    run("Q3.jsonl", 30, 10)
    run("Q1.jsonl", 40, 20)  # before both
    run("Q2.jsonl", 60, 5)  # grown
    account = sound_account(settings)
    found = {name: account[name] for name in ("read", "decided", "duplicates", "quarantined")}
    assert found == {"read": 65, "decided": 65, "duplicates": 0, "quarantined": 0}
