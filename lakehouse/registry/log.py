"""What the registry's log amounts to: who is champion, who challenges, who was champion before.

The log is the only truth about models in force: numbered entries, written once, never changed. A
`State` is the fold of its entries, and an entry that the rules below refuse can be neither
appended nor read.

::

    register    a version and the checksum of its document, for ever; policies know only this
    promote     a registered model becomes champion
    challenge   a registered model scores beside the champion, and decides nothing
    retire      a model is never used again; not the champion
    roll_back   the champion before becomes champion again
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Literal, TypeAlias

import msgspec

from lakehouse.errors import ArtefactInvalid, ChangeRefused

__all__ = ["Action", "Entry", "Kind", "State", "apply", "before", "fold"]

Kind: TypeAlias = Literal["model", "policy"]


class Action(StrEnum):
    """What an entry does."""

    REGISTER = "register"
    PROMOTE = "promote"
    CHALLENGE = "challenge"
    RETIRE = "retire"
    ROLL_BACK = "roll_back"


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
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


def fold(entries: Iterable[Entry]) -> State:
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


def apply(state: State, entry: Entry) -> State:
    """Return the state after one more entry.

    Raises
    ------
    ChangeRefused
        It contradicts the state; the message names the version and what stands against it.
    """
    _expect(
        entry.number == state.number + 1,
        f"entry {entry.number} cannot follow entry {state.number}: the log has a gap; restore it",
    )
    if entry.action is Action.REGISTER:
        changed = _register(state, entry)
    else:
        _expect_usable(state, entry)
        changed = _CHANGES[entry.action](state, entry.version)
    return replace(changed, number=entry.number)


def before(state: State) -> str:
    """Return the champion to roll back to.

    Raises
    ------
    ChangeRefused
        There is none.
    """
    _expect(
        bool(state.previous),
        f"cannot roll back: {state.champion or 'the shipped champion'} is the first champion, "
        "there is none before it; promote another model",
    )
    return state.previous[-1]


def _register(state: State, entry: Entry) -> State:
    known = state.registered(entry.kind)
    held = known.get(entry.version)
    _expect(
        held is None,
        f"{entry.kind} {entry.version} is registered with the checksum {str(held)[:12]}..., and a "
        f"version never changes; found {entry.sha256[:12]}...: give the other document a version "
        "of its own",
    )
    grown = {**known, entry.version: entry.sha256}
    if entry.kind == "model":
        return replace(state, models=grown)
    return replace(state, policies=grown)


def _expect_usable(state: State, entry: Entry) -> None:
    _expect(
        entry.kind == "model",
        f"cannot {_words(entry)}: a policy is chosen by RISK_POLICY, the log only registers it",
    )
    _expect(
        entry.version in state.models,
        f"cannot {_words(entry)}: it is not registered; registered are "
        f"{', '.join(state.models) or 'none'}. Register it first: models register "
        f"{entry.version} (or its file)",
    )
    _expect(
        state.models.get(entry.version) == entry.sha256,
        f"cannot {_words(entry)}: it is registered with the checksum "
        f"{state.models.get(entry.version, '')[:12]}..., found {entry.sha256[:12]}...; restore "
        "the log",
    )
    _expect(
        entry.version not in state.retired,
        f"cannot {_words(entry)}: it is retired for good; register it as a new version",
    )


def _promote(state: State, version: str) -> State:
    _expect(version != state.champion, f"cannot promote {version}: it is the champion already")
    former = () if state.champion is None else (state.champion,)
    return replace(
        state,
        champion=version,
        challengers=_without(state.challengers, version),
        previous=(*state.previous, *former),
    )


def _challenge(state: State, version: str) -> State:
    _expect(version != state.champion, f"cannot challenge with {version}: it is the champion")
    _expect(
        version not in state.challengers,
        f"cannot challenge with {version}: it is a challenger already",
    )
    return replace(state, challengers=(*state.challengers, version))


def _retire(state: State, version: str) -> State:
    _expect(
        version != state.champion,
        f"cannot retire {version}: it is the champion; promote another model first",
    )
    return replace(
        state,
        challengers=_without(state.challengers, version),
        retired=(*state.retired, version),
    )


def _roll_back(state: State, version: str) -> State:
    target = before(state)
    _expect(version == target, f"cannot roll back to {version}: the champion before was {target}")
    return replace(
        state,
        champion=version,
        challengers=_without(state.challengers, version),
        previous=state.previous[:-1],
    )


_CHANGES = {
    Action.PROMOTE: _promote,
    Action.CHALLENGE: _challenge,
    Action.RETIRE: _retire,
    Action.ROLL_BACK: _roll_back,
}


def _without(versions: tuple[str, ...], version: str) -> tuple[str, ...]:
    return tuple(each for each in versions if each != version)


def _words(entry: Entry) -> str:
    return {
        Action.CHALLENGE: f"challenge with {entry.version}",
        Action.ROLL_BACK: f"roll back to {entry.version}",
    }.get(entry.action, f"{entry.action.value} {entry.version}")


def _expect(is_so: bool, message: str) -> None:  # noqa: FBT001  (a claim, then its message)
    if not is_so:
        raise ChangeRefused(message)
