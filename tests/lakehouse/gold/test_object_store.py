import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.errors import Denied, SchemaDiffers, SettingsInvalid, Unavailable
from lakehouse.gold.object_store import in_one_line, open_table, probe, raise_as_ours, table_uri
from tests.lakehouse.faulty_store import FORBIDDEN, OVERWRITES, FaultyStore, faulty_store, is_put
from tests.servers.s3 import Bucket


@pytest.fixture
def store(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyStore]:
    with faulty_store(bucket.endpoint) as proxy:
        environment = {**bucket.environment, "AWS_ENDPOINT_URL": proxy.endpoint}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield proxy


def test_a_lake_that_answers_passes_every_time(lake_uri: str) -> None:
    probe(lake_uri)
    probe(lake_uri)


def test_a_store_that_overwrites_is_refused(store: FaultyStore, bucket: Bucket) -> None:
    store.fail(OVERWRITES, is_put)
    with pytest.raises(SchemaDiffers, match=r"s3://.*If-None-Match"):
        probe(bucket.uri)


def test_a_refusal_names_the_path(store: FaultyStore, bucket: Bucket) -> None:
    store.fail(FORBIDDEN, is_put)
    with pytest.raises(Denied, match=rf"{bucket.uri}.*_probe") as refused:
        probe(bucket.uri)
    assert "\n" not in str(refused.value)


@pytest.mark.usefixtures("store")
def test_a_bucket_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Unavailable, match="create the bucket"):
        probe("s3://no-such-bucket/lake")


def test_plain_http_must_be_allowed(
    store: FaultyStore, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.port
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(Unavailable, match="AWS_ALLOW_HTTP=true"):
        probe(bucket.uri)


def test_nobody_listening_is_said_in_one_line(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(Unavailable, match=rf"{bucket.uri}.*127\.0\.0\.1:{port}") as refused:
        probe(bucket.uri)
    assert "\n" not in str(refused.value)


def test_a_store_that_never_answers_is_given_up_in_time(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in bucket.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
            probe(bucket.uri, timeout_seconds=0.3)


def test_a_folder_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="Not a directory"):
        probe(str(tmp_path / "file" / "lake"))


@pytest.mark.parametrize("uri", ["gs://bucket/lake", "http://host/lake"])
def test_another_kind_of_store_is_refused(uri: str) -> None:
    with pytest.raises(SettingsInvalid, match="expected a folder or s3://BUCKET/PREFIX"):
        probe(uri)


def test_a_table_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert open_table(table_uri(str(tmp_path), "decisions")) is None


def test_an_address_may_end_in_a_slash() -> None:
    assert table_uri("s3://bucket/lake/", "decisions") == "s3://bucket/lake/decisions"


def test_long_errors_keep_what_was_tried_and_what_happened() -> None:
    said = in_one_line(OSError(f"Generic S3 error\n \x1b[31m↳\x1b[0m PUT {'x' * 900}\n ↳ 503"))
    assert said.startswith("Generic S3 error: PUT x")
    assert said.endswith("503")
    assert len(said) < 420


def test_what_is_no_error_of_the_store_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        raise_as_ours("s3://bucket/lake", KeyboardInterrupt())
