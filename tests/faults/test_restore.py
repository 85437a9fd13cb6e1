"""Backups restored: into a fresh server, beside a newer gold, and gold beside a newer silver."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from tests.flow import ask, run_module, running_flow, sound_account
from tests.ledger import produce
from tests.servers.broker import Broker

pytestmark = [pytest.mark.server, pytest.mark.timeout(280)]

DECIDED = "select event_id, off, pd, tier from decisions order by off"


@pytest.fixture
def settings(broker: Broker, new_topic: Callable[..., str], tmp_path: Path) -> dict[str, str]:
    return {
        "RISK_SOURCE": f"kafka://{broker.address}/{new_topic()}",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_LAKE_URI": str(tmp_path / "lake"),
        "RISK_GOLD_FLUSH_SECONDS": "1",
    }


def run_to(settings: dict[str, str], off: int, folder: Path) -> None:
    """Run the flow until it has stored up to an offset, then stop it in good order."""
    with running_flow(settings, log=folder / "flow.log") as flow:
        flow.wait_until(
            lambda: flow.total("risk_partition_position") >= off, seconds=60, what=f"at {off}"
        )
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()


def command(settings: dict[str, str], *arguments: str, code: int = 0) -> str:
    """Run a command of the lakehouse; return what it says."""
    done = run_module("lakehouse", *arguments, settings=settings)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def refused(settings: dict[str, str]) -> str:
    """Start the flow, which must end with exit code 5; return its last line."""
    told = settings | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"}
    done = run_module("bytewax.run", "dataflows.score", settings=told)
    assert done.returncode == 5, done.stderr
    return done.stderr.strip().splitlines()[-1]


def backed_up(settings: dict[str, str], folder: Path) -> str:
    """Make a backup; return its folder."""
    command(settings, "backup", str(folder))
    (made,) = folder.iterdir()
    return str(made)


def on_a_fresh_server(settings: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Return settings with a Postgres of its own, which knows neither silver nor its roles."""
    return settings | {"RISK_HOME": str(tmp_path / "another-home")}


def in_all(account: dict[str, Any]) -> tuple[int, int]:
    return account["read"], account["gold_behind"]


def test_silver_and_lake_restored_together_go_on_where_they_stood(
    settings: dict[str, str], tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 300, seed=1)
    run_to(settings, 300, tmp_path)
    backup = backed_up(settings, tmp_path / "backups")
    shutil.copytree(tmp_path / "lake", tmp_path / "lake-copy")
    produce(settings["RISK_SOURCE"], 200, seed=2)
    run_to(settings, 500, tmp_path)
    shutil.rmtree(tmp_path / "lake")
    (tmp_path / "lake-copy").rename(tmp_path / "lake")

    fresh = on_a_fresh_server(settings, tmp_path)
    said = command(fresh, "restore", backup)
    assert "made or granted: role risk_reader" in said
    assert "gold is not ahead of it" in said
    assert "made or granted" not in command(fresh, "migrate")
    assert in_all(sound_account(fresh)) == (300, 0)
    run_to(fresh, 500, tmp_path)
    assert in_all(sound_account(fresh)) == (500, 0)
    assert "a silver already" in command(fresh, "restore", backup, code=2)


@pytest.mark.long
def test_an_older_silver_beside_a_newer_gold_is_refused_and_gold_taken_back(
    settings: dict[str, str], tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 300, seed=1)
    run_to(settings, 300, tmp_path)
    backup = backed_up(settings, tmp_path / "backups")
    produce(settings["RISK_SOURCE"], 200, seed=2)
    run_to(settings, 500, tmp_path)
    before = ask(settings, DECIDED)

    fresh = on_a_fresh_server(settings, tmp_path)
    said = command(fresh, "restore", backup, code=5)
    assert "gold's decisions holds offsets up to 499, silver only up to 299" in said
    assert "python -m lakehouse rewind" in said
    assert "python -m lakehouse rewind" in refused(fresh)
    assert "Nothing was changed" in command(fresh, "rewind")
    assert ask(fresh, DECIDED) == before

    assert "raw_events: 200 rows removed" in command(fresh, "rewind", "--apply")
    assert "nothing to do" in command(fresh, "rewind", "--apply")
    assert in_all(sound_account(fresh)) == (300, 0)
    run_to(fresh, 500, tmp_path)
    assert in_all(sound_account(fresh)) == (500, 0)
    assert ask(fresh, DECIDED) == before
    command(fresh, "maintain")
    assert ask(fresh, DECIDED) == before


