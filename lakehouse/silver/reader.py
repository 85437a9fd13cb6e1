"""Read stored decisions by id; this module writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lakehouse.postgres.pool import Pool

CONNECTIONS: Final = 4
"""At most so many reads at a time; more wait for their turn."""

MOST_DECISIONS: Final = 100
"""The most decisions of one application that are read, newest first."""

_FIRST_SPAN: Final = timedelta(minutes=1)
_LONGEST_ID: Final = 256


@dataclass(frozen=True, slots=True)
class PageEnd:
    """Where a page of decisions ended: the instant and the id of its last one."""

    at: datetime
    event_id: str


class DecisionReader:
    """Read decisions by id; from any thread.

    Parameters
    ----------
    dsn
        Silver's. It need not answer yet, because every read connects again.
    """

    def __init__(self, dsn: str) -> None:
        options = "-c default_transaction_read_only=on"
        self._pool = Pool(dsn, name="risk-api", size=CONNECTIONS, options=options)
        self.close = self._pool.close

    def decision(self, event_id: str) -> Mapping[str, Any] | None:
        """Return the decision on an event by its columns; None when there is none."""
        rows = self._read("serving/decision_by_event", {"event_id": event_id}, event_id)
        return rows[0] if rows else None

    def decisions_of(
        self, application_id: str, before: PageEnd | None = None, most: int = MOST_DECISIONS
    ) -> Sequence[Mapping[str, Any]]:
        """Return decisions on an application's events after a place, newest first."""
        parameters = {
            "application_id": application_id,
            "before_at": None if before is None else before.at,
            "before_id": None if before is None else before.event_id,
            "most": most,
        }
        return self._read("serving/decisions_by_application", parameters, application_id)

    def decisions_since(
        self, after: PageEnd, tier: str | None, most: int, *, until: datetime
    ) -> Sequence[Mapping[str, Any]]:
        """Return decisions after a place, oldest first.

        It looks through time in spans, each four times as long as the one before, so no query sorts
        more than necessary.
        """
        rows: list[Mapping[str, Any]] = []
        from_at, span = after.at, _FIRST_SPAN
        while len(rows) < most and from_at < until:
            until_at = min(until, from_at + span)
            parameters = {
                "from_at": from_at,
                "until_at": until_at,
                "after_at": after.at,
                "after_id": after.event_id,
                "tier": tier,
                "most": most - len(rows),
            }
            rows += self._read("serving/decisions_since", parameters, after.event_id)
            from_at, span = until_at, span * 4
        return rows

    def ping(self) -> None:
        """Return when silver answers.

        Raises
        ------
        Unavailable
            It does not within 2 s.
        """
        self._read("serving/ping", {}, "")

    def _read(self, name: str, parameters: dict[str, Any], key: str) -> list[dict[str, Any]]:
        if "\0" in key or len(key) > _LONGEST_ID or not key.isprintable():
            return []  # no event was ever stored under such an id
        return self._pool.execute(name, parameters)
