"""The clock of the stream: nothing else in this package asks what time it is."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant, in UTC, with its zone."""
    return datetime.now(UTC)


def unix_time() -> float:
    """Return the present instant, seconds since 1970."""
    return utc_now().timestamp()