@pytest.mark.long
def test_what_was_recovered_after_the_backup_is_taken_back_too(
    settings: dict[str, str], tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 50, seed=1)
    run_to(settings | {"RISK_MAX_EVENT_BYTES": "1024"}, 50, tmp_path)
    backup = backed_up(settings, tmp_path / "backups")
    assert "too_large" in command(settings, "quarantine", "list")
    assert "too_large" in command(settings, "quarantine", "show", "--limit", "1")
    command(settings, "quarantine", "replay")
    before = ask(settings, DECIDED)
    assert len(before) > 40

    fresh = on_a_fresh_server(settings, tmp_path)
    command(fresh, "restore", backup, code=5)
    assert "quarantine replay" in command(fresh, "rewind", "--apply")
    command(fresh, "reconcile", "--all", "--repair")
    assert ask(fresh, DECIDED) == []
    command(fresh, "quarantine", "replay")
    sound_account(fresh)
    assert ask(fresh, DECIDED) == before


@pytest.mark.long
def test_an_older_gold_beside_a_newer_silver_is_filled_from_the_topic(
    settings: dict[str, str], tmp_path: Path
) -> None:
    produce(settings["RISK_SOURCE"], 300, seed=1)
    run_to(settings, 300, tmp_path)
    shutil.copytree(tmp_path / "lake", tmp_path / "lake-copy")
    produce(settings["RISK_SOURCE"], 200, seed=2)
    run_to(settings, 500, tmp_path)
    before = ask(settings, DECIDED)
    shutil.rmtree(tmp_path / "lake")
    (tmp_path / "lake-copy").rename(tmp_path / "lake")

    run_to(settings, 500, tmp_path)
    assert '"gold_is_behind_silver"' in (tmp_path / "flow.log").read_text(encoding="utf-8")
    assert in_all(sound_account(settings)) == (500, 0)
    assert ask(settings, DECIDED) == before
    assert ask(settings, "select count(raw) as n from raw_events") == [{"n": 500}]


@pytest.mark.long
def test_an_older_gold_whose_events_left_the_topic_is_refused_and_filled_from_silver_by_leave(
    settings: dict[str, str], apache_kafka: Broker, tmp_path: Path
) -> None:
    source = settings["RISK_SOURCE"]
    produce(source, 300, seed=1)
    run_to(settings, 300, tmp_path)
    shutil.copytree(tmp_path / "lake", tmp_path / "lake-copy")
    produce(source, 200, seed=2)
    run_to(settings, 500, tmp_path)
    before = ask(settings, DECIDED)
    shutil.rmtree(tmp_path / "lake")
    (tmp_path / "lake-copy").rename(tmp_path / "lake")
    where = TopicPartition(source.rpartition("/")[2], 0, 450)
    admin = apache_kafka.admin()  # kept by name: a collected client gives up what it was asked
    admin.delete_records([where])[where].result(timeout=30)

    said = refused(settings)
    assert "offsets 300 to 449 were not stored yet" in said
    assert "RISK_ALLOW_POSITION_LOSS" in said
    run_to(settings | {"RISK_ALLOW_POSITION_LOSS": "gold was restored"}, 500, tmp_path)
    account = sound_account(settings)
    assert in_all(account) == (500, 0)
    (lost,) = account["partitions"][0]["skipped"]
    assert (lost["store"], lost["from_off"], lost["to_off"]) == ("archive", 300, 450)
    assert ask(settings, DECIDED) == before


def test_a_backup_that_was_cut_is_refused(settings: dict[str, str], tmp_path: Path) -> None:
    command(settings, "migrate")
    backup = Path(backed_up(settings, tmp_path / "backups"))
    dump = backup / "silver.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    said = command(on_a_fresh_server(settings, tmp_path), "restore", str(backup), code=2)
    assert "silver.dump was altered or cut" in said


def test_older_backups_go_and_the_run_is_noted(settings: dict[str, str], tmp_path: Path) -> None:
    command(settings, "migrate")
    folder = tmp_path / "backups"
    (folder / "2020-01-01T00-00-00Z.partial").mkdir(parents=True)
    old = folder / "2020-01-01T00-00-00Z"
    old.mkdir()
    (old / "backup.json").write_text("{}", encoding="utf-8")
    command(settings, "backup", str(folder), "--keep", "1")
    (kept,) = folder.iterdir()
    assert kept.name > "2026"
    listed = subprocess.run(["stat", "--format=%a", str(kept)], capture_output=True, check=True)
    assert listed.stdout.strip() == b"700"
