import hashlib
import pickle
import re
from pathlib import Path

import pytest

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import (
    CHAMPION,
    SHIPPED,
    find_model,
    find_policy,
    load_model,
    load_policy,
    save_model,
    shipped_document,
    shipped_versions,
)
from lakehouse.registry.changes import register_policy
from lakehouse.registry.store import RegistryStore
from risk.models.document import to_json
from tests.lakehouse.registry_cases import a_change, flip_a_byte, object_path, registered
from tests.risk.applications import a_model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return save_model(a_model(), folder=tmp_path)


def test_the_champion_is_what_is_loaded_without_a_version() -> None:
    champion = load_model()
    assert champion.version == CHAMPION
    document = (SHIPPED / "models" / f"{CHAMPION}.json").read_bytes()
    assert champion.sha256 == hashlib.sha256(document).hexdigest()


@pytest.mark.parametrize("version", ["reference-1", "standard-1", "standard-2"])
def test_every_shipped_policy_is_what_its_checksum_says(version: str) -> None:
    assert load_policy(version).version == version


def test_every_shipped_document_has_a_checksum_file_that_sha256sum_reads() -> None:
    for folder in ("models", "policies"):
        documents = sorted((SHIPPED / folder).glob("*.json"))
        assert documents
        for document in documents:
            line = document.with_name(document.name + ".sha256").read_text("utf-8")
            assert re.fullmatch(rf"[0-9a-f]{{64}}  {re.escape(document.name)}\n", line)


def test_a_saved_model_is_loaded_as_it_was(saved: Path) -> None:
    assert load_model("test-1", folder=saved.parent) == a_model()


@pytest.mark.parametrize("position", [0, 1, 100, -2])
def test_a_flipped_byte_is_refused(saved: Path, position: int) -> None:
    document = bytearray(saved.read_bytes())
    document[position] ^= 1
    saved.write_bytes(document)
    with pytest.raises(ArtefactInvalid, match="the model was altered"):
        load_model("test-1", folder=saved.parent)


def test_another_checksum_is_refused(saved: Path) -> None:
    saved.with_name("test-1.json.sha256").write_text(f"{'0' * 64}  test-1.json\n")
    with pytest.raises(ArtefactInvalid, match="the model was altered"):
        load_model("test-1", folder=saved.parent)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_checksum_file_that_says_nothing_is_refused(saved: Path, content: bytes) -> None:
    saved.with_name("test-1.json.sha256").write_bytes(content)
    with pytest.raises(ArtefactInvalid, match="the model was altered"):
        load_model("test-1", folder=saved.parent)


def test_a_document_without_its_checksum_is_refused(saved: Path) -> None:
    saved.with_name("test-1.json.sha256").unlink()
    with pytest.raises(ArtefactInvalid, match="expected a readable file"):
        load_model("test-1", folder=saved.parent)


def _with_checksum(folder: Path, version: str, document: bytes) -> None:
    (folder / f"{version}.json").write_bytes(document)
    digest = hashlib.sha256(document).hexdigest()
    (folder / f"{version}.json.sha256").write_text(f"{digest}  {version}.json\n")


@pytest.mark.parametrize(
    "document",
    [pickle.dumps({"version": "test-1"}), b"{}", to_json(a_model()) + b"\n"],
    ids=["a pickle", "no model", "a byte more"],
)
def test_a_document_that_is_no_model_is_refused_whatever_its_checksum(
    tmp_path: Path, document: bytes
) -> None:
    _with_checksum(tmp_path, "test-1", document)
    with pytest.raises(ArtefactInvalid, match=r"test-1\.json: model"):
        load_model("test-1", folder=tmp_path)


def test_a_wrong_feature_order_is_refused_by_name(tmp_path: Path) -> None:
    document = to_json(a_model()).replace(
        b'  "dti_pct",\n  "purpose"', b'  "purpose",\n  "dti_pct"'
    )
    _with_checksum(tmp_path, "test-1", document)
    with pytest.raises(ArtefactInvalid, match=r"expected the features \('purpose', 'dti_pct'\)"):
        load_model("test-1", folder=tmp_path)


