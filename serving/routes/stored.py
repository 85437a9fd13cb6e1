"""Read decisions again, by id and in order; scoring never waits for this."""

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from lakehouse.errors import Unavailable
from lakehouse.silver.reader import CONNECTIONS, DecisionReader, PageEnd
from risk.contract.application import Tier
from risk.decision.judge import Rules
from serving.audit.entries import AuditTrail
from serving.decisions.schemas import (
    ApplicationPage,
    Decision,
    DecisionPage,
    stored_answer,
)
from serving.http.described import described, known_query, parameter
from serving.http.paths import id_from
from serving.http.problems import Problem, bad_query
from serving.http.threads import Threads

PAGE: Final = 100
_MOST_WAITING: Final = 64
_LOOK_BACK: Final = timedelta(days=1)
_ID: Final = {"type": "string", "minLength": 1, "maxLength": 256}
EVENT_ID: Final = parameter("event_id", "path", _ID, "The event's id.")
_APPLICATION_ID: Final = parameter("application_id", "path", _ID, "The application's id.")
_CURSOR: Final = parameter(
    "cursor",
    "query",
    {"type": "string"},
    "The `next` of the page before; leave it out for the first page.",
)
_SINCE: Final = parameter(
    "since",
    "query",
    {"type": "string", "format": "date-time"},
    "Only decisions made at this instant or later, with a zone, such as `2026-03-01T12:00:00Z`. "
    "A day ago if absent; has no effect beside a `cursor`.",
)
_TIER: Final = parameter(
    "tier",
    "query",
    {"type": "string", "enum": [tier.value for tier in Tier]},
    "Only decisions of this tier; send it with every `cursor` too.",
)

T = TypeVar("T")


class Reads:
    """Silver's decisions, read in threads of their own, at most as many as there are connections.

    Scoring never waits for them, and the number of waiting requests is limited.
    """

    def __init__(self, reader: DecisionReader) -> None:
        self._reader = reader
        self._threads = Threads("silver-reads", CONNECTIONS, most_waiting=_MOST_WAITING)

    async def of(self, read: Callable[[DecisionReader], T]) -> T:
        """Return what `read` finds.

        Raises
        ------
        Problem
            503 ``silver_unavailable``: silver does not answer; scoring goes on. 503 ``busy``: too
            many reads wait already.
        """
        try:
            return await self._threads.run(lambda: read(self._reader))
        except Unavailable as exc:
            raise Problem(
                503, "silver_unavailable", str(exc), headers={"Retry-After": "5"}
            ) from exc

    def close(self) -> None:
        """Begin no read any more."""
        self._threads.close()


def stored_routes(
    rules: Callable[[], Rules], reads: Reads, trail: AuditTrail, *, now: Callable[[], datetime]
) -> APIRouter:
    """Return the routes of what silver holds."""
    router = APIRouter(tags=["stored"])

    def answers(rows: Sequence[Any]) -> tuple[Decision, ...]:
        return tuple(stored_answer(row, rules().policy) for row in rows)

    @router.get(
        "/v1/decisions",
        **described(
            "list_decisions",
            "List stored decisions, oldest first",
            DecisionPage,
            parameters=[_SINCE, _TIER, _CURSOR],
        ),
    )
    async def list_decisions(request: Request) -> Response:
        """Return stored decisions since an instant, oldest first, 100 a page.

        To hear of new ones, ask again later with `since` set to the last `decided_at`, and drop
        the event ids that you have already.
        """
        trail.expect_room()
        query = known_query(request, "since", "tier", "cursor")
        tier = _tier_in(query.get("tier"))
        after = _place_in(query.get("cursor"), query.get("since"), now())
        rows = await reads.of(lambda reader: reader.decisions_since(after, tier, PAGE, until=now()))
        trail.read(request.scope, "listed", after.at.isoformat(), _ids_of(rows))
        return answered(DecisionPage(answers(rows), _next(rows)))

    @router.get(
        "/v1/decisions/{event_id:path}",
        **described(
            "read_decision",
            "Read a stored decision",
            Decision,
            parameters=[EVENT_ID],
            also=[404],
        ),
    )
    async def read_decision(request: Request) -> Response:
        """Return the stored decision on an event."""
        trail.expect_room()
        known_query(request)
        event_id = id_from(request.path_params["event_id"])
        row = await reads.of(lambda reader: reader.decision(event_id))
        if row is None:
            raise _not_found("event")
        trail.read(request.scope, "read", row["event_id"])
        return answered(answers([row])[0])

    @router.get(
        "/v1/applications/{application_id:path}",
        **described(
            "read_application",
            "Read all decisions on an application",
            ApplicationPage,
            parameters=[_APPLICATION_ID, _CURSOR],
            also=[404],
        ),
    )
    async def read_application(request: Request) -> Response:
        """Return the stored decisions on an application's events, newest first, 100 a page."""
        trail.expect_room()
        cursor = known_query(request, "cursor").get("cursor")
        before = None if cursor is None else _place_of(cursor)
        application_id = id_from(request.path_params["application_id"])
        rows = await reads.of(lambda reader: reader.decisions_of(application_id, before, PAGE))
        if not rows and before is None:
            raise _not_found("application")
        if rows:
            trail.read(request.scope, "read", application_id, _ids_of(rows))
        return answered(ApplicationPage(application_id, answers(rows), _next(rows)))

    return router


def answered(found: Any) -> Response:
    """Return an answer with applicants' data, which no cache may keep."""
    body = msgspec.json.encode(found)
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


def _ids_of(rows: Sequence[Any]) -> list[str]:
    return [row["event_id"] for row in rows]


def _next(rows: Sequence[Any]) -> str | None:
    if len(rows) < PAGE:
        return None
    place = f"{rows[-1]['decided_at'].isoformat()} {rows[-1]['event_id']}"
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _place_of(cursor: str) -> PageEnd:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, _, event_id = base64.b64decode(padded, b"-_", validate=True).decode().partition(" ")
        return PageEnd(_instant(at), event_id)
    except (ValueError, OverflowError) as exc:
        raise bad_query("cursor", "the `next` of a page before") from exc


def _place_in(cursor: str | None, since: str | None, now: datetime) -> PageEnd:
    if cursor is not None:
        return _place_of(cursor)
    try:
        return PageEnd(now - _LOOK_BACK if since is None else _instant(since), "")
    except (ValueError, OverflowError) as exc:
        raise bad_query("since", "an instant with its zone, as 2026-03-01T12:00:00Z") from exc


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _tier_in(said: str | None) -> Tier | None:
    try:
        return None if said is None else Tier(said)
    except ValueError as exc:
        raise bad_query("tier", f"one of {', '.join(Tier)}") from exc


def _not_found(what: str) -> Problem:
    """Return the problem of an id under which silver holds nothing."""
    return Problem(
        404,
        "not_found",
        f"silver holds no decision under this {what} id; what was scored without being recorded "
        "is not stored, and what the stream has not read yet is not there yet",
    )
