"""Reading what is registered: an artefact is used only if log, manifest and document agree."""

from __future__ import annotations

import hashlib

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.log import Kind, State
from lakehouse.registry.manifest import refuse_if_differs
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.model import Model, parse_model
from risk.policy.rules import Policy, parse_policy

__all__ = ["registered_model", "registered_policy"]


def registered_model(store: RegistryStore, state: State, version: str) -> Model:
    """Return a registered model, verified.

    Raises
    ------
    ArtefactInvalid
        It is not registered, is gone, or is not what log, manifest and document say alike.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    document = _verified(store, state, "model", version)
    where = store.where_is("model", version)
    try:
        model = parse_model(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"{where}: {exc}") from exc
    refuse_if_differs(model, store.manifest(version), where)
    return model


def registered_policy(store: RegistryStore, state: State, version: str) -> Policy:
    """Return a registered policy, verified.

    Raises
    ------
    ArtefactInvalid
        It is not registered, is gone, or is not what the log says.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    document = _verified(store, state, "policy", version)
    try:
        return parse_policy(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"{store.where_is('policy', version)}: {exc}") from exc


def _verified(store: RegistryStore, state: State, kind: Kind, version: str) -> bytes:
    registered = state.registered(kind)
    # A version is looked up, not made into a path: "../" leads nowhere.
    if version not in registered:
        raise ArtefactInvalid(
            f"no {kind} {version!r} is registered in {store.lake_uri}: there is "
            f"{', '.join(registered) or 'none'}"
        )
    document = store.document(kind, version)
    found = hashlib.sha256(document).hexdigest()
    if found != registered[version]:
        raise ArtefactInvalid(
            f"{store.where_is(kind, version)}: expected the checksum in the log, "
            f"{registered[version][:12]}..., found {found[:12]}...: the {kind} was altered. "
            "Restore it"
        )
    return document
