"""The rules in force while a process runs: followed, proven before use, never lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from structlog.testing import capture_logs

from lakehouse.errors import ArtefactInvalid, Unavailable
from lakehouse.registry.artefacts import CHAMPION, shipped_document
from lakehouse.registry.changes import challenge, register_policy
from lakehouse.registry.store import RegistryStore
from lakehouse.registry.watch import ModelsInForce
from lakehouse.rules.in_force import RulesInForce, open_rules, versions_of
from lakehouse.settings.settings import Settings
from lakehouse.silver import reference_tables
from risk.decision.decide import decide
from risk.decision.judge import Rules
from risk.decision.reference_tables import ReferenceTables
from risk.frame.frame import Frame
from risk.models.model import Model
from risk.policy.document import Policy
from tests.lakehouse.registry_cases import (
    a_change,
    flip_a_byte,
    object_path,
    promoted,
    registered,
)
from tests.risk.applications import a_model, shipped_policy, shipped_tables

FIRST = a_model("first-1")


class World:
    """What surrounds the rules: what is in force by now, or why nobody can tell."""

    def __init__(self) -> None:
        self.models = ModelsInForce(FIRST)
        self.tables = shipped_tables()
        self.failure: Exception | None = None
        self.looked = threading.Event()
        self.closed = 0

    def current_models(self, _known: ModelsInForce) -> ModelsInForce:
        self.looked.set()
        if self.failure is not None:
            raise self.failure
        return self.models

    def current_tables(self, _known: ReferenceTables) -> ReferenceTables:
        return self.tables

    def close(self) -> None:
        self.closed += 1

    def rules(self) -> RulesInForce:
        return RulesInForce(
            shipped_policy("standard-1"),
            self.models,
            self.tables,
            current_models=self.current_models,
            current_tables=self.current_tables,
            close=self.close,
            look_every_seconds=0.001,
        )


def refusals(code: str) -> float:
    return REGISTRY.get_sample_value("risk_rules_refused_total", {"code": code}) or 0.0


@pytest.fixture
def world() -> World:
    return World()


def test_without_a_look_nothing_changes(world: World) -> None:
    rules = world.rules()
    before = rules()
    world.models = ModelsInForce(a_model("next-1"))
    assert rules() is before


def test_a_look_puts_what_has_changed_in_force_at_once(world: World) -> None:
    rules = world.rules()
    world.models = ModelsInForce(a_model("next-1"), (a_model("other-1"),))
    world.tables = replace(world.tables, version="next-tables")
    with capture_logs() as logs:
        rules.look()
    assert rules() == Rules(
        model=a_model("next-1"),
        policy=shipped_policy("standard-1"),
        reference=world.tables,
        challengers=(a_model("other-1"),),
    )
    assert logs == [{"event": "rules_changed", "log_level": "info", **versions_of(rules())}]


def test_rules_that_were_not_replaced_stay_the_same_value(world: World) -> None:
    rules = world.rules()
    before = rules()
    world.models = replace(world.models)
    rules.look()
    assert rules() is before


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ArtefactInvalid("the log was altered"), "artefact_invalid"),
        (Unavailable("the lake gave no answer"), "unavailable"),
        (ZeroDivisionError("a mistake of ours"), "internal"),
    ],
)
def test_a_look_that_fails_is_said_and_counted_once_and_the_rules_stay(
    world: World, failure: Exception, code: str
) -> None:
    rules = world.rules()
    before, counted = rules(), refusals(code)
    world.failure = failure
    with capture_logs() as logs:
        for _ in range(3):
            rules.look()
    assert rules() is before
    assert refusals(code) == counted + 1
    assert [(line["log_level"], line["subject"], line["error"]) for line in logs] == [
        ("warning", "registry", str(failure))
    ]


def test_a_registry_that_fails_does_not_hold_up_the_tables(world: World) -> None:
    rules = world.rules()
    world.failure = Unavailable("the lake gave no answer")
    world.tables = replace(world.tables, version="next-tables")
    rules.look()
    assert rules().reference.version == "next-tables"


def test_a_failure_that_comes_again_after_it_was_mended_is_said_again(world: World) -> None:
    rules = world.rules()
    counted = refusals("unavailable")
    for failure in (Unavailable("no answer"), None, Unavailable("no answer")):
        world.failure = failure
        rules.look()
    assert refusals("unavailable") == counted + 2


def test_a_refused_artefact_is_named_also_at_the_start(world: World) -> None:
    world.models = ModelsInForce(FIRST, refused={"bad-1": ArtefactInvalid("bad-1 was altered")})
    with capture_logs() as logs:
        world.rules().look()
    assert [line["subject"] for line in logs] == ["bad-1"]


def test_a_watching_thread_follows_until_it_is_closed(world: World) -> None:
    rules = world.rules()
    rules.watch()
    assert world.looked.wait(10)
    rules.close()
    world.looked.clear()
    assert world.closed == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "rules"]


def test_rules_that_nobody_watched_can_be_closed(world: World) -> None:
    world.rules().close()
    assert world.closed == 1


@pytest.fixture
def settings(silver: str, lake_uri: str, tmp_path: Path) -> Settings:
    with psycopg.connect(silver) as connection:
        connection.execute("truncate silver.reference_sets, silver.reference_in_force")
    return Settings(home=tmp_path, silver_dsn=SecretStr(silver), lake_uri=lake_uri)


@contextmanager
def opened(settings: Settings) -> Iterator[RulesInForce]:
    rules = open_rules(settings, settings.silver_dsn.get_secret_value())
    try:
        yield rules
    finally:
        rules.close()


def test_with_nothing_registered_what_is_shipped_is_in_force(settings: Settings) -> None:
    with opened(settings) as rules:
        assert versions_of(rules()) == {
            "model": CHAMPION,
            "challengers": [],
            "policy": "standard-2",
            "reference": reference_tables.shipped().version,
        }


def test_promotion_challenge_and_tables_are_followed_together(
    settings: Settings, tmp_path: Path
) -> None:
    store = RegistryStore(settings.lake_uri)
    table = tmp_path / "purposes.csv"
    table.write_text("purpose,group\ncar,Vehicle\n", encoding="utf-8")
    with opened(settings) as rules:
        promoted(store, "a-1")
        registered(store, "b-1")
        challenge(store, "b-1", a_change())
        loaded = reference_tables.load(settings.silver_dsn.get_secret_value(), "purposes", table)
        rules.look()
        assert versions_of(rules()) == {
            "model": "a-1",
            "challengers": ["b-1"],
            "policy": "standard-2",
            "reference": loaded.version,
        }


def test_a_registered_policy_can_be_set(settings: Settings) -> None:
    document = shipped_document("policy", "standard-1").replace(b"standard-1", b"mine-1", 1)
    register_policy(RegistryStore(settings.lake_uri), document, a_change())
    with opened(settings.model_copy(update={"policy": "mine-1"})) as rules:
        assert rules().policy.version == "mine-1"


@pytest.mark.parametrize(
    ("pd", "points", "said"),
    [
        (np.nan, 600.0, "expected a PD from 0 to 1 and finite points"),
        (1.1, 600.0, "found 1.1 and 600.0"),
        (0.1, np.inf, "found 0.1 and inf"),
        (0.1, OverflowError(), "OverflowError while scoring an empty application"),
    ],
)
def test_a_model_that_cannot_score_is_refused_before_it_is_in_force(
    silver: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pd: float,
    points: float | Exception,
    said: str,
) -> None:
    def decide_oddly(frame: Frame, *, model: Model, policy: Policy) -> Frame:
        decided = decide(frame, model=model, policy=policy)
        if model.version != "odd-1":
            return decided
        if isinstance(points, Exception):
            raise points
        return decided | {"pd": np.array([pd]), "points": np.array([points])}

    monkeypatch.setattr("lakehouse.rules.in_force.decide", decide_oddly)
    lake = str(tmp_path / "lake")
    with opened(Settings(home=tmp_path, silver_dsn=SecretStr(silver), lake_uri=lake)) as rules:
        promoted(RegistryStore(lake), "odd-1")
        with capture_logs() as logs:
            rules.look()
        assert rules().model.version == CHAMPION
    assert [line["subject"] for line in logs] == ["odd-1"]
    assert said in logs[0]["error"]


def test_a_challenger_damaged_before_the_start_costs_only_itself(
    silver: str, tmp_path: Path
) -> None:
    lake = str(tmp_path / "lake")
    registered(RegistryStore(lake), "bad-1")
    challenge(RegistryStore(lake), "bad-1", a_change())
    flip_a_byte(object_path(lake, "models", "bad-1.json"))
    counted = refusals("artefact_invalid")
    with opened(Settings(home=tmp_path, silver_dsn=SecretStr(silver), lake_uri=lake)) as rules:
        assert rules().challengers == ()
    assert refusals("artefact_invalid") == counted + 1


def test_tables_that_were_altered_leave_those_before_in_force(silver: str, tmp_path: Path) -> None:
    table = tmp_path / "purposes.csv"
    table.write_text("purpose,group\nboat,Vehicle\n", encoding="utf-8")
    settings = Settings(
        home=tmp_path, silver_dsn=SecretStr(silver), lake_uri=str(tmp_path / "lake")
    )
    with opened(settings) as rules:
        before = rules()
        reference_tables.load(silver, "purposes", table)
        with psycopg.connect(silver) as connection:
            connection.execute(
                "update silver.reference_sets set tables = tables || '{\"states\": {}}'"
            )
        with capture_logs() as logs:
            rules.look()
        assert rules() is before
    assert [line["subject"] for line in logs] == ["reference tables"]
    with psycopg.connect(silver) as connection:
        connection.execute("truncate silver.reference_sets, silver.reference_in_force")


def test_the_metrics_name_the_versions_in_force_and_no_others(
    settings: Settings,
) -> None:
    def named() -> set[tuple[str, str]]:
        return {
            (sample.labels["kind"], sample.labels["version"])
            for family in REGISTRY.collect()
            if family.name == "risk_rules_in_force"
            for sample in family.samples
        }

    store = RegistryStore(settings.lake_uri)
    with opened(settings) as rules:
        reference = ("reference", rules().reference.version)
        before = {("model", rules().model.version), ("policy", rules().policy.version), reference}
        assert named() == before
        promoted(store, "a-1")
        registered(store, "b-1")
        challenge(store, "b-1", a_change())
        rules.look()
        policy = ("policy", rules().policy.version)
        assert named() == {("model", "a-1"), ("challenger", "b-1"), policy, reference}
