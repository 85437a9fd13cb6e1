"""Open connections to silver with time limits, and turn its errors into the lakehouse's.

There are three kinds of error. *Transient*: the server is away, busy, full or read-only, or it
chose us as the victim of a deadlock; the whole transaction can be tried again on a new connection.
*Data*: the server refuses these values and always will. Any other error is a mistake in the schema
or in the rights, and stops the caller.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from lakehouse.errors import Denied, SchemaDiffers, Unavailable
from lakehouse.postgres.session import Session
from lakehouse.postgres.statements import load_sql
from lakehouse.retries import Retries

DATA_ERRORS: Final = (
    psycopg.DataError,
    psycopg.IntegrityError,
    pg.ProgramLimitExceeded,
    UnicodeError,
)
"""What one row's values may raise: by the server, or by the client that cannot even encode them."""

_CONNECT_SECONDS: Final = 5
# A writer that was suspended within a transaction holds the claim on its pipeline; the server ends
# its session, so that the next instance need not wait longer than this.
_LIMITS: Final = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
}
_UNLIMITED: Final = dict.fromkeys(_LIMITS, "0")
_UTC: Final = {"timezone": "UTC"}
_NETWORK: Final = {
    "connect_timeout": _CONNECT_SECONDS,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "application_name": "risk",
}
_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 2.0
_TRANSIENT_STATES: Final = frozenset(
    {
        "25006",  # read-only, as a standby is until it is promoted
        "25P03",  # ended for having been idle in a transaction
    }
)
_MAY_NOT: Final = "42501"
_DENIED_CLASSES: Final = ("28", "3D")
_NOT_THERE_CLASS: Final = "42"

T = TypeVar("T")


@dataclass(frozen=True)
class Patience:
    """How long to keep trying while the server is out.

    Attributes
    ----------
    seconds
        From the first attempt to the last.
    is_stopping
        Whether somebody asked the process to end; it then gives up after `stopping_seconds`.
    """

    seconds: float
    is_stopping: Callable[[], bool] = lambda: False
    stopping_seconds: float = 5.0

    def is_over(self, elapsed: float) -> bool:
        """Say whether to give up, `elapsed` seconds after the first attempt."""
        return elapsed >= self.seconds or (self.is_stopping() and elapsed >= self.stopping_seconds)


AT_START: Final = Patience(8.0)
"""What a start waits for: a server that is just coming up, not one that is not there."""


def connect(dsn: str, *, is_limited: bool = True) -> Session[tuple[Any, ...]]:
    """Connect once, with a time limit on everything; what the connection string says wins.

    Parameters
    ----------
    is_limited
        Whether a statement, a lock and an idle transaction have limits.
    """
    told = conninfo_to_dict(dsn)
    limits = _LIMITS if is_limited else _UNLIMITED
    session = " ".join(f"-c {name}={value}" for name, value in (limits | _UTC).items())
    options = f"{session} {told.pop('options', None) or ''}".rstrip()
    parameters: dict[str, Any] = {**_NETWORK, **told, "options": options}
    return Session.connect(make_conninfo("", **parameters))


def transact(
    dsn: str, work: Callable[[psycopg.Connection], T], *, patience: Patience = AT_START
) -> T:
    """Do `work` in one transaction on a connection of its own, persistently.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        As `persistently`.
    """

    def once() -> T:
        with closing(connect(dsn)) as connection, connection.transaction():
            return work(connection)

    return persistently(once, patience=patience)


def execute(
    connection: psycopg.Connection, name: str, parameters: dict[str, Any]
) -> psycopg.Cursor[Any]:
    """Execute a statement of ``sql``; values come in binary, floats to the last bit.

    Its name is that of its folder and file; a name without a folder is one of ``sql/silver``.
    """
    path = name if "/" in name else f"silver/{name}"
    return connection.execute(load_sql(path).encode(), parameters, binary=True)


def persistently(work: Callable[[], T], *, patience: Patience) -> T:
    """Do `work`, again and again while it fails for a reason that passes; it must be idempotent.

    Raises
    ------
    Unavailable
        The reason did not pass in time; the message names the SQLSTATE.
    Denied, SchemaDiffers
        The reason is none that passes.
    """

    def is_over(state: RetryCallState) -> bool:
        return patience.is_over(state.seconds_since_start or 0.0)

    attempts = Retrying(
        retry=retry_if_exception(is_transient),
        wait=wait_random_exponential(multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS),
        stop=is_over,
        before_sleep=_RETRIES,
        reraise=True,
    )
    try:
        return attempts(work)
    except psycopg.Error as exc:
        _give_up(exc)


def is_transient(exc: BaseException) -> bool:
    """Say whether the same work may succeed later on a new connection."""
    if not isinstance(exc, psycopg.Error) or isinstance(exc, DATA_ERRORS):
        return False
    state = exc.sqlstate or ""
    if state.startswith(_DENIED_CLASSES):
        return False
    return state in _TRANSIENT_STATES or isinstance(
        exc, psycopg.OperationalError | psycopg.InterfaceError
    )


def in_plain_words(exc: BaseException) -> str:
    """Describe an error without the values that it may quote: state, name, and what it concerns."""
    if not isinstance(exc, psycopg.Error):
        return type(exc).__name__
    diagnosis = exc.diag
    concerns = diagnosis.constraint_name or diagnosis.column_name
    name = type(exc).__name__
    return f"SQLSTATE {exc.sqlstate or 'none'} {name}" + (f", {concerns}" if concerns else "")


def _first_words(exc: BaseException) -> str:
    """Return the server's first line, which quotes no values where the error is one that passes."""
    return f"{str(exc).strip().partition(chr(10))[0]} ({in_plain_words(exc)})"


_RETRIES: Final = Retries("silver", _first_words)


def _give_up(exc: psycopg.Error) -> NoReturn:
    state, said = exc.sqlstate or "", in_plain_words(exc)
    if state.startswith((_MAY_NOT, *_DENIED_CLASSES)):
        raise Denied(
            f"Postgres (silver) refuses the user of RISK_SILVER_DSN: {said}; grant it what it "
            "needs, or name another user"
        ) from exc
    if state.startswith(_NOT_THERE_CLASS):
        raise SchemaDiffers(
            f"Postgres (silver) does not know what this code asks for: {said}; run `python -m "
            "lakehouse migrate` with the same version of the code"
        ) from exc
    if is_transient(exc):
        # libpq never shows the password.
        raise Unavailable(
            f"Postgres (silver) is not available: {_first_words(exc)}; nothing half-done is "
            "left, start again when the server of RISK_SILVER_DSN answers"
        ) from exc
    raise Unavailable(f"Postgres (silver) failed: {said}; see its log") from exc
