"""Alerts of rules, decisions and models, fired by their real faults on the running stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from confluent_kafka import Producer

from tests.lakehouse.history import decide_rows, end, record
from tests.ops.firing import Watch
from tests.stack.stack import TOPIC, Stack
from tests.stack.watchers import ask_prometheus
from tests.stack.whole_path import an_event
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.server, pytest.mark.timeout(900)]

MONITOR: Final = ("python", "-m", "dataflows.monitor", "--no-reports")


CHALLENGER: Final = "boosting-1"
ALTER: Final = f"""
import os
from pyarrow.fs import S3FileSystem
store = S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"])
with store.open_output_stream("lake/gold/_registry/models/{CHALLENGER}.json") as artefact:
    artefact.write(b"{{}}")
"""


def test_alerts_of_an_artefact_that_was_altered(stack: Stack) -> None:
    """A challenger's document is not what was registered: the next start leaves it out."""
    watch = Watch(stack)
    models = ("python", "-m", "lakehouse", "models")
    stack.run("monitor", *models, "register", CHALLENGER)
    stack.run("monitor", *models, "challenge", CHALLENGER, "--reason", "to alter it")
    stack.run("bucket", "python", "-c", ALTER)
    stack.servers["score"].kill()
    watch.fires("RulesRefused")
    stack.run("monitor", *models, "retire", CHALLENGER, "--reason", "it was altered")
    watch.resolves("RulesRefused")


def test_alerts_of_a_population_that_shifts(stack: Stack, tmp_path: Path) -> None:
    """The monitoring job, over a history that ends in a recession; then over the stack's lake."""
    watch = Watch(stack)
    lake = ("env", f"RISK_LAKE_URI={tmp_path}")
    load = ("python", "-m", "dataflows.history", "sim://?limit=20000&seed=1&scenario=recession")
    stack.run("monitor", *lake, *load)
    stack.run("monitor", *lake, *MONITOR)
    watch.fires("ScoreDrifts", "FeaturesDrift", "DefaultsAboveExpected")
    stack.run("monitor", *MONITOR)
    watch.resolves("ScoreDrifts", "FeaturesDrift", "DefaultsAboveExpected")


def test_alerts_of_a_population_that_a_model_cannot_rank(stack: Stack, tmp_path: Path) -> None:
    """PDs that lie close together, and are right: estimates that hold, of a low AUC."""
    narrow_history(str(tmp_path), quarters=16, loans=500)
    watch = Watch(stack)
    stack.run("monitor", "env", f"RISK_LAKE_URI={tmp_path}", *MONITOR)
    watch.fires("RankingWeakens")
    stack.run("monitor", *MONITOR)
    watch.resolves("RankingWeakens")


def test_alerts_of_a_watchlist_that_grows(stack: Stack) -> None:
    """A minute of applications that are all on it; four minutes as usual stand for the day."""
    watch = Watch(stack)
    known_for = "count_over_time(risk:watchlist:share_1d[30m])"
    until(
        lambda: any(count > 240 for _, count in ask_prometheus(stack.url("prometheus"), known_for)),
        what="four minutes of decisions",
        seconds=300,
        every=1,
    )
    producer = Producer({"bootstrap.servers": stack.broker.address})
    for number in range(6_000):
        application_id = f"watched-{number}"
        producer.produce(TOPIC, json.dumps(an_event(application_id)), key=application_id)
    producer.flush(30)
    watch.fires("WatchlistShareShifted")
    watch.resolves("WatchlistShareShifted")


def narrow_history(lake_uri: str, *, quarters: int, loans: int) -> None:
    """Store vintages of loans of 36 months whose PDs are right and lie close together."""
    draw = np.random.default_rng(0)
    count = quarters * loans
    pds = draw.uniform(0.12, 0.2, count)
    first = np.datetime64("2010-01") + 3 * (np.arange(count) // loans)
    decide_rows(
        lake_uri,
        *(
            {"applied_on": month.astype("datetime64[D]").item(), "term_months": 36.0, "pd": pd}
            for month, pd in zip(first, pds.tolist(), strict=True)
        ),
    )
    defaulted = draw.uniform(size=count) < pds
    record(
        lake_uri,
        *(end(f"e{row}", defaulted=is_bad) for row, is_bad in enumerate(defaulted.tolist())),
    )
