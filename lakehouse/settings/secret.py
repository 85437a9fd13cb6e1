"""Secrets among the settings: never shown, read from a file if wanted, not weak ones."""

from pathlib import Path
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from lakehouse.errors import SettingsInvalid

__all__ = ["Secret", "password_of", "read_secret", "refuse_weak"]

_WEAK: Final = frozenset({"admin", "changeme", "minioadmin", "password", "risk", "root", "secret"})


class Secret:
    """Text that shows itself only when asked, so in no repr, log line or traceback."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the client library that needs it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(***)" if self._text else "Secret()"


def read_secret(variable: str, path: str) -> str:
    """Read the secret from the file that `variable` names."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsInvalid(
            f"{variable}: cannot read a secret from {path!r} ({type(exc).__name__})"
        ) from exc


def password_of(dsn: Secret) -> str:
    """Return the password in the connection string of silver; empty if libpq finds it elsewhere."""
    try:
        return str(conninfo_to_dict(dsn.reveal()).get("password", ""))
    except ProgrammingError:
        # Not `from` it: its message quotes the string.
        raise SettingsInvalid(
            "RISK_SILVER_DSN is neither `embedded` nor a libpq connection string such as "
            "postgresql://USER@HOST:5432/DATABASE (its text is not shown: it may hold a password)"
        ) from None


def refuse_weak(what: str, password: str) -> None:
    """Refuse a password that is known to everybody."""
    if password.lower() in _WEAK:
        raise SettingsInvalid(f"{what} is one of the first that anybody would try; choose another")
