"""The models in force: found again as the registry says, and never a bad one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from lakehouse.errors import ArtefactInvalid, Unavailable
from lakehouse.registry.artefacts import CHAMPION, load_model
from lakehouse.registry.changes import challenge, promote, register_model, retire, roll_back
from lakehouse.registry.log import Action
from lakehouse.registry.store import RegistryStore
from lakehouse.registry.watch import RegistryWatch
from risk.models.document import to_json
from risk.models.model import Model
from tests.lakehouse.registry_cases import (
    a_change,
    a_lenders_model,
    an_entry,
    another_model,
    flip_a_byte,
    object_path,
    promoted,
    registered,
)
from tests.risk.applications import a_model


def accept(_model: Model) -> None:
    """Prove nothing: these tests are about which model it is."""


def a_watch(lake: str, version: str = "champion") -> RegistryWatch:
    return RegistryWatch(lake, version, prove=accept)


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def store(lake: str) -> RegistryStore:
    return RegistryStore(lake)


def promote_by_hand(store: RegistryStore, version: str, sha256: str) -> None:
    """Append to the log what no command would: it verifies first."""
    number = len(store.entries()) + 1
    assert store.append(an_entry(number, Action.PROMOTE, version, sha256=sha256))


def test_an_empty_registry_means_the_shipped_champion_alone(lake_uri: str) -> None:
    models = a_watch(lake_uri).begin()
    assert (models.champion, models.challengers) == (load_model(CHAMPION), ())


def test_each_change_is_followed(lake_uri: str) -> None:
    store, watch = RegistryStore(lake_uri), a_watch(lake_uri)
    models = watch.begin()
    promoted(store, "a-1", "b-1")
    models = watch(models)
    assert models.champion == a_model("b-1")
    registered(store, "c-1")
    challenge(store, "c-1", a_change())
    challenge(store, "a-1", a_change())
    models = watch(models)
    assert models.challengers == (a_model("c-1"), a_model("a-1"))
    roll_back(store, a_change())
    retire(store, "c-1", a_change())
    models = watch(models)
    assert (models.champion, models.challengers) == (a_model("a-1"), ())


def test_without_a_change_the_models_stay_the_same_value(lake: str, store: RegistryStore) -> None:
    promoted(store, "a-1")
    watch = a_watch(lake)
    models = watch.begin()
    assert watch(models) is models


def test_a_pinned_model_stays_and_its_challengers_are_followed(
    lake: str, store: RegistryStore
) -> None:
    registered(store, "a-1")
    watch = a_watch(lake, "a-1")
    models = watch.begin()
    promoted(store, "b-1")
    registered(store, "c-1")
    for version in ("c-1", "a-1"):
        challenge(store, version, a_change())
    models = watch(models)
    assert (models.champion, models.challengers) == (a_model("a-1"), (a_model("c-1"),))


def test_a_pinned_model_that_is_nowhere_is_refused(lake: str) -> None:
    with pytest.raises(ArtefactInvalid, match="no model 'a-9', neither shipped nor registered"):
        a_watch(lake, "a-9").begin()


def _replace_by_a_pickle(lake: str) -> None:
    object_path(lake, "models", "bad-1.json").write_bytes(pickle.dumps({"version": "bad-1"}))


def _remove(lake: str) -> None:
    object_path(lake, "models", "bad-1.json").unlink()


def _flip(lake: str) -> None:
    flip_a_byte(object_path(lake, "models", "bad-1.json"))


DAMAGES: dict[str, tuple[Callable[[str], None], str]] = {
    "a flipped byte": (_flip, r"bad-1.json: expected the checksum in the log"),
    "a pickle": (_replace_by_a_pickle, r"bad-1.json: expected the checksum in the log"),
    "a missing document": (_remove, r"bad-1.json is missing"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_champion_is_refused_by_name_and_the_old_one_serves_on(
    lake: str, store: RegistryStore, damage: str
) -> None:
    promoted(store, "a-1")
    watch = a_watch(lake)
    models = watch.begin()
    promoted(store, "bad-1")
    do, said = DAMAGES[damage]
    do(lake)
    models = watch(models)
    assert models.champion == a_model("a-1")
    assert list(models.refused) == ["bad-1"]
    with pytest.raises(ArtefactInvalid, match=said):
        raise models.refused["bad-1"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_start_on_a_damaged_champion_is_refused_by_name(
    lake: str, store: RegistryStore, damage: str
) -> None:
    promoted(store, "bad-1")
    do, said = DAMAGES[damage]
    do(lake)
    with pytest.raises(ArtefactInvalid, match=said):
        a_watch(lake).begin()


def test_a_damaged_challenger_is_left_out_and_the_others_stay(
    lake: str, store: RegistryStore
) -> None:
    for version in ("bad-1", "c-1"):
        registered(store, version)
        challenge(store, version, a_change())
    _flip(lake)
    models = a_watch(lake).begin()
    assert models.challengers == (a_model("c-1"),)
    assert list(models.refused) == ["bad-1"]


def test_a_restored_artefact_is_taken_up_at_the_next_look(lake: str, store: RegistryStore) -> None:
    watch = a_watch(lake)
    models = watch.begin()
    promoted(store, "bad-1")
    _flip(lake)
    models = watch(models)
    assert models.champion.version == CHAMPION
    _flip(lake)
    models = watch(models)
    assert (models.champion, dict(models.refused)) == (a_model("bad-1"), {})


def test_a_lenders_model_promoted_by_hand_never_decides(lake: str, store: RegistryStore) -> None:
    watch = a_watch(lake)
    models = watch.begin()
    model = a_lenders_model()
    register_model(store, to_json(model), a_change())
    promote_by_hand(store, model.version, model.sha256)
    models = watch(models)
    assert models.champion.version == CHAMPION
    assert "it may challenge, never decide" in str(models.refused["lenders-1"])
    with pytest.raises(ArtefactInvalid, match="never decide"):
        a_watch(lake, "lenders-1").begin()


def test_a_model_that_cannot_score_is_never_in_force(lake: str, store: RegistryStore) -> None:
    def prove(model: Model) -> None:
        if model.version == "bad-1":
            raise ArtefactInvalid("model bad-1: no PD")

    watch = RegistryWatch(lake, prove=prove)
    models = watch.begin()
    registered(store, "b-1")
    challenge(store, "b-1", a_change())
    promoted(store, "bad-1")
    models = watch(models)
    assert (models.champion.version, models.challengers) == (CHAMPION, (a_model("b-1"),))


def test_what_a_silent_lake_did_not_tell_is_asked_again(
    lake: str, store: RegistryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = a_watch(lake)
    models = watch.begin()
    promoted(store, "a-1")

    def be_silent(_store: RegistryStore, _kind: str, _version: str) -> bytes:
        raise Unavailable("the lake gave no answer")

    with monkeypatch.context() as silenced:
        silenced.setattr(RegistryStore, "document", be_silent)
        with pytest.raises(Unavailable):
            watch(models)
    assert watch(models).champion == a_model("a-1")


def test_a_known_model_is_not_read_again(lake: str, store: RegistryStore) -> None:
    promoted(store, "a-1")
    watch = a_watch(lake)
    models = watch.begin()
    object_path(lake, "models", "a-1.json").unlink()
    register_model(store, to_json(another_model("b-1", 500)), a_change())
    promote(store, "b-1", a_change())
    challenge_by_hand = an_entry(
        len(store.entries()) + 1, Action.CHALLENGE, "a-1", sha256=a_model("a-1").sha256
    )
    assert store.append(challenge_by_hand)
    assert watch(models).challengers == (a_model("a-1"),)
