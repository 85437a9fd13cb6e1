from __future__ import annotations

from dataclasses import replace

import pytest

from dataflows.rules import LOOK_EVERY_SECONDS, RulesInForce
from lakehouse.errors import ArtefactInvalid
from risk.reference import ReferenceTables
from tests.dataflows.flow_cases import Clock
from tests.risk.applications import rules


class Store:
    """Where the tables in force are kept, and how often it was asked for them."""

    def __init__(self) -> None:
        self.version = "test-tables"
        self.asked = 0
        self.failure: Exception | None = None

    def __call__(self, tables: ReferenceTables) -> ReferenceTables:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return tables if tables.version == self.version else replace(tables, version=self.version)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def in_force(store: Store, clock: Clock) -> RulesInForce:
    return RulesInForce(rules(), store, clock=clock)


def test_rules_are_not_looked_up_for_every_batch(
    in_force: RulesInForce, store: Store, clock: Clock
) -> None:
    for _ in range(3):
        in_force()
    clock.now += LOOK_EVERY_SECONDS
    in_force()
    assert store.asked == 0


def test_replaced_tables_are_in_force_at_the_next_look(
    in_force: RulesInForce, store: Store, clock: Clock
) -> None:
    store.version = "next"
    assert in_force().reference.version == "test-tables"
    clock.now += LOOK_EVERY_SECONDS + 0.1
    assert in_force().reference.version == "next"
    assert store.asked == 1


def test_after_a_look_the_next_one_waits_again(
    in_force: RulesInForce, store: Store, clock: Clock
) -> None:
    for _ in range(2):
        clock.now += LOOK_EVERY_SECONDS + 0.1
        in_force()
        in_force()
    assert store.asked == 2


def test_rules_that_were_not_replaced_stay_the_same_value(
    in_force: RulesInForce, clock: Clock
) -> None:
    before = in_force()
    clock.now += LOOK_EVERY_SECONDS + 0.1
    assert in_force() is before


def test_new_tables_change_neither_model_nor_policy(
    in_force: RulesInForce, store: Store, clock: Clock
) -> None:
    before = in_force()
    store.version = "next"
    clock.now += LOOK_EVERY_SECONDS + 0.1
    after = in_force()
    assert after.model is before.model
    assert after.policy is before.policy


def test_tables_that_were_altered_are_an_error_at_every_batch(
    in_force: RulesInForce, store: Store, clock: Clock
) -> None:
    store.failure = ArtefactInvalid("the tables are not what their checksum says")
    clock.now += LOOK_EVERY_SECONDS + 0.1
    for _ in range(2):
        with pytest.raises(ArtefactInvalid):
            in_force()
