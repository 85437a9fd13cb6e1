"""List every model and policy of the registry with its role, for people and for programs."""

import hashlib
from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import (
    CHAMPION,
    load_model,
    registered_model,
    shipped_document,
    shipped_versions,
)
from lakehouse.registry.log import Action, Kind, LogEntry, State, fold
from lakehouse.registry.store import RegistryStore

Role: TypeAlias = Literal["champion", "challenger", "registered", "retired", "shipped"]


class ListedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """One policy that RISK_POLICY can name.

    Attributes
    ----------
    registered_at, registered_by
        Null for one that is shipped and not registered.
    """

    version: str
    sha256: str | None
    registered_at: datetime | None
    registered_by: str | None


class ListedModel(ListedPolicy, frozen=True, kw_only=True):
    """One model; what only its document says is null where that is refused.

    Attributes
    ----------
    refused
        Why it cannot be used; null if it can.
    """

    role: Role
    kind: str | None
    uses_lender_fields: bool | None
    refused: str | None


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
    brought = {(one.kind, one.version): one for one in entries if one.action is Action.REGISTER}

    def versions(kind: Kind) -> dict[str, LogEntry | None]:
        known = dict.fromkeys((*state.registered(kind), *shipped_versions(kind)))
        return {version: brought.get((kind, version)) for version in known}

    return Listing(
        number=state.number,
        champion=state.champion or CHAMPION,
        challengers=state.challengers,
        models=tuple(_model(store, state, *each) for each in versions("model").items()),
        policies=tuple(_policy(*each) for each in versions("policy").items()),
    )


def _model(store: RegistryStore, state: State, version: str, entry: LogEntry | None) -> ListedModel:
    model, refused = None, None
    try:
        model = registered_model(store, state, version) if entry else load_model(version)
    except ArtefactInvalid as exc:
        refused = str(exc)
    return ListedModel(
        version=version,
        role=_role(state, version),
        sha256=model.sha256 if model else state.models.get(version),
        kind=model.kind if model else None,
        uses_lender_fields=model.uses_lender_fields if model else None,
        registered_at=entry.at if entry else None,
        registered_by=entry.by if entry else None,
        refused=refused,
    )


def _policy(version: str, entry: LogEntry | None) -> ListedPolicy:
    shipped = "" if entry else hashlib.sha256(shipped_document("policy", version)).hexdigest()
    return ListedPolicy(
        version=version,
        sha256=entry.sha256 if entry else shipped,
        registered_at=entry.at if entry else None,
        registered_by=entry.by if entry else None,
    )


def _role(state: State, version: str) -> Role:
    if version == (state.champion or CHAMPION):
        return "champion"
    if version in state.challengers:
        return "challenger"
    if version in state.retired:
        return "retired"
    return "registered" if version in state.models else "shipped"
