"""Change the registry: check a change, then append it to the log under the next number.

If two writers change it at once, either both succeed, one after the other, or the later one is
refused because of the earlier one. A writer whose number is taken reads the log again.

Every change returns the state after it. It raises `ChangeRefused` if the rules of the log, or the
named artefacts, do not allow it; `ArtefactInvalid` if a document is invalid or was altered;
`Unavailable` or `Denied` if the lake does not answer or refuses to write.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lakehouse.errors import ArtefactInvalid, ChangeRefused
from lakehouse.registry.artefacts import (
    CHAMPION,
    registered_model,
    shipped_document,
    shipped_versions,
)
from lakehouse.registry.log import Action, Kind, LogEntry, State, apply, before, fold
from lakehouse.registry.references import parse_reference_of
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.model import parse_model
from risk.policy.document import parse_policy

# A version becomes a file's name, no two differing by case alone; and RISK_MODEL says `champion`
# for whichever is.
_VERSION: Final = re.compile(r"(?!champion$)[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST_TEXT: Final = 500
_AS_SHIPPED: Final = "in force as shipped, before the first promotion"


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes the registry, when and why; all of it is kept in the log.

    Raises
    ------
    ChangeRefused
        Nobody does, or a text is too long or not for print.
    """

    by: str
    at: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if not self.by:
            raise ChangeRefused("nobody is named who makes this change: name them with --by")
        for name, text in (("by", self.by), ("reason", self.reason)):
            if len(text) > _LONGEST_TEXT or not text.isprintable():
                raise ChangeRefused(
                    f"{name}: expected at most {_LONGEST_TEXT} printable characters on one line"
                )


def register_model(
    store: RegistryStore,
    document: bytes,
    change: Change,
    *,
    dossier: bytes | None = None,
    reference: bytes | None = None,
) -> State:
    """Register a model; its document's bytes are kept for ever. Again changes nothing.

    Parameters
    ----------
    dossier
        What a validator reads about it (Markdown), to be kept beside it; the first one stands.
    reference
        The population it was fitted on, as counts (`risk.monitoring.reference`), likewise.
    """

    def keep(version: str) -> None:
        if dossier is not None:
            store.keep_dossier(version, dossier)
        if reference is not None:
            store.keep_reference(version, reference)

    if reference is not None:
        sha256 = hashlib.sha256(document).hexdigest()
        parse_reference_of(sha256, reference, where="cannot register")
    return _register(store, "model", document, change, keep)


def register_policy(store: RegistryStore, document: bytes, change: Change) -> State:
    """Register a policy, so that RISK_POLICY can name it. Again changes nothing."""
    return _register(store, "policy", document, change)


def promote(store: RegistryStore, version: str, change: Change) -> State:
    """Make a registered model the champion.

    Before the first promotion the shipped champion, which held until then, is written down as
    champion, so that it can be rolled back to. A model that uses the lender's fields is refused.
    """

    def write_down_what_is_shipped(state: State) -> None:
        if state.champion is None and version != CHAMPION:
            shipped = replace(change, reason=_AS_SHIPPED)
            register_model(store, shipped_document("model", CHAMPION), shipped)
            _append(store, shipped, _first_champion)

    return _append(store, change, _of(Action.PROMOTE, version), write_down_what_is_shipped)


def challenge(store: RegistryStore, version: str, change: Change) -> State:
    """Let a registered model score beside the champion."""
    return _append(store, change, _of(Action.CHALLENGE, version))


def retire(store: RegistryStore, version: str, change: Change) -> State:
    """Use a model no more, for good; decisions that it made can still be replayed."""
    return _append(store, change, _of(Action.RETIRE, version))


def roll_back(store: RegistryStore, change: Change) -> State:
    """Make the champion before champion again."""
    return _append(store, change, lambda state: _of(Action.ROLL_BACK, before(state))(state))


@dataclass(frozen=True, slots=True)
class _Step:
    action: Action
    kind: Kind
    version: str
    sha256: str


def _of(action: Action, version: str) -> Callable[[State], _Step]:
    return lambda state: _Step(action, "model", version, state.models.get(version, ""))


def _first_champion(state: State) -> _Step | None:
    return None if state.champion is not None else _of(Action.PROMOTE, CHAMPION)(state)


def _register(
    store: RegistryStore,
    kind: Kind,
    document: bytes,
    change: Change,
    keep_beside: Callable[[str], None] = lambda _: None,
) -> State:
    try:
        version = (parse_model if kind == "model" else parse_policy)(document).version
    except RiskError as exc:
        raise ArtefactInvalid(f"cannot register: {exc}") from exc
    if not _VERSION.fullmatch(version):
        raise ChangeRefused(
            f"cannot register {kind} {version!r}: expected a version of at most 64 lower "
            "case letters, digits, '-', '_' and '.', beginning with a letter or digit"
        )
    if version in shipped_versions(kind) and shipped_document(kind, version) != document:
        raise ChangeRefused(
            f"{kind} {version} is shipped with another document, and a version never "
            "changes; give yours a version of its own"
        )
    sha256 = hashlib.sha256(document).hexdigest()

    def propose(state: State) -> _Step | None:
        is_there = state.registered(kind).get(version) == sha256
        return None if is_there else _Step(Action.REGISTER, kind, version, sha256)

    def keep(_: State) -> None:
        store.keep(kind, version, document)
        keep_beside(version)

    return _append(store, change, propose, keep)


def _append(
    store: RegistryStore,
    change: Change,
    propose: Callable[[State], _Step | None],
    prepare: Callable[[State], None] = lambda _: None,
) -> State:
    """Append what `propose` makes of the state, if anything.

    `prepare` runs once the change is known to be allowed, and again whenever another writer took
    the number, or `prepare` itself did.
    """
    while True:
        state = fold(store.entries())
        step = propose(state)
        if step is None:
            return state
        entry = LogEntry(
            number=state.number + 1,
            action=step.action,
            kind=step.kind,
            version=step.version,
            sha256=step.sha256,
            at=change.at,
            by=change.by,
            reason=change.reason,
        )
        changed = _checked(store, state, entry)
        prepare(state)
        if store.append(entry):
            return changed


def _checked(store: RegistryStore, state: State, entry: LogEntry) -> State:
    """Return what the entry leads to, or refuse it."""
    if state.champion is None and entry.action is not Action.PROMOTE:
        # The log does not say so yet, but the shipped champion is one: it is not to be retired.
        apply(replace(state, champion=CHAMPION), entry)
    changed = apply(state, entry)
    if entry.action not in {Action.REGISTER, Action.RETIRE}:
        model = registered_model(store, changed, entry.version)
        if changed.champion == entry.version and model.uses_lender_fields:
            raise ChangeRefused(
                f"cannot promote {entry.version}: it uses the lender's own fields (rate, grade, "
                "instalment), which follow from what the lender thought of the risk; it may only "
                "challenge"
            )
    return changed
