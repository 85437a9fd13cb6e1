"""Which Postgres programs dump and restore a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.backup.programs import fitting, major_of
from lakehouse.errors import Denied, LakehouseError, SettingsInvalid

HERE = {15: Path("debian"), 17: Path("newer"), 18: Path("package")}


@pytest.mark.parametrize(("server", "taken"), [(14, 15), (15, 15), (16, 17), (18, 18)])
def test_the_servers_own_version_is_taken_else_the_next(server: int, taken: int) -> None:
    assert fitting(server, HERE).major == taken


def test_without_a_fitting_one_it_says_which_to_install() -> None:
    with pytest.raises(SettingsInvalid, match=r"Postgres 19 .* found 15, 17, 18; .*client-19"):
        fitting(19, HERE)


@pytest.mark.server
def test_the_embedded_server_has_programs_on_this_machine(postgres: str, tmp_path: Path) -> None:
    programs = fitting(major_of(postgres))
    programs.run("pg_dump", postgres, [f"--file={tmp_path / 'dump'}"])
    assert "PostgreSQL database dump" in (tmp_path / "dump").read_text(encoding="utf-8")


@pytest.mark.server
def test_a_failure_is_one_line_without_the_password(postgres: str) -> None:
    with pytest.raises(LakehouseError) as failed:
        fitting(major_of(postgres)).run("pg_dump", postgres, ["--schema=nowhere"])
    assert "no matching schemas" in str(failed.value)
    wrong = postgres.replace("password=", "password=not-")
    with pytest.raises(Denied) as refused:
        fitting(major_of(postgres)).run("pg_dump", wrong, [])
    assert "not-" not in str(refused.value)
