"""Grafana's dashboards are what boards.yml says, and ask for metrics that exist."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric

from lakehouse import telemetry
from lakehouse.lake.session import Lake
from lakehouse.signals.collector import StoreCollector
from serving.http.metrics import API
from tests.project.tree import ROOT

GRAFANA: Final = ROOT / "ops" / "grafana"
RULES: Final = ROOT / "ops" / "prometheus" / "rules"
SCRIPT: Final[dict[str, Any]] = runpy.run_path(str(GRAFANA / "dashboards.py"))
BOARDS: Final[list[dict[str, Any]]] = SCRIPT["boards"]()
METRIC: Final = re.compile(r"\brisk_[a-z_]+\b")


def asked() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboards and the rules, with where it stands."""
    for board in BOARDS:
        for title, expression in SCRIPT["queries"](board):
            yield f"{board['title']}: {title}", expression
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for rule in group["rules"]:
                yield rule.get("alert", rule.get("record")), rule["expr"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: str(board["uid"]))
def test_what_grafana_reads_is_what_the_tables_say(board: dict[str, Any]) -> None:
    written = (GRAFANA / "dashboards" / f"{board['uid']}.json").read_text(encoding="utf-8")
    assert written == SCRIPT["as_json"](board), "run `just dashboards`"


def test_every_panel_says_what_it_shows_and_fits_the_row() -> None:
    for board in BOARDS:
        for row in board["rows"]:
            assert sum(panel["width"] for panel in row["panels"]) % 24 == 0, row["row"]
            assert all(panel["says"].endswith(".") for panel in row["panels"])


def families(silver: str, lake: Lake) -> list[Metric]:
    """All that the flow, the API and the exporter serve."""
    assert telemetry.STORES  # its import registers the metrics of the flow
    collectors = (REGISTRY, API, StoreCollector(silver, lake))
    return [family for collector in collectors for family in collector.collect()]


def test_no_label_is_one_that_prometheus_gives_itself(silver: str, lake: Lake) -> None:
    """It would rename ours, `exported_job`, and no rule would match."""
    labels = {
        label
        for family in families(silver, lake)
        for sample in family.samples
        for label in sample.labels
    }
    assert not labels & {"job", "instance"}


def test_every_metric_that_is_asked_for_is_served(silver: str, lake: Lake) -> None:
    served = {family.name for family in families(silver, lake)}
    for where, expression in asked():
        for name in METRIC.findall(expression):
            plain = re.sub(r"_(total|bucket|count|sum)$", "", name)
            assert {name, plain} & served, f"{where} asks for {name}"