def test_a_document_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    _with_checksum(tmp_path, "mine-1", b"{}")
    with pytest.raises(ArtefactInvalid, match=r"mine-1\.json: policy document"):
        load_policy("mine-1", folder=tmp_path)


def test_a_file_that_bears_another_version_is_refused(tmp_path: Path) -> None:
    _with_checksum(tmp_path, "test-9", to_json(a_model("test-1")))
    with pytest.raises(ArtefactInvalid, match="expected version 'test-9', found 'test-1'"):
        load_model("test-9", folder=tmp_path)


def test_an_unknown_version_is_answered_with_those_there_are(saved: Path) -> None:
    with pytest.raises(ArtefactInvalid, match=r"no model 'test-2' in .*: there is test-1"):
        load_model("test-2", folder=saved.parent)
    with pytest.raises(ArtefactInvalid, match=r"no policy 'x' in .*: there is none"):
        load_policy("x", folder=saved.parent / "nowhere")


@pytest.mark.parametrize("version", ["../models/scorecard-1", "/etc/passwd", "", "*"])
def test_a_version_is_never_a_path(version: str) -> None:
    with pytest.raises(ArtefactInvalid, match="no policy"):
        load_policy(version)


def test_shipped_artefacts_are_named_and_their_documents_verified() -> None:
    assert CHAMPION in shipped_versions("model")
    assert shipped_versions("policy") == ("reference-1", "standard-1", "standard-2")
    assert shipped_document("model", CHAMPION) == to_json(load_model())


class TestFinding:
    """Artefacts of the past, wherever they are kept."""

    @pytest.fixture
    def lake(self, tmp_path: Path) -> str:
        lake = str(tmp_path / "lake")
        registered(RegistryStore(lake), "test-1")
        return lake

    @staticmethod
    def register_mine(lake: str) -> None:
        document = shipped_document("policy", "standard-1")
        mine = document.replace(b'"standard-1"', b'"mine-1"', 1)
        register_policy(RegistryStore(lake), mine, a_change())

    def test_a_shipped_artefact_needs_no_lake(self) -> None:
        assert find_model("s3://no-such-bucket/lake", CHAMPION) == load_model()
        assert find_policy("s3://no-such-bucket/lake", "standard-1").version == "standard-1"

    def test_a_registered_artefact_is_found_by_its_version(self, lake: str) -> None:
        self.register_mine(lake)
        assert find_model(lake, "test-1") == a_model()
        assert find_policy(lake, "mine-1").version == "mine-1"

    def test_a_model_is_found_by_version_and_checksum(self, lake: str) -> None:
        assert find_model(lake, "test-1", a_model().sha256) == a_model()
        assert find_model(lake, CHAMPION, load_model().sha256) == load_model()

    @pytest.mark.parametrize("version", ["test-1", CHAMPION])
    def test_a_model_of_another_checksum_is_not_the_one(self, lake: str, version: str) -> None:
        with pytest.raises(ArtefactInvalid, match=f"no model '{version}' with checksum ffffff"):
            find_model(lake, version, "f" * 64)

    def test_what_is_nowhere_is_answered_with_what_there_is(self, lake: str) -> None:
        with pytest.raises(ArtefactInvalid, match=r"no model 'x-1', neither .* test-1"):
            find_model(lake, "x-1")
        with pytest.raises(ArtefactInvalid, match=r"no policy 'x-1', .* reference-1, standard-1"):
            find_policy(lake, "x-1")

    @pytest.mark.parametrize("version", ["../models/test-1", "/etc/passwd", "", "*"])
    def test_a_version_is_never_a_path(self, lake: str, version: str) -> None:
        with pytest.raises(ArtefactInvalid, match="no model"):
            find_model(lake, version)

    def test_an_altered_policy_is_refused(self, lake: str) -> None:
        self.register_mine(lake)
        flip_a_byte(object_path(lake, "policies", "mine-1.json"))
        with pytest.raises(ArtefactInvalid, match=r"mine-1\.json: expected the checksum"):
            find_policy(lake, "mine-1")

    def test_an_altered_model_is_refused(self, lake: str) -> None:
        flip_a_byte(object_path(lake, "models", "test-1.json"))
        with pytest.raises(ArtefactInvalid, match=r"test-1\.json: expected the checksum"):
            find_model(lake, "test-1", a_model().sha256)
