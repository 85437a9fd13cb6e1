"""What the registry holds, for people and for programs: every model and policy, and its part."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import CHAMPION, load_model, shipped_document, shipped_versions
from lakehouse.registry.log import Action, Entry, Kind, State, fold
from lakehouse.registry.read import registered_model
from lakehouse.registry.store import RegistryStore
from risk.models.model import Model

__all__ = ["ListedModel", "ListedPolicy", "Listing", "Role", "listing"]

Role: TypeAlias = Literal["champion", "challenger", "registered", "retired", "shipped"]


class ListedModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model; what only its document says is null where that is refused.

    Attributes
    ----------
    registered_at, registered_by
        Null for one that is shipped and not registered.
    refused
        Why it cannot be used; null if it can.
    """

    version: str
    role: Role
    sha256: str | None
    kind: str | None
    uses_lender_fields: bool | None
    registered_at: datetime | None
    registered_by: str | None
    refused: str | None


class ListedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy that RISK_POLICY can name."""

    version: str
    sha256: str
    registered_at: datetime | None
    registered_by: str | None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The registry after so many entries of its log."""

    number: int
    champion: str
    challengers: tuple[str, ...]
    models: tuple[ListedModel, ...]
    policies: tuple[ListedPolicy, ...]


def listing(lake_uri: str) -> Listing:
    """Read the registry, and verify every model in it.

    Raises
    ------
    ArtefactInvalid
        The log was altered, or a shipped document was.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    store = RegistryStore(lake_uri)
    entries = store.entries()
    state = fold(entries)
    registrations = {
        (entry.kind, entry.version): entry for entry in entries if entry.action is Action.REGISTER
    }
    return Listing(
        number=state.number,
        champion=state.champion or CHAMPION,
        challengers=state.challengers,
        models=tuple(
            _model(store, state, version, registrations.get(("model", version)))
            for version in _versions("model", state)
        ),
        policies=tuple(
            _policy(version, registrations.get(("policy", version)))
            for version in _versions("policy", state)
        ),
    )


def _versions(kind: Kind, state: State) -> list[str]:
    registered = state.registered(kind)
    return [*registered, *(each for each in shipped_versions(kind) if each not in registered)]


def _model(
    store: RegistryStore, state: State, version: str, registration: Entry | None
) -> ListedModel:
    model: Model | None = None
    refused = None
    try:
        model = registered_model(store, state, version) if registration else load_model(version)
    except ArtefactInvalid as exc:
        refused = str(exc)
    return ListedModel(
        version=version,
        role=_role(state, version),
        sha256=model.sha256 if model else state.models.get(version),
        kind=model.kind if model else None,
        uses_lender_fields=model.uses_lender_fields if model else None,
        registered_at=registration.at if registration else None,
        registered_by=registration.by if registration else None,
        refused=refused,
    )


def _policy(version: str, registration: Entry | None) -> ListedPolicy:
    if registration is None:
        document = shipped_document("policy", version)
        sha256 = hashlib.sha256(document).hexdigest()
        return ListedPolicy(version=version, sha256=sha256, registered_at=None, registered_by=None)
    return ListedPolicy(
        version=version,
        sha256=registration.sha256,
        registered_at=registration.at,
        registered_by=registration.by,
    )


def _role(state: State, version: str) -> Role:
    if version == (state.champion or CHAMPION):
        return "champion"
    if version in state.challengers:
        return "challenger"
    if version in state.retired:
        return "retired"
    return "registered" if version in state.models else "shipped"
