"""Secrets among the settings: read from a file if wanted, and refused if weak."""

from pathlib import Path
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from lakehouse.errors import SettingsInvalid

__all__ = ["password_of", "read_secret", "refuse_weak"]

_WEAK: Final = frozenset({"admin", "changeme", "minioadmin", "password", "risk", "root", "secret"})


def read_secret(variable: str, path: str) -> str:
    """Read the secret from the file that `variable` names."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsInvalid(
            f"{variable}: cannot read a secret from {path!r} ({type(exc).__name__})"
        ) from exc


def password_of(dsn: SecretStr) -> str:
    """Return the password in the connection string of silver; empty if libpq finds it elsewhere."""
    try:
        return str(conninfo_to_dict(dsn.get_secret_value()).get("password", ""))
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
