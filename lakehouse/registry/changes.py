"""Changing the registry: each change is checked, then appended to the log under the next number.

Two writers that change it at once both succeed, one after the other, or the later one is refused
for what the earlier one did: the log is read again whenever a number turns out to be taken.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lakehouse.errors import ArtefactInvalid, ChangeRefused
from lakehouse.registry.artefacts import CHAMPION, shipped_document, shipped_versions
from lakehouse.registry.log import Action, Entry, Kind, State, apply, before, fold
from lakehouse.registry.manifest import manifest_of
from lakehouse.registry.read import registered_model
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.model import parse_model
from risk.policy.rules import parse_policy

__all__ = [
    "Change",
    "challenge",
    "promote",
    "register_model",
    "register_policy",
    "retire",
    "roll_back",
]

# A version becomes a file's name, beside its manifest's, no two differing by case alone; and
# RISK_MODEL says `champion` for whichever is.
_VERSION: Final = re.compile(r"(?!champion$|.*\.manifest$)[a-z0-9][a-z0-9._-]{0,63}")
_LONGEST_TEXT: Final = 500
_TAKING_INTO_USE: Final = frozenset({Action.PROMOTE, Action.CHALLENGE, Action.ROLL_BACK})
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
    store: RegistryStore, document: bytes, change: Change, *, dossier: bytes | None = None
) -> State:
    """Register a model; its document's bytes are kept for ever. Again changes nothing.

    Parameters
    ----------
    dossier
        What a validator reads about it (Markdown), to be kept beside it; the first one stands.

    Raises
    ------
    ArtefactInvalid
        The document is no model.
    ChangeRefused
        The version is taken by another document, or is no file's name.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    try:
        model = parse_model(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"cannot register: {exc}") from exc

    def keep() -> None:
        store.keep("model", model.version, document)
        store.keep_manifest(model.version, manifest_of(model, at=change.at, by=change.by))
        if dossier is not None:
            store.keep_dossier(model.version, dossier)

    step = _Step(Action.REGISTER, "model", model.version, model.sha256)
    return _register(store, step, document, change, keep)


def register_policy(store: RegistryStore, document: bytes, change: Change) -> State:
    """Register a policy, so that RISK_POLICY can name it. Again changes nothing.

    Raises
    ------
    ArtefactInvalid
        The document is no policy.
    ChangeRefused
        The version is taken by another document, or is no file's name.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    try:
        policy = parse_policy(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"cannot register: {exc}") from exc
    sha256 = hashlib.sha256(document).hexdigest()

    def keep() -> None:
        store.keep("policy", policy.version, document)

    step = _Step(Action.REGISTER, "policy", policy.version, sha256)
    return _register(store, step, document, change, keep)


def promote(store: RegistryStore, version: str, change: Change) -> State:
    """Make a registered model the champion.

    Before the first promotion the shipped champion, which held until then, is written down as
    champion, so that it can be rolled back to.

    Raises
    ------
    ChangeRefused
        It is not registered, is retired, is champion already, or uses the lender's fields.
    ArtefactInvalid
        It was altered.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    step = _naming(Action.PROMOTE, version)
    state = fold(store.entries())
    _next(store, state, change, step(state))
    if state.champion is None and version != CHAMPION:
        _write_down_what_is_shipped(store, replace(change, reason=_AS_SHIPPED))
    return _append(store, change, step)


def challenge(store: RegistryStore, version: str, change: Change) -> State:
    """Let a registered model score beside the champion.

    Raises
    ------
    ChangeRefused
        It is not registered, is retired, is champion, or a challenger already.
    ArtefactInvalid
        It was altered.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    return _append(store, change, _naming(Action.CHALLENGE, version))


def retire(store: RegistryStore, version: str, change: Change) -> State:
    """Use a model no more, for good; decisions that it made can still be replayed.

    Raises
    ------
    ChangeRefused
        It is not registered, is retired already, or is the champion.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """
    return _append(store, change, _naming(Action.RETIRE, version))


def roll_back(store: RegistryStore, change: Change) -> State:
    """Make the champion before champion again.

    Raises
    ------
    ChangeRefused
        There is none before, or it is retired.
    ArtefactInvalid
        It was altered.
    Unavailable, Denied
        The lake does not answer, or does not let us write.
    """

    def step(state: State) -> _Step:
        return _naming(Action.ROLL_BACK, before(state))(state)

    return _append(store, change, step)


@dataclass(frozen=True, slots=True)
class _Step:
    action: Action
    kind: Kind
    version: str
    sha256: str


def _naming(action: Action, version: str) -> Callable[[State], _Step]:
    return lambda state: _Step(action, "model", version, state.models.get(version, ""))


def _register(
    store: RegistryStore,
    step: _Step,
    document: bytes,
    change: Change,
    keep: Callable[[], None],
) -> State:
    if not _VERSION.fullmatch(step.version):
        raise ChangeRefused(
            f"cannot register {step.kind} {step.version!r}: expected a version of at most 64 lower "
            "case letters, digits, '-', '_' and '.', beginning with a letter or digit"
        )
    if (
        step.version in shipped_versions(step.kind)
        and shipped_document(step.kind, step.version) != document
    ):
        raise ChangeRefused(
            f"{step.kind} {step.version} is shipped with another document, and a version never "
            "changes; give yours a version of its own"
        )

    def propose(state: State) -> _Step | None:
        is_there = state.registered(step.kind).get(step.version) == step.sha256
        return None if is_there else step

    state = fold(store.entries())
    if propose(state) is not None:
        _next(store, state, change, step)
        keep()
    return _append(store, change, propose)


def _write_down_what_is_shipped(store: RegistryStore, change: Change) -> None:
    register_model(store, shipped_document("model", CHAMPION), change)

    def propose(state: State) -> _Step | None:
        is_written_down = state.champion is not None
        return None if is_written_down else _naming(Action.PROMOTE, CHAMPION)(state)

    _append(store, change, propose)


def _append(
    store: RegistryStore, change: Change, propose: Callable[[State], _Step | None]
) -> State:
    while True:
        state = fold(store.entries())
        step = propose(state)
        if step is None:
            return state
        entry, changed = _next(store, state, change, step)
        if store.append(entry):
            return changed


def _next(store: RegistryStore, state: State, change: Change, step: _Step) -> tuple[Entry, State]:
    """Return the entry that would follow and what it leads to, or refuse."""
    entry = Entry(
        number=state.number + 1,
        action=step.action,
        kind=step.kind,
        version=step.version,
        sha256=step.sha256,
        at=change.at,
        by=change.by,
        reason=change.reason,
    )
    if state.champion is None and entry.action is not Action.PROMOTE:
        # The log does not say so yet, but the shipped champion is one: it is not to be retired.
        apply(replace(state, champion=CHAMPION), entry)
    changed = apply(state, entry)
    if entry.action in _TAKING_INTO_USE:
        model = registered_model(store, changed, entry.version)
        if changed.champion == entry.version and model.uses_lender_fields:
            raise ChangeRefused(
                f"cannot promote {entry.version}: it uses the lender's own fields (rate, grade, "
                "instalment), which follow from what the lender thought of the risk; it may only "
                "challenge"
            )
    return entry, changed
