"""Every alert fires on its fault, stays silent on what looks like it, and names its runbook."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.project.tree import ROOT

RULES: Final = ROOT / "ops" / "prometheus" / "rules"
ALERTS: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((RULES / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
PROMTOOL: Final = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool (Debian's package prometheus) is not on this machine"
)

Series = dict[str, str]

UP: Final = {'up{job="flow"}': "1x2000", 'up{job="api"}': "1x2000", 'up{job="exporter"}': "1x2000"}
JOBS: Final = ("backup", "maintain", "monitor", "outcomes", "reconcile")


def slow(of_a_hundred: int) -> Series:
    """A hundred events a minute, so many of them over a second."""
    bucket = 'risk_event_to_silver_seconds_bucket{topic_kind="stream",le="%s"}'
    return {
        bucket % "1.009742": f"0+{100 - of_a_hundred}x2000",
        bucket % "+Inf": "0+100x2000",
        'risk_event_to_silver_seconds_count{topic_kind="stream"}': "0+100x2000",
    }


def answers(errors: int) -> Series:
    """A thousand requests a minute, so many of them with a 5xx."""
    name = 'risk_api_requests_total{operation="POST /v1/decisions",status="%s"}'
    return {name % "200": f"0+{1000 - errors}x2000", name % "503": f"0+{errors}x2000"}


def durations(slow_of_a_hundred: int, metric: str, fast: str, labels: str) -> Series:
    return {
        f'{metric}_bucket{{{labels},le="{fast}"}}': f"0+{100 - slow_of_a_hundred}x2000",
        f'{metric}_bucket{{{labels},le="9"}}': "0+100x2000",
        f'{metric}_bucket{{{labels},le="+Inf"}}': "0+100x2000",
    }


def figure(job: str, name: str, value: float) -> Series:
    return {f'risk_job_figure{{job_name="{job}",figure="{name}"}}': f"{value}x2000"}


def estimate(auc: float, *, is_reliable: bool) -> Series:
    return figure("monitor", "estimated_auc", auc) | figure(
        "monitor", "estimates_reliable", float(is_reliable)
    )


def tiers(before: int, after: int) -> Series:
    """20 hours of a hundred events a minute, then two with another share of Watchlist."""
    watchlist = 'risk_events_decided_total{tier="Watchlist"}'
    low = 'risk_events_decided_total{tier="Low"}'
    turn = before * 1200
    rest = (100 - before) * 1200
    return {
        watchlist: f"0+{before}x1200 {turn}+{after}x120",
        low: f"0+{100 - before}x1200 {rest}+{100 - after}x120",
    }


@dataclass(frozen=True)
class Case:
    """What fires an alert, what looks like it and must not, and when to look, minutes."""

    fires: Series
    silent: Series
    minutes: int = 90


CASES: Final[dict[str, Case]] = {
    "FlowDown": Case({'up{job="flow"}': "1x10 0x2000"}, {'up{job="flow"}': "1x88 0x0 1x2000"}),
    "FlowStalled": Case(
        {"risk_partition_lag_events": "500x2000", "risk_events_read_total": "700x2000"},
        {"risk_partition_lag_events": "0x2000", "risk_events_read_total": "700x2000"},
    ),
    "FlowLagGrowing": Case(
        {"risk_partition_lag_events": "0+500x2000"}, {"risk_partition_lag_events": "50000x2000"}
    ),
    "FlowRestarting": Case(
        {'process_start_time_seconds{job="flow"}': "1x70 2x5 3x5 4x2000"},
        {'process_start_time_seconds{job="flow"}': "1x70 2x5 3x2000"},
    ),
    "FlowMemoryHigh": Case(
        {'process_resident_memory_bytes{job="flow"}': "1000000000x2000"},
        {'process_resident_memory_bytes{job="flow"}': "600000000x80 1000000000x1 600000000x2000"},
    ),
    "EventLatencyBurnsFast": Case(slow(20), slow(10)),
    "EventLatencyBurnsSlowly": Case(slow(8), slow(4), minutes=400),
    "StoreDown": Case(
        {'risk_store_up{store="silver"}': "0x2000"}, {'risk_store_up{store="silver"}': "1x2000"}
    ),
    "StoreRetrying": Case(
        {'risk_store_retries_total{store="silver",cause="OperationalError"}': "0+5x2000"},
        {'risk_store_retries_total{store="silver",cause="OperationalError"}': "0+1x2000"},
    ),
    "GoldStalled": Case(
        {'risk_gold_stalled_seconds{table="decisions"}': "0x80 0+60x2000"},
        {'risk_gold_stalled_seconds{table="decisions"}': "5x2000"},
    ),
    "GoldCommitSlow": Case(
        durations(20, "risk_gold_commit_seconds", "1", 'table="decisions"'),
        durations(0, "risk_gold_commit_seconds", "1", 'table="decisions"'),
    ),
    "EventsUnaccounted": Case(
        figure("reconcile", "unaccounted_events", 3), figure("reconcile", "unaccounted_events", 0)
    ),
    "GoldDiffersFromSilver": Case(
        figure("reconcile", "gold_mismatches", 1), figure("reconcile", "gold_mismatches", 0)
    ),
    "ExporterDown": Case({'up{job="exporter"}': "1x10 0x2000"}, {}),
    "ApiDown": Case({'up{job="api"}': "1x10 0x2000"}, {}),
    "ApiErrorsBurnFast": Case(answers(20), answers(5)),
    "ApiErrorsBurnSlowly": Case(answers(8), answers(1), minutes=400),
    "ApiSlow": Case(
        durations(5, "risk_api_request_seconds", "0.1", 'operation="POST /v1/decisions"'),
        durations(0, "risk_api_request_seconds", "0.1", 'operation="POST /v1/decisions"'),
    ),
    "ApiKeysRefused": Case(
        {'risk_api_requests_total{operation="POST /v1/decisions",status="401"}': "0+120x2000"},
        {'risk_api_requests_total{operation="POST /v1/decisions",status="401"}': "0+5x2000"},
    ),
    "AuditEntriesLost": Case(
        {'risk_api_audit_entries_total{outcome="lost"}': "0x80 1x2000"},
        {'risk_api_audit_entries_total{outcome="spooled"}': "0x80 1x2000"},
    ),
    "BackgroundFailing": Case(
        {'risk_background_failures_total{thread="rules"}': "0+1x2000"},
        {'risk_background_failures_total{thread="rules"}': "0x80 1x2000"},
    ),
    "QuarantineShareHigh": Case(
        {
            'risk_events_read_total{topic="t",part="0"}': "0+100x2000",
            'risk_events_quarantined_total{code="json_malformed"}': "0+5x2000",
        },
        # 3 of 15: a high share, of too few events to say anything
        {
            'risk_events_read_total{topic="t",part="0"}': "0+1x2000",
            'risk_events_quarantined_total{code="json_malformed"}': "0x80 3x2000",
        },
    ),
    "WatchlistShareShifted": Case(tiers(6, 15), tiers(6, 6), minutes=1290),
    "RulesRefused": Case(
        {'risk_rules_refused_total{code="artefact_invalid"}': "0x80 1x2000"},
        {'risk_rules_refused_total{code="artefact_invalid"}': "0x10 1x2000"},
    ),
    "ConflictsArrive": Case(
        {'risk_events_duplicate_total{is_conflict="true"}': "0+1x2000"},
        {'risk_events_duplicate_total{is_conflict="false"}': "0+1x2000"},
    ),
    "ScoreDrifts": Case(
        figure("monitor", "score_psi_above_chance", 0.2),
        figure("monitor", "score_psi_above_chance", 0.02),
    ),
    "FeaturesDrift": Case(
        figure("monitor", "drifting_features", 2), figure("monitor", "drifting_features", 0)
    ),
    "DefaultsAboveExpected": Case(
        figure("monitor", "actual_over_expected_low", 1.2),
        figure("monitor", "actual_over_expected_low", 0.98),
    ),
    "RankingWeakens": Case(estimate(0.58, is_reliable=True), estimate(0.58, is_reliable=False)),
    "JobLate": Case(
        {'risk_job_awaited_since_seconds{job_name="reconcile"}': "0x2000"},
        # a job that never ran, half an hour after silver was made
        {
            **{f'risk_job_last_success_seconds{{job_name="{job}"}}': "0x2000" for job in JOBS},
            **{f'risk_job_awaited_since_seconds{{job_name="{job}"}}': "3600x2000" for job in JOBS},
        },
    ),
    "JobFailed": Case({'risk_job_failed{job_name="monitor"}': "1x5"}, {}, minutes=3),
}


def judged(series: Series, minutes: int, name: str, *, fires: bool) -> dict[str, Any]:
    """A test of promtool: does the alert fire on these series at that time?"""
    told = {**UP, **series}
    firing = f'ALERTS{{alertname="{name}",alertstate="firing"}}'
    expected = (
        {"expr": f"count({firing}) > bool 0", "exp_samples": [{"labels": "{}", "value": 1}]}
        if fires
        else {"expr": firing, "exp_samples": []}
    )
    return {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in told.items()],
        "promql_expr_test": [{"eval_time": f"{minutes}m", **expected}],
    }


def run_promtool(tests: list[dict[str, Any]], folder: Path) -> subprocess.CompletedProcess[str]:
    rules = [str(path) for path in sorted(RULES.glob("*.yml"))]
    file = folder / "tests.yml"
    file.write_text(yaml.safe_dump({"rule_files": rules, "tests": tests}), encoding="utf-8")
    return subprocess.run(
        [str(PROMTOOL), "test", "rules", str(file)], capture_output=True, text=True, check=False
    )


@needs_promtool
def test_each_fires_on_its_fault(tmp_path: Path) -> None:
    tests = [judged(case.fires, case.minutes, name, fires=True) for name, case in CASES.items()]
    done = run_promtool(tests, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_each_stays_silent_on_what_only_looks_like_its_fault(tmp_path: Path) -> None:
    tests = [judged(case.silent, case.minutes, name, fires=False) for name, case in CASES.items()]
    done = run_promtool(tests, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_case() -> None:
    assert set(CASES) == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_it_says_how_grave_whose_and_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["labels"]["owner"]
    assert rule["annotations"]["summary"].endswith(".")
    assert (ROOT / rule["annotations"]["runbook"]).is_file()


def test_every_runbook_belongs_to_an_alert() -> None:
    named = {rule["annotations"]["runbook"] for rule in ALERTS.values()}
    there = {f"docs/runbooks/{path.name}" for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert there - {"docs/runbooks/README.md"} == named


@needs_promtool
def test_the_configuration_and_the_rules_are_valid() -> None:
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", *map(str, RULES.glob("*.yml"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("amtool") is None, reason="amtool is not on this machine")
def test_alertmanagers_routes_are_valid_and_page_at_once() -> None:
    config = str(ROOT / "ops" / "alertmanager" / "alertmanager.yml")
    checked = subprocess.run(
        ["amtool", "check-config", config], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    for severity, receiver in (("page", "page"), ("ticket", "silver")):
        routed = subprocess.run(
            ["amtool", "config", "routes", "test", "--config.file", config, f"severity={severity}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert routed.stdout.split() == [receiver]
