"""Count each application that was answered, and write it to the audit log after the answer."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import count
from typing import Final, Protocol
from uuid import uuid4

import msgspec
from starlette.types import Scope

from lakehouse.security.audit_chain import AuditEntry
from risk.contract.application import Tier
from serving.decisions.batching import Outcome
from serving.decisions.schemas import Decision, Versions
from serving.http.metrics import DECIDED, REFUSED
from serving.http.problems import Problem, request_id_of

_NOBODY: Final = "-"
_DECIDED: Final = {tier.value: DECIDED.labels(tier.value) for tier in Tier}
_encode: Final = msgspec.json.Encoder().encode


class Log(Protocol):
    """What keeps entries: `serving.audit.log.AuditLog`."""

    @property
    def has_room(self) -> bool:
        """Whether another entry can be taken."""

    def add(self, entries: Iterable[AuditEntry]) -> None:
        """Take entries over; never waits."""


class _Decided(msgspec.Struct, frozen=True, gc=False):
    """What the log keeps of a decision; its keys are sorted, as the log wants them."""

    input_sha256: str
    pd: float
    reasons: list[str]
    request_id: str
    tier: str
    versions: Versions


class _Refused(msgspec.Struct, frozen=True, gc=False):
    """What the log keeps of a refusal, likewise."""

    code: str
    input_sha256: str
    request_id: str
    stage: str


class _Read(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What the log keeps of an answer that handed out stored decisions, likewise."""

    event_ids: list[str] = []
    request_id: str


class AuditTrail:
    """Counts each answered application and adds an entry for it to the audit log.

    Parameters
    ----------
    log
        Takes entries for the auditor without waiting.
    now
        The clock of the command.
    """

    def __init__(self, log: Log, *, now: Callable[[], datetime]) -> None:
        self._log = log
        self._now = now
        # A UUID's first half is random once a process, the rest is counted: no system call each.
        self._process = str(uuid4())[: -len("000000000000")]
        self._numbers = count(1)

    def expect_room(self) -> None:
        """Let a request be answered only if that can be written down.

        Raises
        ------
        Problem
            503 ``audit_unavailable``: neither silver nor the disk has taken entries for long.
        """
        if not self._log.has_room:
            raise Problem(
                503,
                "audit_unavailable",
                "what would be decided could not be written down for the auditor: neither silver "
                "nor the disk takes it; try again when they do",
                headers={"Retry-After": "5"},
            )

    @staticmethod
    def actor(scope: Scope) -> str:
        """Name whose request it is: the prefix of its key."""
        principal = scope.get("principal")
        return _NOBODY if principal is None else str(principal.prefix)

    @staticmethod
    def owner(scope: Scope) -> str:
        """Name whose key it is: the same for all keys of one owner."""
        principal = scope.get("principal")
        return _NOBODY if principal is None else str(principal.name)

    def scored(self, scope: Scope, raws: Sequence[bytes], outcomes: Sequence[Outcome]) -> None:
        """Note the applications of one request, in order, with what became of each."""
        actor, request_id = self.actor(scope), request_id_of(scope)
        self._log.add(
            self._entry(actor, request_id, raw, outcome)
            for raw, outcome in zip(raws, outcomes, strict=True)
        )

    def read(self, scope: Scope, action: str, subject: str, event_ids: Sequence[str] = ()) -> None:
        """Note that stored decisions were handed out: `read`, `explained`, `replayed` or `listed`.

        Parameters
        ----------
        subject
            The id, or the instant, that was asked for.
        event_ids
            Whose decisions were in the answer, where they were several.
        """
        details = _text(_Read(event_ids=list(event_ids), request_id=request_id_of(scope)))
        entry = AuditEntry(
            entry_id=self._next_id(),
            at=self._now(),
            actor=self.actor(scope),
            action=action,
            subject=subject,
            details=details,
        )
        self._log.add([entry])

    def _entry(self, actor: str, request_id: str, raw: bytes, outcome: Outcome) -> AuditEntry:
        sha256 = hashlib.sha256(raw).hexdigest()
        if isinstance(outcome, Decision):
            _DECIDED[outcome.tier].inc()
            return AuditEntry(
                entry_id=self._next_id(),
                at=outcome.decided_at,
                actor=actor,
                action="decided",
                subject=outcome.event_id,
                details=_text(
                    _Decided(
                        input_sha256=sha256,
                        pd=outcome.pd,
                        reasons=[reason.code for reason in outcome.reasons],
                        request_id=request_id,
                        tier=outcome.tier,
                        versions=outcome.versions,
                    )
                ),
            )
        REFUSED.labels(outcome.code.value).inc()
        return AuditEntry(
            entry_id=self._next_id(),
            at=self._now(),
            actor=actor,
            action="refused",
            subject=request_id,
            details=_text(_Refused(outcome.code.value, sha256, request_id, outcome.stage.value)),
        )

    def _next_id(self) -> str:
        return f"{self._process}{next(self._numbers):012x}"


def _text(details: _Decided | _Refused | _Read) -> str:
    return str(_encode(details), "utf-8")
