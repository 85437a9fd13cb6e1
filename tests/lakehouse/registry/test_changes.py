"""Changing the registry, in a folder and in a bucket, by one writer and by several at once."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from lakehouse.errors import ArtefactInvalid, ChangeRefused
from lakehouse.registry.artefacts import CHAMPION, SHIPPED, shipped_document
from lakehouse.registry.changes import (
    Change,
    challenge,
    promote,
    register_model,
    register_policy,
    retire,
    roll_back,
)
from lakehouse.registry.log import Action, State, fold
from lakehouse.registry.store import RegistryStore
from risk.models.document import to_json
from tests.lakehouse.registry_cases import (
    AT,
    a_change,
    a_lenders_model,
    another_model,
    flip_a_byte,
    object_path,
    promoted,
    registered,
)
from tests.risk.applications import a_model


@pytest.fixture
def store(lake_uri: str) -> RegistryStore:
    return RegistryStore(lake_uri)


def test_a_registered_model_is_kept_byte_for_byte(store: RegistryStore) -> None:
    state = register_model(store, to_json(a_model("a-1")), a_change())
    assert state.models == {"a-1": a_model("a-1").sha256}
    assert store.document("model", "a-1") == to_json(a_model("a-1"))


def test_registering_the_same_bytes_again_changes_nothing(store: RegistryStore) -> None:
    once = register_model(store, to_json(a_model("a-1")), a_change())
    assert register_model(store, to_json(a_model("a-1")), a_change()) == once
    assert len(store.entries()) == 1


def test_registering_other_bytes_under_a_version_is_refused(store: RegistryStore) -> None:
    registered(store, "a-1")
    with pytest.raises(ChangeRefused, match="model a-1 is registered with the checksum"):
        register_model(store, to_json(another_model("a-1", 500)), a_change())
    assert store.document("model", "a-1") == to_json(a_model("a-1"))


def test_a_registration_that_broke_off_before_the_log_is_taken_up_again(
    store: RegistryStore,
) -> None:
    store.keep("model", "a-1", to_json(a_model("a-1")))
    assert list(register_model(store, to_json(a_model("a-1")), a_change()).models) == ["a-1"]


def test_a_shipped_version_cannot_be_taken(store: RegistryStore) -> None:
    with pytest.raises(ChangeRefused, match=f"{CHAMPION} is shipped with another document"):
        register_model(store, to_json(a_model(CHAMPION)), a_change())
    assert store.entries() == ()


@pytest.mark.parametrize("document", [b"{}", pickle.dumps({"version": "a-1"})])
@pytest.mark.parametrize("register", [register_model, register_policy])
def test_what_is_no_such_document_is_refused(
    store: RegistryStore,
    register: Callable[[RegistryStore, bytes, Change], State],
    document: bytes,
) -> None:
    with pytest.raises(ArtefactInvalid, match="cannot register: "):
        register(store, document, a_change())


@pytest.mark.parametrize("version", ["", "../a-1", "A-1", "a 1", "champion", ".hidden", "x" * 65])
def test_a_version_that_is_no_name_is_refused(store: RegistryStore, version: str) -> None:
    with pytest.raises(ChangeRefused, match="cannot register model"):
        register_model(store, to_json(a_model(version)), a_change())


def test_a_policy_is_registered_under_its_checksum(store: RegistryStore) -> None:
    shipped = (SHIPPED / "policies" / "standard-1.json").read_bytes()
    document = shipped.replace(b'"standard-1"', b'"mine-1"', 1)
    state = register_policy(store, document, a_change())
    assert register_policy(store, document, a_change()) == state
    assert list(state.policies) == ["mine-1"]
    assert store.document("policy", "mine-1") == document


def test_the_first_promotion_writes_down_what_was_in_force_before(store: RegistryStore) -> None:
    promoted(store, "a-1")
    steps = [(entry.action, entry.version) for entry in store.entries()]
    assert steps == [
        (Action.REGISTER, "a-1"),
        (Action.REGISTER, CHAMPION),
        (Action.PROMOTE, CHAMPION),
        (Action.PROMOTE, "a-1"),
    ]
    assert roll_back(store, a_change()).champion == CHAMPION


def test_the_shipped_champion_itself_may_be_promoted_first(store: RegistryStore) -> None:
    register_model(store, shipped_document("model", CHAMPION), a_change())
    assert promote(store, CHAMPION, a_change()).champion == CHAMPION
    assert len(store.entries()) == 2


@pytest.mark.parametrize("change", [retire, challenge])
def test_the_shipped_champion_counts_as_champion_before_any_promotion(
    store: RegistryStore, change: Callable[[RegistryStore, str, Change], State]
) -> None:
    register_model(store, shipped_document("model", CHAMPION), a_change())
    with pytest.raises(ChangeRefused, match=f"{CHAMPION}: it is the champion"):
        change(store, CHAMPION, a_change())
    assert len(store.entries()) == 1


def test_a_refused_promotion_writes_nothing(store: RegistryStore) -> None:
    with pytest.raises(ChangeRefused, match="cannot promote a-1: it is not registered"):
        promote(store, "a-1", a_change())
    assert store.entries() == ()


def test_champions_are_rolled_back_one_by_one_and_not_beyond_the_first(
    store: RegistryStore,
) -> None:
    promoted(store, "a-1", "b-1")
    assert roll_back(store, a_change()).champion == "a-1"
    assert roll_back(store, a_change()).champion == CHAMPION
    with pytest.raises(ChangeRefused, match=f"cannot roll back: {CHAMPION} is the first"):
        roll_back(store, a_change())


def test_the_log_says_who_when_and_why(store: RegistryStore) -> None:
    registered(store, "a-1")
    challenge(store, "a-1", a_change("worth a look", by="sam"))
    entry = store.entries()[-1]
    assert (entry.action, entry.by, entry.at, entry.reason) == (
        Action.CHALLENGE,
        "sam",
        AT,
        "worth a look",
    )


def test_a_retired_model_is_not_used_again(store: RegistryStore) -> None:
    registered(store, "a-1")
    assert retire(store, "a-1", a_change()).retired == ("a-1",)
    with pytest.raises(ChangeRefused, match="a-1: it is retired"):
        challenge(store, "a-1", a_change())


@pytest.mark.parametrize("change", [promote, challenge])
def test_an_altered_model_is_not_taken_into_use(
    tmp_path_factory: pytest.TempPathFactory,
    change: Callable[[RegistryStore, str, Change], State],
) -> None:
    lake = str(tmp_path_factory.mktemp("lake"))
    store = RegistryStore(lake)
    registered(store, "a-1")
    flip_a_byte(object_path(lake, "models", "a-1.json"))
    with pytest.raises(ArtefactInvalid, match=r"a-1\.json: expected the checksum in the log"):
        change(store, "a-1", a_change())
    assert fold(store.entries()).champion is None


def test_a_model_that_uses_the_lenders_fields_may_challenge_only(store: RegistryStore) -> None:
    register_model(store, to_json(a_lenders_model()), a_change())
    assert challenge(store, "lenders-1", a_change()).challengers == ("lenders-1",)
    with pytest.raises(ChangeRefused, match="it uses the lender's own fields"):
        promote(store, "lenders-1", a_change())


def test_of_many_writers_at_once_each_gets_a_number_of_its_own(lake_uri: str) -> None:
    versions = [f"m-{number}" for number in range(8)]

    def write(version: str) -> None:
        registered(RegistryStore(lake_uri), version)

    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(write, versions))
    entries = RegistryStore(lake_uri).entries()
    assert [entry.number for entry in entries] == list(range(1, 9))
    assert {entry.version for entry in entries} == set(versions)


def test_of_many_first_promotions_at_once_all_are_in_the_history(lake_uri: str) -> None:
    versions = [f"m-{number}" for number in range(4)]
    registered(RegistryStore(lake_uri), *versions)

    def write(version: str) -> None:
        promote(RegistryStore(lake_uri), version, a_change())

    with ThreadPoolExecutor(len(versions)) as pool:
        list(pool.map(write, versions))
    state = fold(RegistryStore(lake_uri).entries())
    assert state.previous[0] == CHAMPION
    assert {state.champion, *state.previous} == {CHAMPION, *versions}


@pytest.mark.parametrize(
    ("by", "reason", "said"),
    [
        ("", "why", "nobody is named"),
        ("x" * 501, "why", "by: expected at most 500"),
        ("sam", "one\ntwo", "reason: expected at most 500 printable"),
    ],
)
def test_a_change_without_a_name_or_in_odd_characters_is_refused(
    by: str, reason: str, said: str
) -> None:
    with pytest.raises(ChangeRefused, match=said):
        a_change(reason, by=by)
