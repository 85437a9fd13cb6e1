"""Load models and policies by version, and verify each against its checksum before use.

Some are shipped with the code: a JSON document and a checksum file beside it, in the format of
`sha256sum --check` (`NAME.json`, `NAME.json.sha256`). Others were registered in the lake
(`lakehouse.registry.store`); the registry's log holds their checksums and says which are in force.
Loading never executes anything.

Every function raises `ArtefactInvalid` if the version does not exist, or differs from its checksum,
or its document is invalid. A function that reads the lake also raises `Unavailable` if the lake
does not answer, and `Denied` if it refuses access.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.log import Kind, State, fold
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.document import to_json
from risk.models.model import Model, parse_model
from risk.policy.document import Policy, parse_policy

CHAMPION: Final = "scorecard-1"
SHIPPED: Final = Path(__file__).parents[1] / "shipped"

_FOLDERS: Final = {"model": SHIPPED / "models", "policy": SHIPPED / "policies"}
_CHECKSUM: Final = ".sha256"

T = TypeVar("T", bound=Model | Policy)


@dataclass(frozen=True)
class _Kind(Generic[T]):
    name: Kind
    parse: Callable[[bytes], T]

    def parsed(self, version: str, document: bytes, where: str) -> T:
        try:
            artefact = self.parse(document)
        except RiskError as exc:
            raise ArtefactInvalid(f"{where}: {exc}") from exc
        if artefact.version != version:
            raise ArtefactInvalid(
                f"{where}: expected version {version!r}, found {artefact.version!r}; "
                "a file bears the version that it holds"
            )
        return artefact

    def load(self, version: str, folder: Path) -> T:
        document = read_document(self.name, version, folder)
        return self.parsed(version, document, f"{folder / version}.json")

    def registered(self, store: RegistryStore, state: State, version: str) -> T:
        registered = state.registered(self.name)
        # A version is looked up, not made into a path: "../" leads nowhere.
        if version not in registered:
            raise ArtefactInvalid(
                f"no {self.name} {version!r} is registered in {store.lake_uri}: there is "
                f"{', '.join(registered) or 'none'}"
            )
        document, where = store.document(self.name, version), store.where_is(self.name, version)
        expected, found = registered[version], hashlib.sha256(document).hexdigest()
        if found != expected:
            raise ArtefactInvalid(
                f"{where}: expected the checksum in the log, {expected[:12]}..., found "
                f"{found[:12]}...: the {self.name} was altered. Restore it"
            )
        return self.parsed(version, document, where)

    def find(self, lake_uri: str, version: str, sha256: str | None = None) -> T:
        shipped = shipped_versions(self.name)
        if version in shipped:
            found = hashlib.sha256(shipped_document(self.name, version)).hexdigest()
            if sha256 in {None, found}:
                return self.load(version, _FOLDERS[self.name])
        store = RegistryStore(lake_uri)
        state = fold(store.entries())
        known = state.registered(self.name)
        if version in known and sha256 in {None, known[version]}:
            return self.registered(store, state, version)
        asked = repr(version) if sha256 is None else f"{version!r} with checksum {sha256[:12]}..."
        raise ArtefactInvalid(
            f"no {self.name} {asked}, neither shipped nor registered in {lake_uri}: there is "
            f"{', '.join(sorted({*shipped, *known}))}"
        )


_MODEL: Final[_Kind[Model]] = _Kind("model", parse_model)
_POLICY: Final[_Kind[Policy]] = _Kind("policy", parse_policy)


def find_model(lake_uri: str, version: str, sha256: str | None = None) -> Model:
    """Return a model by version, shipped or registered; with `sha256`, exactly that one."""
    return _MODEL.find(lake_uri, version, sha256)


def find_policy(lake_uri: str, version: str) -> Policy:
    """Return a policy by version, shipped or registered."""
    return _POLICY.find(lake_uri, version)


def registered_model(store: RegistryStore, state: State, version: str) -> Model:
    """Return a registered model."""
    return _MODEL.registered(store, state, version)


def load_model(version: str = CHAMPION, *, folder: Path = _FOLDERS["model"]) -> Model:
    """Return a shipped model, or one of a folder; without a version, the champion."""
    return _MODEL.load(version, folder)


def load_policy(version: str, *, folder: Path = _FOLDERS["policy"]) -> Policy:
    """Return a shipped policy, or one from a folder."""
    return _POLICY.load(version, folder)


def shipped_versions(kind: Kind) -> tuple[str, ...]:
    """Return the versions that come with the code."""
    return tuple(sorted(path.stem for path in _FOLDERS[kind].glob("*.json")))


def shipped_document(kind: Kind, version: str) -> bytes:
    """Return the document of a shipped artefact."""
    return read_document(kind, version, _FOLDERS[kind])


def save_model(model: Model, *, folder: Path) -> Path:
    """Write a model's document and its checksum; return the document's path."""
    return save_document(model.version, to_json(model), folder)


def save_document(version: str, document: bytes, folder: Path) -> Path:
    """Write a document and its checksum; return the document's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{version}.json"
    path.write_bytes(document)
    checksum = hashlib.sha256(document).hexdigest()
    path.with_name(path.name + _CHECKSUM).write_text(f"{checksum}  {path.name}\n", "utf-8")
    return path


def read_document(kind: str, version: str, folder: Path) -> bytes:
    """Return a document of a folder, verified against its checksum."""
    known = sorted(path.stem for path in folder.glob("*.json"))
    # A version is looked up, not made into a path: "../" leads nowhere.
    if version not in known:
        raise ArtefactInvalid(
            f"no {kind} {version!r} in {folder}: there is {', '.join(known) or 'none'}"
        )
    path = folder / f"{version}.json"
    checksum = path.with_name(path.name + _CHECKSUM)
    try:
        document = path.read_bytes()
        expected = checksum.read_bytes().split()[:1]
    except OSError as exc:
        raise ArtefactInvalid(
            f"{exc.filename}: expected a readable file, found {exc.strerror}; a {kind} is used "
            "only with its checksum beside it. Restore both"
        ) from exc
    found = hashlib.sha256(document).hexdigest()
    if expected != [found.encode()]:
        raise ArtefactInvalid(
            f"{path}: expected the checksum in {checksum.name}, found {found[:12]}...: the {kind} "
            "was altered. Restore it; if the change is meant, write its checksum anew "
            f"(sha256sum {path.name} > {checksum.name})"
        )
    return document
