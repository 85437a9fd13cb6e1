"""``python -m lakehouse models``: what is typed, what is answered, and with which exit code."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakehouse.__main__ import main
from lakehouse.registry.artefacts import CHAMPION, SHIPPED, load_model, save_model
from lakehouse.registry.store import RegistryStore
from tests.lakehouse.registry_cases import flip_a_byte, object_path
from tests.risk.applications import a_model

Run = Callable[..., tuple[int, str, str]]
WHY = ("--reason", "it is better", "--by", "sam")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("LOGNAME", "the-account")

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(("models", *arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def next_model(tmp_path: Path) -> str:
    """The file of a model that is not shipped."""
    return str(save_model(a_model("next-1"), folder=tmp_path / "fitted"))


def listed(run: Run) -> dict[str, Any]:
    code, out, _ = run("list", "--json")
    assert code in {0, 1}
    found: dict[str, Any] = json.loads(out)
    return found


def part_of(run: Run, version: str) -> str:
    return next(str(m["role"]) for m in listed(run)["models"] if m["version"] == version)


def test_a_dossier_beside_the_file_is_kept_beside_the_model(
    run: Run, lake: str, next_model: str
) -> None:
    Path(next_model).with_suffix(".md").write_text("# next-1\n")
    assert run("register", next_model)[0] == 0
    kept = Path(lake) / "_registry" / "models" / "next-1.md"
    assert kept.read_text() == "# next-1\n"
    Path(next_model).with_suffix(".md").write_text("# other\n")
    assert run("register", next_model)[0] == 0
    assert kept.read_text() == "# next-1\n"


def test_with_nothing_registered_the_shipped_champion_is_in_force(run: Run) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert f"in force: champion {CHAMPION}, challengers none" in out
    found = listed(run)
    assert (found["number"], found["champion"], found["challengers"]) == (0, CHAMPION, [])
    assert {"reference-1", "standard-1"} <= {each["version"] for each in found["policies"]}


def test_a_model_walks_from_its_file_to_champion_and_back(run: Run, next_model: str) -> None:
    assert run("register", next_model)[0] == 0
    assert part_of(run, "next-1") == "registered"
    code, out, _ = run("challenge", "next-1", *WHY)
    assert (code, out) == (0, f"in force: champion {CHAMPION}, challengers next-1\n")
    code, out, _ = run("promote", "next-1", *WHY)
    assert (code, out) == (0, "in force: champion next-1, challengers none\n")
    code, out, _ = run("rollback", *WHY)
    assert (code, out) == (0, f"in force: champion {CHAMPION}, challengers none\n")
    assert run("retire", "next-1", *WHY)[0] == 0
    assert part_of(run, "next-1") == "retired"


def test_the_table_shows_every_version_and_its_part(run: Run, next_model: str) -> None:
    run("register", next_model, "--by", "sam")
    run("challenge", "next-1", *WHY)
    _, out, _ = run("list")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}
    assert rows["next-1"][:3] == ["challenger", "scorecard", a_model("next-1").sha256[:12]]
    assert rows["next-1"][-1] == "sam"
    assert rows[CHAMPION][:3] == ["champion", "scorecard", load_model().sha256[:12]]
    assert rows["standard-1"][:2] == ["shipped", "policy"]


def test_a_change_answers_as_json_with_what_is_in_force(run: Run, next_model: str) -> None:
    code, out, _ = run("register", next_model, "--json")
    found = json.loads(out)
    assert (code, found["number"], found["champion"]) == (0, 1, CHAMPION)
    assert found["models"][0]["version"] == "next-1"


def test_a_shipped_model_is_registered_by_its_version(run: Run, lake: str) -> None:
    assert run("register", CHAMPION)[0] == 0
    shipped = (SHIPPED / "models" / f"{CHAMPION}.json").read_bytes()
    assert RegistryStore(lake).document("model", CHAMPION) == shipped


def test_a_policy_is_registered_from_its_file(run: Run, tmp_path: Path) -> None:
    shipped = (SHIPPED / "policies" / "standard-1.json").read_text(encoding="utf-8")
    path = tmp_path / "mine-1.json"
    path.write_text(shipped.replace("standard-1", "mine-1", 1), encoding="utf-8")
    assert run("register", str(path), "--policy", "--by", "sam")[0] == 0
    (mine,) = (each for each in listed(run)["policies"] if each["version"] == "mine-1")
    assert mine["registered_by"] == "sam"
    assert "mine-1" in run("list")[1]


def test_who_makes_a_change_is_the_account_unless_told(
    run: Run, lake: str, next_model: str
) -> None:
    run("register", next_model)
    assert RegistryStore(lake).entries()[0].by == "the-account"


def test_an_account_without_a_name_is_asked_for_one(
    run: Run, next_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr(getpass, "getuser", nobody)
    code, _, err = run("register", next_model)
    assert (code, err.partition(":")[0]) == (2, "settings_invalid")
    assert "--by" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("promote", "next-9", *WHY),
            "change_refused: cannot promote next-9: it is not registered",
        ),
        (("rollback", *WHY), "change_refused: cannot roll back: the shipped champion is the first"),
        (("retire", CHAMPION, *WHY), "change_refused: cannot retire"),
        (("register", "no-such-file.json"), "artefact_invalid: cannot read no-such-file.json"),
        (("register", __file__), "artefact_invalid: cannot register: model document"),
    ],
)
def test_what_is_refused_is_said_in_one_line_with_exit_code_2(
    run: Run, arguments: tuple[str, ...], said: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["promote", "challenge", "retire"])
def test_a_change_of_what_is_in_force_needs_a_reason(run: Run, verb: str) -> None:
    with pytest.raises(SystemExit) as ended:
        run(verb, CHAMPION)
    assert ended.value.code == 2


def test_a_damaged_model_is_listed_as_refused_with_exit_code_1(
    run: Run, lake: str, next_model: str
) -> None:
    run("register", next_model)
    flip_a_byte(object_path(lake, "models", "next-1.json"))
    code, out, _ = run("list")
    assert code == 1
    assert "REFUSED" in out
    assert "expected the checksum in the log" in " ".join(out.split())


def test_a_pinned_model_is_said(run: Run, next_model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("register", next_model)
    monkeypatch.setenv("RISK_MODEL", CHAMPION)
    _, out, _ = run("promote", "next-1", *WHY)
    assert f"RISK_MODEL pins {CHAMPION} here" in out
