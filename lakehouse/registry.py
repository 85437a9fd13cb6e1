"""Models and policies by version, each verified against its checksum before anyone uses it.

An artefact is a JSON document with a checksum file beside it, which `sha256sum --check` reads too:
`NAME.json` and `NAME.json.sha256`. Nothing is ever executed on loading.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from lakehouse.errors import ArtefactInvalid
from risk.errors import RiskError
from risk.model import Model, parse_model, to_json
from risk.policy import Policy, parse_policy

__all__ = ["CHAMPION", "SHIPPED", "load_model", "load_policy", "save_model"]

CHAMPION: Final = "scorecard-1"
SHIPPED: Final = Path(__file__).parent / "shipped"

_MODELS: Final = "models"
_POLICIES: Final = "policies"
_CHECKSUM: Final = ".sha256"


def load_model(version: str = CHAMPION, *, folder: Path = SHIPPED / _MODELS) -> Model:
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


def load_policy(version: str, *, folder: Path = SHIPPED / _POLICIES) -> Policy:
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


def save_model(model: Model, *, folder: Path) -> Path:
    """Write a model's document and its checksum; return the document's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{model.version}.json"
    path.write_bytes(to_json(model))
    path.with_name(path.name + _CHECKSUM).write_text(f"{model.sha256}  {path.name}\n", "utf-8")
    return path


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
