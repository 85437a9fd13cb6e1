"""The same application, by file, by Kafka and by `decide` over a frame: one answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lakehouse.registry.artefacts import load_model, load_policy
from lakehouse.silver.reference_tables import shipped
from risk.contract.application import Limits
from risk.decision.decide import decide
from risk.decision.reference_tables import join
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean
from tests.flow import run_module, running_flow
from tests.ledger import send
from tests.servers.broker import Broker

COLUMNS = (
    "event_id, pd, points, tier, reasons, dti_band, util_band, rate_band, early_warning_flag, "
    "region, purpose_group, content_hash"
)

Answers = dict[object, dict[str, object]]


def by_flow(settings: dict[str, str]) -> Answers:
    done = run_module(
        "lakehouse",
        "sql",
        f"select {COLUMNS} from decisions",
        "--format",
        "json",
        settings=settings,
    )
    assert done.returncode == 0, done.stderr
    return {row["event_id"]: row for row in json.loads(done.stdout)}


def by_frame(events: list[bytes]) -> Answers:
    cleaned = clean(
        decode(events, limits=Limits()).applications, received_at=datetime.now(UTC)
    ).frame
    decided = decide(join(shipped(), cleaned), model=load_model(), policy=load_policy("standard-2"))
    names = COLUMNS.split(", ")
    rows = zip(*(decided[name].tolist() for name in names), strict=True)
    answers: Answers = {}
    for row in rows:
        answers.setdefault(row[0], dict(zip(names, row, strict=True)))
    return answers


@pytest.mark.timeout(240)
def test_file_kafka_and_frame_give_the_same_answers_and_the_same_account(
    shared_data: Path, broker: Broker, new_topic: Callable[..., str], tmp_path: Path
) -> None:
    path = shared_data / "events_reference.jsonl.gz"
    events = gzip.decompress(path.read_bytes()).splitlines()

    file = {"RISK_SOURCE": str(path), "RISK_HOME": str(tmp_path / "file")}
    done = run_module(
        "bytewax.run", "dataflows.score", settings=file | {"RISK_METRICS_ADDRESS": "127.0.0.1:0"}
    )
    assert done.returncode == 0, done.stderr

    source = f"kafka://{broker.address}/{new_topic(partitions=3)}"
    kafka = {"RISK_SOURCE": source, "RISK_HOME": str(tmp_path / "kafka")}
    send(source, events)
    with running_flow(kafka, log=tmp_path / "flow.log") as flow:
        flow.wait_until(
            lambda: flow.total("risk_events_read_total") >= len(events),
            seconds=60,
            what="drained",
        )
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    for settings in (file, kafka):
        check = run_module("lakehouse", "check", "--json", settings=settings)
        account = json.loads(check.stdout)
        assert check.returncode == 0, account
        counts = [account[name] for name in ("read", "decided", "duplicates", "conflicts")]
        assert counts == [767, 667, 100, 0]
        assert account["quarantined"] == 0
    assert by_flow(file) == by_flow(kafka) == by_frame(events)
