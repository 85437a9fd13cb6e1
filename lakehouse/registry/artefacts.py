"""Models and policies by version, each verified against its checksum before anyone uses it.

Two places hold them. Some are shipped with the code: a JSON document with a checksum file beside
it, which `sha256sum --check` reads too (`NAME.json`, `NAME.json.sha256`). Others were registered in
the lake (`lakehouse.registry.store`), where the log holds the checksum and says which of them are
in force. Nothing is ever executed on loading.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.log import Kind, State, fold
from lakehouse.registry.read import registered_model, registered_policy
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.model import Model, parse_model, to_json
from risk.policy.rules import Policy, parse_policy

__all__ = [
    "CHAMPION",
    "SHIPPED",
    "find_model",
    "find_policy",
    "load_model",
    "load_policy",
    "save_model",
    "shipped_document",
    "shipped_versions",
]

CHAMPION: Final = "scorecard-1"
SHIPPED: Final = Path(__file__).parents[1] / "shipped"

_FOLDERS: Final = {"model": "models", "policy": "policies"}
_CHECKSUM: Final = ".sha256"


def find_model(lake_uri: str, version: str, sha256: str | None = None) -> Model:
    """Return a model by version, shipped or registered; with `sha256`, exactly that one.

    Raises
    ------
    ArtefactInvalid
        There is none of this version or checksum, or it was altered.
    Unavailable, Denied
        It is not shipped, and the lake does not answer or does not let us read.
    """
    shipped = load_model(version) if version in shipped_versions("model") else None
    if shipped is not None and sha256 in {None, shipped.sha256}:
        return shipped
    store = RegistryStore(lake_uri)
    state = fold(store.entries())
    if version not in state.models:
        raise _unknown("model", version, sha256, state, lake_uri)
    model = registered_model(store, state, version)
    if sha256 not in {None, model.sha256}:
        raise _unknown("model", version, sha256, state, lake_uri)
    return model


def find_policy(lake_uri: str, version: str) -> Policy:
    """Return a policy by version, shipped or registered.

    Raises
    ------
    ArtefactInvalid
        There is none of this version, or it was altered.
    Unavailable, Denied
        It is not shipped, and the lake does not answer or does not let us read.
    """
    if version in shipped_versions("policy"):
        return load_policy(version)
    store = RegistryStore(lake_uri)
    state = fold(store.entries())
    if version not in state.policies:
        raise _unknown("policy", version, None, state, lake_uri)
    return registered_policy(store, state, version)


def shipped_versions(kind: Kind) -> tuple[str, ...]:
    """Return the versions that come with the code."""
    return tuple(sorted(path.stem for path in (SHIPPED / _FOLDERS[kind]).glob("*.json")))


def load_model(version: str = CHAMPION, *, folder: Path = SHIPPED / _FOLDERS["model"]) -> Model:
    """Return a model; the champion without a version.

    Raises
    ------
    ArtefactInvalid
        There is none of this version, or it is not what its checksum or its document says.
    """
    document = _read_verified(folder, version, "model")
    try:
        model = parse_model(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"{folder / version}.json: {exc}") from exc
    _expect_named(model.version, version, folder)
    return model


def load_policy(version: str, *, folder: Path = SHIPPED / _FOLDERS["policy"]) -> Policy:
    """Return a policy.

    Raises
    ------
    ArtefactInvalid
        There is none of this version, or it is not what its checksum or its document says.
    """
    document = _read_verified(folder, version, "policy")
    try:
        policy = parse_policy(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"{folder / version}.json: {exc}") from exc
    _expect_named(policy.version, version, folder)
    return policy


def shipped_document(kind: Kind, version: str) -> bytes:
    """Return the document of a shipped artefact.

    Raises
    ------
    ArtefactInvalid
        There is none of this version, or it is not what its checksum says.
    """
    return _read_verified(SHIPPED / _FOLDERS[kind], version, kind)


def save_model(model: Model, *, folder: Path) -> Path:
    """Write a model's document and its checksum; return the document's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.version}.json"
    path.write_bytes(to_json(model))
    path.with_name(path.name + _CHECKSUM).write_text(f"{model.sha256}  {path.name}\n", "utf-8")
    return path


def _unknown(
    kind: Kind, version: str, sha256: str | None, state: State, lake_uri: str
) -> ArtefactInvalid:
    asked = repr(version) if sha256 is None else f"{version!r} with checksum {sha256[:12]}..."
    known = sorted({*shipped_versions(kind), *state.registered(kind)})
    return ArtefactInvalid(
        f"no {kind} {asked}, neither shipped nor registered in {lake_uri}: there is "
        f"{', '.join(known)}"
    )


def _read_verified(folder: Path, version: str, kind: str) -> bytes:
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


def _expect_named(found: str, version: str, folder: Path) -> None:
    if found != version:
        raise ArtefactInvalid(
            f"{folder / version}.json: expected version {version!r}, found {found!r}; "
            "a file bears the version that it holds"
        )
