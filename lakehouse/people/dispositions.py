"""Decisions that people make about applications; each is recorded in the audit log too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias, get_args

import psycopg
from psycopg.rows import dict_row

from lakehouse.errors import QueryInvalid
from lakehouse.postgres.connection import execute, transact
from lakehouse.postgres.statements import load_sql
from lakehouse.security.audit_chain import append, entry_of

Kind: TypeAlias = Literal["approve", "decline", "refer"]

_REASON = (3, 200)
_LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What a person decided about an application.

    Attributes
    ----------
    tier
        What the policy had said of it.
    expires_on
        The last day on which it stands; None: it stays.
    decided_by
        The account of the pages.

    Raises
    ------
    QueryInvalid
        The kind is not known, the reason is too short or too long, or the note too long.
    """

    application_id: str
    event_id: str
    tier: str
    disposition: Kind
    reason: str
    note: str
    expires_on: date | None
    decided_by: str
    decided_at: datetime

    def __post_init__(self) -> None:
        shortest, longest = _REASON
        if self.disposition not in get_args(Kind):
            raise QueryInvalid(f"a disposition is one of {', '.join(get_args(Kind))}")
        if not shortest <= len(self.reason.strip()) <= longest:
            raise QueryInvalid(
                f"a reason has {shortest} to {longest} characters, found {len(self.reason)}"
            )
        if len(self.note) > _LONGEST_NOTE:
            raise QueryInvalid(
                f"a note has at most {_LONGEST_NOTE:,} characters, found {len(self.note):,}"
            )


@dataclass(frozen=True, slots=True)
class DispositionTally:
    """How often people decided what; standing dispositions only."""

    approved: int
    declined: int
    referred: int
    overridden: int

    @property
    def override_rate(self) -> float | None:
        """Approvals of watchlisted applications among all dispositions; None without any."""
        total = self.approved + self.declined + self.referred
        return self.overridden / total if total else None


def dispose(dsn: str, disposition: Disposition) -> None:
    """Keep a disposition and record it in the audit log, both or neither.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    values = {name: getattr(disposition, name) for name in disposition.__slots__}
    done = entry_of(
        at=disposition.decided_at,
        actor=disposition.decided_by,
        action="application_disposed",
        subject=disposition.event_id,
        details={
            "disposition": disposition.disposition,
            "tier": disposition.tier,
            "expires_on": disposition.expires_on,
        },
    )

    def store(connection: psycopg.Connection) -> None:
        execute(connection, "ui/store_disposition", values)
        append(connection, [done])

    transact(dsn, store)


def dispositions_of(dsn: str, application_id: str) -> Sequence[Disposition]:
    """Return what was decided about an application, newest first."""

    def read(connection: psycopg.Connection) -> list[Disposition]:
        with connection.cursor(binary=True, row_factory=dict_row) as cursor:
            query = load_sql("ui/dispositions_of").encode()
            rows = cursor.execute(query, {"application_id": application_id}).fetchall()
        return [Disposition(**row) for row in rows]

    return transact(dsn, read)


def standing(dsn: str, application_ids: Sequence[str], *, on: date) -> dict[str, Kind]:
    """Return the disposition in force on a day, for those applications that have one."""
    parameters = {"application_ids": list(application_ids), "today": on}
    return transact(
        dsn,
        lambda connection: dict(
            execute(connection, "ui/standing_dispositions", parameters).fetchall()
        ),
    )


def tally(dsn: str, *, on: date) -> DispositionTally:
    """Count the dispositions in force on a day."""
    return transact(
        dsn,
        lambda connection: DispositionTally(
            *execute(connection, "ui/tally_dispositions", {"today": on}).fetchall()[0]
        ),
    )
