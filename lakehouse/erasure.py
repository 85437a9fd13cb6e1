"""Erase one applicant from silver, gold, the archive and the quarantine, and record the erasure.

Silver comes first, with the audit row, in one transaction; gold follows. Erasing the same id again
completes an interrupted erasure. The account holds before and after: an erased event counts as
quarantined, and only its offset is known.
"""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import msgspec
import psycopg

from lakehouse.errors import QueryInvalid, Unavailable
from lakehouse.gold import erasure as gold
from lakehouse.postgres.connection import AT_START, transact
from lakehouse.quarantine.following import follow
from lakehouse.security.audit_chain import AuditEntry, append, entry_of
from lakehouse.silver import erasures as silver
from lakehouse.silver.erasures import Erasure, Event
from lakehouse.silver.recoveries import withdraw

_GOLD_WITHIN_SECONDS: Final = 60.0
"""A flow commits the positions of its quiet tables twice as often."""

_LOOK_EVERY_SECONDS: Final = 0.5


class Erased(msgspec.Struct, frozen=True):
    """The result of an erasure; erasing an application again changes nothing."""

    erased_at: datetime
    events: int
    new_in_silver: int
    gold_files: int


def erase(
    silver_dsn: str,
    lake_uri: str,
    application_id: str,
    *,
    reason: str,
    by: str,
    now: datetime,
    wait: Callable[[float], None] = time.sleep,
) -> Erased:
    """Erase an application: its decisions, duplicates, bytes, quarantined events and outcomes.

    Raises
    ------
    QueryInvalid
        Nothing is known of such an application, or no reason is given.
    Unavailable, Denied, SchemaDiffers
        A store does not answer or refuses us; or gold has yet to get events that silver has, so
        that they would come back. Erase again: silver is done.
    """
    if not reason.strip():
        raise QueryInvalid("--reason is empty: say why the application is erased; it is audited")
    in_gold = gold.events_of(lake_uri, application_id, mentions=silver.mentions)
    found_in_gold = {Event(*place): name for place, name in in_gold.items()}

    def in_silver(connection: psycopg.Connection) -> tuple[Erasure, list[Erasure], int]:
        found = found_in_gold | silver.events_of(connection, application_id)
        before = [each for each in silver.erasures(connection) if each.knows(application_id)]
        if not found:
            if not before:
                raise QueryInvalid(
                    "nothing is known of such an application: expected its id as in the column "
                    "application_id of decisions"
                )
            return before[-1], before, 0
        ids = {application_id, *filter(None, found.values())}
        events = set(found).union(*(each.events for each in before if not each.is_complete))
        erasure = Erasure.of(ids, events, now=now)
        withdraw(connection, events)  # what was recovered counts as quarantined again
        changed = silver.erase_events(connection, events, erased_at=now)
        silver.record(connection, erasure, reason=reason)
        append(connection, [_audited(erasure, reason=reason, by=by)])
        return erasure, [*before, erasure], changed

    erasure, recorded, changed = transact(silver_dsn, in_silver, patience=AT_START)
    if erasure.is_complete:
        return Erased(erasure.erased_at, len(erasure.events), 0, 0)
    _wait_for_gold(silver_dsn, lake_uri, erasure, wait)
    # Whoever was about to bring a recovered event to gold comes too late then.
    follow(silver_dsn, lake_uri)
    files = gold.erase_application(
        lake_uri,
        {application_id, *filter(None, found_in_gold.values())},
        erasure.events,
        erased_at=erasure.erased_at,
        erased=silver.ERASED,
    )
    transact(silver_dsn, lambda connection: silver.complete(connection, recorded, now=now))
    return Erased(erasure.erased_at, len(erasure.events), changed, files)


def erased_among(silver_dsn: str, ids: list[str]) -> list[str]:
    """Return those of these application or event ids that were erased.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, refuses us, or is not what this code expects.
    """
    known = transact(silver_dsn, silver.erasures)
    return [each for each in ids if any(erasure.knows(each) for erasure in known)]


def _audited(erasure: Erasure, *, reason: str, by: str) -> AuditEntry:
    return entry_of(
        at=erasure.erased_at,
        actor=by,
        action="erase",
        subject=str(erasure.erasure_id),
        details={
            "reason": reason,
            "events": [f"{topic}/{part}/{off}" for topic, part, off in sorted(erasure.events)],
        },
    )


def _wait_for_gold(
    silver_dsn: str, lake_uri: str, erasure: Erasure, wait: Callable[[float], None]
) -> None:
    """Wait until a running flow has written these events to gold, so that none comes later."""
    pipelines = transact(silver_dsn, silver.readers)
    waited = 0.0
    while behind := gold.lagging(lake_uri, pipelines, erasure.events):
        if waited >= _GOLD_WITHIN_SECONDS:
            tables = ", ".join(f"{table} (offset {off})" for table, off in sorted(behind.items()))
            raise Unavailable(
                f"erased in silver; gold has yet to reach it in {tables}: let the flow run, and "
                "erase the same id again"
            )
        wait(_LOOK_EVERY_SECONDS)
        waited += _LOOK_EVERY_SECONDS
