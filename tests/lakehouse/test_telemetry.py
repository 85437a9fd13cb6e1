from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from lakehouse.gold.tables import SCHEMAS
from lakehouse.telemetry import LATENCY_BOUNDS_SECONDS, RECENT_MINUTES, STAGES, STORES, Latency
from risk.contract.application import RejectCode, Tier
from tests.flow import run_code

Samples = dict[tuple[str, str], float]


@pytest.fixture
def latency() -> Latency:
    return Latency("seconds", "How long.", "stage", ("read", "judge"))


def samples(latency: Latency, stage: str = "read") -> Samples:
    """What Prometheus scrapes, by name and bucket bound."""
    registry = CollectorRegistry()
    registry.register(latency)
    (family,) = text_string_to_metric_families(generate_latest(registry).decode())
    assert family.type == "histogram"
    return {
        (sample.name, sample.labels.get("le", "")): sample.value
        for sample in family.samples
        if sample.labels["stage"] == stage
    }


def buckets(latency: Latency) -> list[tuple[float, float]]:
    found = samples(latency).items()
    return [(float(le), count) for (name, le), count in found if name == "seconds_bucket"]


def test_nothing_was_observed_at_first_but_every_value_is_there(latency: Latency) -> None:
    assert latency.quantile("read", 0.5) is None
    for stage in ("read", "judge"):
        assert samples(latency, stage)["seconds_count", ""] == 0


def test_each_bucket_counts_what_is_at_most_its_bound(latency: Latency) -> None:
    drawn = np.random.default_rng(7).lognormal(-3.0, 2.5, 5_000)
    drawn[:3] = LATENCY_BOUNDS_SECONDS[[0, 10, 59]]  # on a bound is within it
    latency.observe("read", drawn)
    for bound, count in buckets(latency):
        assert count == np.count_nonzero(drawn <= bound), bound
    assert len(buckets(latency)) == len(LATENCY_BOUNDS_SECONDS) + 1


def test_sum_and_count_are_those_of_the_observations(latency: Latency) -> None:
    latency.observe("read", np.array([0.25, 0.5]))
    latency.observe("read", 4.0)
    found = samples(latency)
    assert (found["seconds_count", ""], found["seconds_sum", ""]) == (3, 4.75)


def test_values_of_the_label_are_kept_apart(latency: Latency) -> None:
    latency.observe("judge", 1.0)
    assert samples(latency, "read")["seconds_count", ""] == 0
    assert samples(latency, "judge")["seconds_count", ""] == 1


def test_a_clock_ahead_of_ours_counts_as_no_time(latency: Latency) -> None:
    latency.observe("read", np.array([-5.0, 0.0]))
    assert samples(latency)["seconds_sum", ""] == 0.0
    assert latency.quantile("read", 1.0) == LATENCY_BOUNDS_SECONDS[0]


def test_a_batch_without_events_observes_nothing(latency: Latency) -> None:
    latency.observe("read", np.zeros(0))
    assert latency.quantile("read", 0.5) is None


@given(
    seconds=st.lists(st.floats(0.001, 400.0), min_size=1, max_size=200),
    share=st.sampled_from([0.5, 0.9, 0.99, 1.0]),
)
def test_a_quantile_is_at_most_a_quarter_above_numpys_and_never_below(
    seconds: list[float], share: float
) -> None:
    latency = Latency("seconds", "How long.", "stage", ("read",))
    latency.observe("read", np.array(seconds))
    exact = float(np.quantile(seconds, share, method="inverted_cdf"))
    found = latency.quantile("read", share)
    assert found is not None
    assert exact <= found <= max(1.251 * exact, 0.001)


def test_beyond_the_last_bound_a_quantile_is_only_known_to_be_large(latency: Latency) -> None:
    latency.observe("read", 10_000.0)
    assert latency.quantile("read", 0.99) == float("inf")


def test_every_counter_exists_at_0_for_every_label_value_that_is_known() -> None:
    found = scraped_at_the_start()
    expected = {
        "risk_events_decided_total": {tier.value for tier in Tier},
        "risk_events_quarantined_total": {code.value for code in RejectCode},
        "risk_events_duplicate_total": {"true", "false"},
        "risk_commits_total": set(STORES),
        "risk_stage_cpu_seconds_total": set(STAGES),
        "risk_stage_seconds_count": set(STAGES),
        "risk_event_to_silver_seconds_count": {"stream", "bounded"},
    }
    for name, values in expected.items():
        assert found[name] == dict.fromkeys(values, 0.0), name


def scraped_at_the_start() -> dict[str, dict[str, float]]:
    """A fresh process' metrics of one label, by name and that label's value."""
    done = run_code(
        "import lakehouse.telemetry\n"
        "from prometheus_client import generate_latest\n"
        "print(generate_latest().decode())"
    )
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(done.stdout):
        for sample in family.samples:
            if len(sample.labels) == 1:
                (value,) = sample.labels.values()
                found.setdefault(sample.name, {})[value] = sample.value
    return found


def test_the_stores_that_are_counted_are_silver_and_each_gold_table() -> None:
    assert set(STORES) == {"silver", *(f"gold_{table}" for table in SCHEMAS)}


def logged(*, to_terminal: bool, level: str = "info") -> str:
    done = run_code(
        "import structlog\n"
        "from lakehouse.telemetry import configure_logging\n"
        f"configure_logging(to_terminal={to_terminal}, level={level!r})\n"
        "structlog.get_logger().info('progress', read=3)\n"
    )
    assert done.stdout == ""
    return done.stderr


def test_a_log_line_is_json_on_standard_error() -> None:
    line = json.loads(logged(to_terminal=False))
    assert {"event": "progress", "read": 3, "level": "info"}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


def test_a_person_at_a_terminal_is_spared_the_json() -> None:
    line = logged(to_terminal=True)
    assert "progress" in line
    assert "{" not in line


def test_lines_below_the_level_are_not_written() -> None:
    assert logged(to_terminal=False, level="warning") == ""


def test_a_quantile_is_of_the_last_minutes_and_not_since_the_start() -> None:
    at = [0.0]
    latency = Latency("seconds", "How long.", "stage", ("read",), clock=lambda: at[0])
    latency.observe("read", np.full(1_000, 10.0))
    at[0] = 60.0 * RECENT_MINUTES
    latency.observe("read", np.full(10, 0.001))
    assert latency.quantile("read", 0.99) == LATENCY_BOUNDS_SECONDS[0]
    assert samples(latency)["seconds_count", ""] == 1_010
    at[0] *= 2
    assert latency.quantile("read", 0.99) is None
