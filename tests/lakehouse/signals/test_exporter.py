"""What Prometheus scrapes of the stores is what the stores hold."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lakehouse.errors import SettingsInvalid, Unavailable
from lakehouse.gold.tables import SCHEMAS
from lakehouse.lake.session import Lake
from lakehouse.signals.collector import StoreCollector
from lakehouse.signals.exporter import exporting
from lakehouse.signals.jobs import recorded
from tests.lakehouse.gold_cases import a_gold_writer, raw_rows
from tests.lakehouse.silver_cases import PIPELINE, TOPIC, a_batch, a_decision, a_reject, a_writer
from tests.waiting import until

Samples = dict[tuple[str, str], float]


def samples(collector: StoreCollector) -> Samples:
    """Figures by metric and by the values of its labels."""
    return {
        (sample.name, "/".join(sample.labels.values())): sample.value
        for family in collector.collect()
        for sample in family.samples
    }


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with closing(Lake(str(tmp_path))) as lake:
        yield lake


def test_the_account_is_silvers(silver: str, lake: Lake) -> None:
    with closing(a_writer(silver)) as writer:
        writer.store(a_batch(a_decision("e0", 0), a_decision("e0", 1), a_reject(2)))
    found = samples(StoreCollector(silver, lake))
    states = ("read", "decided", "duplicate", "conflict", "quarantined")
    counts = [found["risk_account_events_total", f"{PIPELINE}/{state}"] for state in states]
    assert counts == [3, 1, 1, 0, 1]


def test_gold_that_does_not_follow_is_stalled_and_idle_gold_is_not(
    silver: str, tmp_path: Path, lake: Lake
) -> None:
    at = [0.0]
    collector = StoreCollector(silver, lake, clock=lambda: at[0])
    assert samples(collector)["risk_gold_stalled_seconds", "raw_events"] == 0
    with closing(a_writer(silver)) as writer:
        writer.store(a_batch(a_decision("e0", 0), a_decision("e1", 1)))
    samples(collector)
    at[0] = 90.0
    found = samples(collector)
    assert found["risk_gold_behind_offsets", "raw_events"] == 2
    assert found["risk_gold_stalled_seconds", "raw_events"] == 90
    gold = a_gold_writer(str(tmp_path), "raw_events")
    gold.append(TOPIC, 0, 2, raw_rows([0, 1]))
    gold.flush()
    at[0] = 900.0
    found = samples(collector)
    assert found["risk_gold_behind_offsets", "raw_events"] == 0
    assert found["risk_gold_stalled_seconds", "raw_events"] == 0
    assert found["risk_gold_table_version", "raw_events"] == 1
    assert {table for name, table in found if name == "risk_gold_behind_offsets"} == {*SCHEMAS}


def test_a_store_that_hangs_is_down_and_the_other_one_still_answers(
    silver: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a scrape wait for it longer than Prometheus would."""
    over = threading.Event()
    monkeypatch.setattr(lake, "refresh", over.wait)
    monkeypatch.setattr("lakehouse.signals.collector._ANSWER_SECONDS", 1.0)
    collector = StoreCollector(silver, lake)
    try:
        for _ in range(2):
            found = samples(collector)
            assert found["risk_store_up", "silver"] == 1
            assert found["risk_store_up", "gold"] == 0
            assert not [name for name, _ in found if name.startswith("risk_gold_")]
        assert sum(thread.name == "ask-gold" for thread in threading.enumerate()) == 1
    finally:
        over.set()
    monkeypatch.undo()
    until(lambda: samples(collector)["risk_store_up", "gold"] == 1, what="gold back")


def test_a_job_that_never_ran_is_there_and_one_that_did_shows_what_it_found(
    silver: str, lake: Lake
) -> None:
    with psycopg.connect(silver) as connection:
        connection.execute("truncate silver.job_runs")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    with recorded(silver, "monitor", lambda: noon) as run:
        run.figures["psi_worst"] = 0.25
    before = datetime.now(UTC).timestamp()
    found = samples(StoreCollector(silver, lake))
    assert found["risk_job_last_success_seconds", "monitor"] == noon.timestamp()
    assert found["risk_job_awaited_since_seconds", "monitor"] == noon.timestamp()
    assert before - 3_600 < found["risk_job_awaited_since_seconds", "reconcile"] <= before
    assert found["risk_job_last_success_seconds", "reconcile"] == 0
    assert found["risk_job_figure", "monitor/psi_worst"] == 0.25
    assert found["risk_job_failed", "monitor"] == 0


def test_a_store_that_is_away_is_down_and_shows_no_old_figures(
    silver: str, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:

    def refuse() -> None:
        raise Unavailable("the lake is away")

    monkeypatch.setattr(lake, "refresh", refuse)
    found = samples(StoreCollector(silver, lake))
    assert (found["risk_store_up", "silver"], found["risk_store_up", "gold"]) == (1, 0)
    assert not [name for name, _ in found if name.startswith("risk_gold")]


def test_it_is_served_over_http_and_ends_with_its_block(silver: str, lake: Lake) -> None:
    with (
        exporting(silver, lake, "127.0.0.1:0") as port,
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer,
    ):
        families = {each.name for each in text_string_to_metric_families(answer.read().decode())}
    assert {"risk_account_events", "risk_store_up", "process_resident_memory_bytes"} <= families


def test_an_address_in_use_is_named(silver: str, lake: Lake) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(SettingsInvalid, match=f"RISK_EXPORTER_ADDRESS.*{address}"),
            exporting(silver, lake, address),
        ):
            pass
