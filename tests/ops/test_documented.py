"""Whatever an operator meets is on a page: settings, metrics, alerts, errors, reasons."""

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Final

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric

import dataflows
import lakehouse
import serving
import ui
from lakehouse import telemetry
from lakehouse.errors import LakehouseError
from lakehouse.lake.session import Lake
from lakehouse.registry.artefacts import shipped_document
from lakehouse.settings.settings import SECRETS, Settings, variable_of
from lakehouse.signals.collector import StoreCollector
from lakehouse.signals.jobs import JOBS
from risk.contract.application import RejectCode
from risk.features.reason_codes import REASONS
from serving.http.metrics import API
from tests.project.tree import ROOT

DOCS: Final = ROOT / "docs"
NAMED: Final = re.compile(r"^\| `(risk_\w+)` \| (\w+) \|", re.MULTILINE)
IN_TEXT: Final = re.compile(r"\brisk_[a-z]+_[a-z_]+\b")
# Groups of Postgres, not metrics.
GROUPS: Final = re.compile(r"risk_(writer|reader|audit|alerts|ui|score|api|jobs)\b")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def exposed(family: Metric) -> str:
    return family.name + ("_total" if family.type == "counter" else "")


def test_every_setting_is_documented() -> None:
    settings = page("settings.md")
    assert [
        name for name in Settings.model_fields if f"| `{variable_of(name)}` |" not in settings
    ] == []
    assert "_FILE" in settings
    assert SECRETS


def test_every_metric_is_documented_with_its_kind_and_only_those(silver: str, lake: Lake) -> None:
    assert telemetry.STORES  # its import registers the metrics of the flow
    collectors = (REGISTRY, API, StoreCollector(silver, lake))
    served = {
        exposed(family): family.type
        for collector in collectors
        for family in collector.collect()
        if family.name.startswith("risk_")
    }
    assert dict(NAMED.findall(page("metrics.md"))) == served


def test_every_metric_that_a_page_names_is_served() -> None:
    known = {name for name, _ in NAMED.findall(page("metrics.md"))}

    def unknown() -> Iterator[str]:
        for path in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
            for name in IN_TEXT.findall(path.read_text(encoding="utf-8")):
                plain = re.sub(r"_(bucket|count|sum)$", "", name)
                if plain not in known and not GROUPS.match(name):
                    yield f"{path.name}: {name}"

    assert sorted(set(unknown())) == []


def test_every_job_is_documented() -> None:
    assert [job for job in JOBS if f"| `{job}` |" not in page("metrics.md")] == []


def test_every_alert_is_on_the_page_of_runbooks_and_has_all_sections() -> None:
    rules = yaml.safe_load(
        (ROOT / "ops" / "prometheus" / "rules" / "alerts.yml").read_text(encoding="utf-8")
    )
    listed = page("runbooks/README.md")
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert rule["alert"] in listed
            runbook = (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
            headings = re.findall(r"^## (.+)$", runbook, re.MULTILINE)
            assert headings == ["First look", "Fix", "Verify"], rule["alert"]


def codes(root: type[LakehouseError]) -> Iterator[tuple[str, int]]:
    for kind in root.__subclasses__():
        yield kind.code, kind.exit_code
        yield from codes(kind)


def test_every_error_is_documented_with_its_exit_code() -> None:
    for package in (dataflows, lakehouse, serving, ui):  # a class is known once it is imported
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    said = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", page("operations.md"), re.MULTILINE))
    assert {code: int(exit_code) for code, exit_code in said.items()} == dict(codes(LakehouseError))


def test_every_cause_of_a_refusal_is_documented() -> None:
    dictionary = page("data-dictionary.md")
    assert [code.value for code in RejectCode if f"`{code.value}`" not in dictionary] == []


def test_every_reason_of_a_model_is_documented_as_it_is_said() -> None:
    reasons = page("reasons.md")
    rows = [f"| `{each.code}` | `{each.feature}` | {each.sentence} |" for each in REASONS.values()]
    assert [row for row in rows if row not in reasons] == []


@pytest.mark.parametrize("policy", ["reference-1", "standard-1", "standard-2"])
def test_every_reason_of_a_shipped_policy_is_documented(policy: str) -> None:
    documented = page("reasons.md").partition("## The models'")[0]
    found = {*_codes_in(json.loads(shipped_document("policy", policy)))}
    assert found
    assert [code for code in found if f"| `{code}` |" not in documented] == []


def _codes_in(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (part[name] for name in ("code", "low_code") if part.get(name))
        for each in part.values():
            yield from _codes_in(each)
    elif isinstance(part, list):
        for each in part:
            yield from _codes_in(each)
