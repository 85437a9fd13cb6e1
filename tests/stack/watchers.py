"""Prometheus and Alertmanager by the configurations of ops/, with this machine's addresses."""

from __future__ import annotations

import json
import shutil
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.project.tree import ROOT
from tests.servers.process import Server
from tests.stack.compose import Layout
from tests.stack.hastened import hastened_rules, hastened_waits

__all__ = ["alertmanager_server", "ask_prometheus", "firing", "prometheus_server", "send_alerts"]

_SECONDS: Final = 10.0


def prometheus_server(layout: Layout, haste: int) -> Server | str:
    """Return Prometheus, which scrapes the stack and judges; or why it is not to be had."""
    program = shutil.which("prometheus")
    if program is None:
        return "Prometheus (Debian's package prometheus) is not on this machine"
    text = layout.configuration(ROOT / "ops" / "prometheus" / "prometheus.yml")
    key = layout.home("metrics-key") / "keys" / "metrics_key"
    rules = hastened_rules(layout.folder / "rules", haste)
    text = text.replace("/run/secrets/metrics_key", str(key)).replace("rules/*", f"{rules}/*")
    text = text if haste == 1 else hastened_waits(text)
    configuration = layout.folder / "prometheus.yml"
    configuration.write_text(text, encoding="utf-8")
    return Server(
        [
            program,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={layout.folder / 'prometheus'}",
            f"--web.listen-address={layout.address('prometheus')}",
        ],
        log=layout.log("prometheus"),
    )


def alertmanager_server(layout: Layout, haste: int) -> Server | str:
    """Return Alertmanager, which hands alerts to the receiver; or why it is not to be had."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        return "Alertmanager (Debian's prometheus-alertmanager) is not on this machine"
    text = layout.configuration(ROOT / "ops" / "alertmanager" / "alertmanager.yml")
    text = text if haste == 1 else hastened_waits(text)
    configuration = layout.folder / "alertmanager.yml"
    configuration.write_text(
        text.replace("/run/secrets", str(layout.folder / "secrets")), encoding="utf-8"
    )
    return Server(
        [
            program,
            f"--config.file={configuration}",
            f"--storage.path={layout.folder / 'alertmanager'}",
            f"--web.listen-address={layout.address('alertmanager')}",
            "--cluster.listen-address=",
        ],
        log=layout.log("alertmanager"),
    )


def ask_prometheus(url: str, expression: str) -> list[tuple[Mapping[str, str], float]]:
    """Return what an instant query answers: labels and value of each series; empty while away."""
    asked = urllib.parse.urlencode({"query": expression})
    answer = _get(f"{url}/api/v1/query?{asked}")
    if answer is None:
        return []
    found = answer["data"]["result"]
    if answer["data"]["resultType"] == "scalar":
        return [({}, float(found[1]))]
    return [(each["metric"], float(each["value"][1])) for each in found]


def firing(url: str) -> set[str]:
    """Return the names of the alerts that Prometheus says fire."""
    found = ask_prometheus(url, 'ALERTS{alertstate="firing"}')
    return {labels["alertname"] for labels, _ in found}


def send_alerts(url: str, alerts: Iterable[Mapping[str, object]]) -> None:
    """Hand alerts to Alertmanager, as Prometheus does."""
    request = urllib.request.Request(
        f"{url}/api/v2/alerts",
        data=json.dumps(list(alerts)).encode(),
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=_SECONDS).close()


def _get(url: str) -> Any:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as page:
            return json.load(page)
    except OSError:
        return None
