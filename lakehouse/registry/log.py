"""Compute the registry's state from its log: the champion, its challengers, the champion before.

Only the log says which models are in force. Its entries are numbered, written once and never
changed. A `State` is the result of all entries in order. An entry that breaks the rules below can
neither be appended nor read.

::

    register    a version and the checksum of its document, for ever; policies know only this
    promote     a registered model becomes champion
    challenge   a registered model scores beside the champion, and decides nothing
    retire      a model is never used again; not the champion
    roll_back   the champion before becomes champion again
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any, Final, Literal, TypeAlias

import msgspec

from lakehouse.errors import ArtefactInvalid, ChangeRefused

Kind: TypeAlias = Literal["model", "policy"]


class Action(StrEnum):
    """What an entry does."""

    REGISTER = "register"
    PROMOTE = "promote"
    CHALLENGE = "challenge"
    RETIRE = "retire"
    ROLL_BACK = "roll_back"


_WORDS: Final = {
    **{action: action.value for action in Action},
    Action.CHALLENGE: "challenge with",
    Action.ROLL_BACK: "roll back to",
}


class LogEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the log.

    Attributes
    ----------
    number
        1 for the first; no two entries share one, and none is left out.
    sha256
        Checksum of the document that the version names, in hexadecimal.
    """

    number: int
    action: Action
    kind: Kind
    version: str
    sha256: str
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class State:
    """What the entries up to `number` amount to.

    A version is champion, challenger or retired only if it is registered, and only one of them.

    Attributes
    ----------
    champion
        None until a model is promoted: the shipped champion holds.
    challengers
        In the order in which they were appointed.
    models, policies
        Checksum by registered version, in the order of their registration.
    previous
        The champions before, the last of them the next to roll back to.
    """

    number: int = 0
    champion: str | None = None
    challengers: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    previous: tuple[str, ...] = ()

    def registered(self, kind: Kind) -> Mapping[str, str]:
        """Return the checksums of one kind of document by version."""
        return self.models if kind == "model" else self.policies


def fold(entries: Iterable[LogEntry]) -> State:
    """Return what the entries amount to.

    Raises
    ------
    ArtefactInvalid
        One of them contradicts those before it: nobody appended it who kept to the rules.
    """
    try:
        return reduce(apply, entries, State())
    except ChangeRefused as exc:
        raise ArtefactInvalid(f"the registry's log contradicts itself: {exc}") from exc


def apply(state: State, entry: LogEntry) -> State:
    """Return the state after one more entry.

    Raises
    ------
    ChangeRefused
        It contradicts the state; the message names the version and what stands against it.
    """
    version, known = entry.version, state.registered(entry.kind)
    if entry.number != state.number + 1:
        raise ChangeRefused(
            f"entry {entry.number} cannot follow entry {state.number}: the log has a gap; "
            "restore it"
        )
    is_new = entry.action is Action.REGISTER
    against = _against_registering(known, entry) if is_new else _against_using(state, entry)
    reason = next(against, None)
    if reason is not None:
        raise ChangeRefused(f"cannot {_WORDS[entry.action]} {version}: {reason}")
    others = tuple(each for each in state.challengers if each != version)
    changes: dict[str, Any] = {"challengers": others}
    match entry.action:
        case Action.REGISTER:
            grown = {**known, version: entry.sha256}
            changes = {"models" if entry.kind == "model" else "policies": grown}
        case Action.PROMOTE:
            former = () if state.champion is None else (state.champion,)
            changes |= {"champion": version, "previous": (*state.previous, *former)}
        case Action.CHALLENGE:
            changes = {"challengers": (*others, version)}
        case Action.RETIRE:
            changes |= {"retired": (*state.retired, version)}
        case Action.ROLL_BACK:
            changes |= {"champion": version, "previous": state.previous[:-1]}
    return replace(state, number=entry.number, **changes)


def before(state: State) -> str:
    """Return the champion to roll back to.

    Raises
    ------
    ChangeRefused
        There is none.
    """
    if not state.previous:
        raise ChangeRefused(
            f"cannot roll back: {state.champion or 'the shipped champion'} is the first champion, "
            "there is none before it; promote another model"
        )
    return state.previous[-1]


def _against_registering(known: Mapping[str, str], entry: LogEntry) -> Iterator[str]:
    if entry.version in known:
        yield (
            f"{_registered(known, entry)}, and a version never changes; give the other document a "
            "version of its own"
        )


def _against_using(state: State, entry: LogEntry) -> Iterator[str]:
    version, action, known = entry.version, entry.action, state.registered(entry.kind)
    if entry.kind != "model":
        yield "a policy is chosen by RISK_POLICY, the log only registers it"
    if version not in known:
        yield (
            f"it is not registered; registered are {', '.join(known) or 'none'}. Register it "
            f"first: models register {version} (or its file)"
        )
    if known[version] != entry.sha256:
        yield f"{_registered(known, entry)}; restore the log"
    if version in state.retired:
        yield "it is retired for good; register it as a new version"
    if action is Action.ROLL_BACK:
        if version != before(state):
            yield f"the champion before was {before(state)}"
    elif version == state.champion:
        yield "it is the champion already"
    if action is Action.CHALLENGE and version in state.challengers:
        yield "it is a challenger already"


def _registered(known: Mapping[str, str], entry: LogEntry) -> str:
    held, found = known[entry.version][:12], entry.sha256[:12]
    return (
        f"{entry.kind} {entry.version} is registered with the checksum {held}..., found {found}..."
    )
