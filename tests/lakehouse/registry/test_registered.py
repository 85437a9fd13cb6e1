"""What is registered is believed only where log and document agree."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import find_policy, registered_model
from lakehouse.registry.log import State, fold
from lakehouse.registry.store import RegistryStore
from risk.models.document import to_json
from tests.lakehouse.registry_cases import an_entry, registered
from tests.risk.applications import a_model


@pytest.fixture
def store(tmp_path: Path) -> RegistryStore:
    return RegistryStore(str(tmp_path / "lake"))


def test_what_was_registered_is_read_as_it_was(store: RegistryStore) -> None:
    registered(store, "a-1")
    assert registered_model(store, fold(store.entries()), "a-1") == a_model("a-1")


@pytest.mark.parametrize("version", ["b-1", "../models/a-1", ""])
def test_what_is_not_registered_is_answered_with_what_is(
    store: RegistryStore, version: str
) -> None:
    registered(store, "a-1")
    with pytest.raises(ArtefactInvalid, match=r"is registered in .*: there is a-1$"):
        registered_model(store, fold(store.entries()), version)


@pytest.mark.parametrize(
    "document",
    [pickle.dumps({"version": "a-1"}), b"{}", to_json(a_model("a-1")) + b"\n"],
    ids=["a pickle", "no model", "a byte more"],
)
def test_what_is_no_model_is_refused_whatever_the_log_says(
    store: RegistryStore, document: bytes
) -> None:
    store.keep("model", "a-1", document)
    state = State(models={"a-1": hashlib.sha256(document).hexdigest()})
    with pytest.raises(ArtefactInvalid, match=r"models/a-1\.json: model"):
        registered_model(store, state, "a-1")


def test_what_is_no_policy_is_refused_whatever_the_log_says(store: RegistryStore) -> None:
    store.keep("policy", "mine-1", b"{}")
    sha256 = hashlib.sha256(b"{}").hexdigest()
    assert store.append(an_entry(1, "register", "mine-1", kind="policy", sha256=sha256))
    with pytest.raises(ArtefactInvalid, match=r"policies/mine-1\.json: policy document"):
        find_policy(store.lake_uri, "mine-1")


def test_a_document_under_another_version_is_refused_whatever_the_log_says(
    store: RegistryStore,
) -> None:
    store.keep("model", "b-1", to_json(a_model("a-1")))
    with pytest.raises(ArtefactInvalid, match=r"b-1\.json: expected version 'b-1', found 'a-1'"):
        registered_model(store, State(models={"b-1": a_model("a-1").sha256}), "b-1")
