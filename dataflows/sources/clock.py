"""The clock of the stream; no other module of this package reads the time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, in UTC, with its zone."""
    return datetime.now(UTC)


def unix_time() -> float:
    """Return the present instant, seconds since 1970."""
    return utc_now().timestamp()
