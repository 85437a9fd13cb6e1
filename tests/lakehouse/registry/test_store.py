"""The registry's objects, in a folder and in a bucket: written once, and never believed unread."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from lakehouse.errors import ArtefactInvalid, ChangeRefused, SettingsInvalid, Unavailable
from lakehouse.registry.store import RegistryStore
from tests.lakehouse.registry_cases import an_entry, object_path
from tests.servers.s3 import Bucket


def test_a_lake_without_a_registry_has_an_empty_log(lake_uri: str) -> None:
    store = RegistryStore(lake_uri)
    assert store.entries() == ()
    assert not store.has_entry(1)


def test_what_was_appended_is_read_in_order(lake_uri: str) -> None:
    entries = tuple(an_entry(number, "register", f"m-{number}") for number in range(1, 13))
    for entry in entries:
        assert RegistryStore(lake_uri).append(entry)
    assert RegistryStore(lake_uri).entries() == entries
    assert RegistryStore(lake_uri).has_entry(12)
    assert not RegistryStore(lake_uri).has_entry(13)


def test_a_number_is_taken_once(lake_uri: str) -> None:
    first, second = RegistryStore(lake_uri), RegistryStore(lake_uri)
    assert first.append(an_entry(1, "register", "a-1"))
    assert not second.append(an_entry(1, "register", "b-1"))
    assert [entry.version for entry in second.entries()] == ["a-1"]


def test_a_document_is_kept_once(lake_uri: str) -> None:
    store = RegistryStore(lake_uri)
    for _ in range(2):
        store.keep("model", "a-1", b"{}")
    with pytest.raises(ChangeRefused, match=r"models/a-1\.json holds another document"):
        store.keep("model", "a-1", b"[]")
    assert store.document("model", "a-1") == b"{}"


def test_what_is_missing_is_named(lake_uri: str) -> None:
    store = RegistryStore(lake_uri)
    with pytest.raises(ArtefactInvalid, match=r"_registry/models/a-1.json is missing"):
        store.document("model", "a-1")


def _with_log(folder: Path) -> RegistryStore:
    store = RegistryStore(str(folder))
    for number in (1, 2, 3):
        store.append(an_entry(number, "register", f"m-{number}"))
    return store


def test_an_entry_that_was_removed_is_missed(tmp_path: Path) -> None:
    store = _with_log(tmp_path)
    object_path(str(tmp_path), "log", "00000002.json").unlink()
    with pytest.raises(ArtefactInvalid, match=r"without a gap, found none of 00000002.json"):
        store.entries()


@pytest.mark.parametrize("content", [b"", b"{}", b"\x80\x04K\x01.", b'{"number": 2, "more": 1}'])
def test_an_entry_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    store = _with_log(tmp_path)
    object_path(str(tmp_path), "log", "00000002.json").write_bytes(content)
    with pytest.raises(ArtefactInvalid, match=r"00000002.json: .* altered"):
        store.entries()


def test_an_entry_under_another_number_is_refused(tmp_path: Path) -> None:
    store = _with_log(tmp_path)
    folder = object_path(str(tmp_path), "log")
    (folder / "00000002.json").write_bytes((folder / "00000001.json").read_bytes())
    with pytest.raises(ArtefactInvalid, match="expected entry 2, found 1"):
        store.entries()


def test_a_lake_that_does_not_answer_is_unavailable(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match=bucket.uri):
        RegistryStore(bucket.uri).has_entry(1)


def test_a_lake_elsewhere_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="expected a folder or s3://BUCKET/PREFIX"):
        RegistryStore("gs://bucket/lake")
