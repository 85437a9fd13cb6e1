"""The quarantine at the terminal: what is held, what it looks like, and deciding it after a fix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lakehouse.__main__ import main
from lakehouse.silver.recoveries import HeldCount
from tests.lakehouse.quarantine_cases import FilledStores
from tests.lakehouse.silver_cases import TOPIC
from tests.risk.applications import as_bytes

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stores(silver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledStores]:
    """A decided event, a broken one, and two in envelopes that the settings do not read."""
    for name, value in {
        "RISK_HOME": str(tmp_path),
        "RISK_LAKE_URI": str(tmp_path / "lake"),
        "RISK_SILVER_DSN": silver,
    }.items():
        monkeypatch.setenv(name, value)
    stores = FilledStores(silver, str(tmp_path / "lake"))
    cloud = {"specversion": "1.0", "id": "e", "type": "t", "source": "s"}
    in_cloud = json.dumps(cloud | {"data": json.loads(as_bytes(id=3))}).encode()
    framed = b"\0\0\0\0\x07" + as_bytes(id=2)
    stores.read([as_bytes(id=1), b'{"id": 4\x1b[31m', framed, in_cloud])
    yield stores
    stores.close()


@pytest.fixture
def run(stores: FilledStores, capsys: pytest.CaptureFixture[str]) -> Run:
    assert stores.silver

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["quarantine", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_what_is_held_is_listed_by_code(run: Run) -> None:
    code, out, err = run("list")
    assert (code, err) == (0, "")
    assert out.startswith("3 events in quarantine, 0 recovered\n")
    assert f"  {TOPIC} missing_field: 1, " in out
    assert "a CloudEvent in structured mode" in out
    _, out, _ = run("list", "--json", "--code", "missing_field")
    assert json.loads(out)["held"] == 1
    assert [*json.loads(out)] == [*HeldCount.__struct_fields__]


def test_an_event_is_shown_without_steering_the_terminal(run: Run) -> None:
    code, out, _ = run("show", f"{TOPIC}/0/1")
    assert code == 0
    assert "\x1b" not in out
    assert r'{"id": 4\x1b[31m' in out
    _, out, _ = run("show", "--limit", "2")
    assert out.count(TOPIC) == 2


@pytest.mark.parametrize(
    ("position", "said"),
    [(f"{TOPIC}/0/0", "no such event is in quarantine"), ("nowhere", "expected TOPIC/PART/OFF")],
)
def test_what_is_not_held_is_said(run: Run, position: str, said: str) -> None:
    code, _, err = run("show", position)
    assert code == 2
    assert said in err


def test_a_setting_is_a_fix_after_which_a_replay_decides(
    run: Run, stores: FilledStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out, _ = run("replay", "--dry-run")
    assert out.startswith(
        "3 events in quarantine: 0 would be decided, 0 would be duplicates, 3 stay"
    )
    monkeypatch.setenv("RISK_ENVELOPE", "any")
    _, out, _ = run("replay", "--dry-run", "--json")
    told = {"is_dry": True, "looked_at": 3, "decided": 2, "duplicates": 0}
    assert json.loads(out) == told | {"still_refused": {"malformed_json": 1}}
    code, out, err = run("replay", "--by", "a test")
    assert (code, err) == (0, "")
    assert out == ("3 events in quarantine: 2 decided, 0 duplicates, 1 stay\n  malformed_json: 1\n")
    found = stores.account()
    assert found.holds
    assert (found.decided, found.quarantined, found.recovered) == (3, 1, 2)
    _, out, _ = run("list")
    assert out.startswith("1 events in quarantine, 2 recovered\n")
    code = main(["check"])
    assert code == 0
