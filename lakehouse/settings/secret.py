"""Secrets among the settings: they may be read from a file, and weak ones are refused."""

import json
from pathlib import Path
from typing import Any, Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from lakehouse.errors import SettingsInvalid

_WEAK: Final = frozenset(
    {
        *("123456", "admin", "changeme", "grafana", "minioadmin", "password", "postgres"),
        *("risk", "root", "secret", "seaweedfs"),
    }
)
_SHORTEST: Final = 16


def read_secret(variable: str, path: str) -> str:
    """Read the secret from the file that `variable` names."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsInvalid(
            f"{variable}: cannot read a secret from {path!r} ({type(exc).__name__})"
        ) from exc


def password_of(dsn: SecretStr, *, what: str = "RISK_SILVER_DSN") -> str:
    """Return the password in the connection string of silver; empty if libpq finds it elsewhere."""
    try:
        return str(conninfo_to_dict(dsn.get_secret_value()).get("password", ""))
    except ProgrammingError:
        # Not `from` it: its message quotes the string.
        raise SettingsInvalid(
            f"{what} is neither `embedded` nor a libpq connection string such as "
            "postgresql://USER@HOST:5432/DATABASE (its text is not shown: it may hold a password)"
        ) from None


def refuse_weak(what: str, password: str) -> None:
    """Refuse a password that is known to everybody."""
    if password.lower() in _WEAK:
        raise SettingsInvalid(f"{what} is one of the first that anybody would try; choose another")


def refuse_weak_files(folder: Path) -> int:
    """Refuse a folder of secrets of which one is empty, short or well known; return how many.

    A file is a secret, a connection string, or JSON whose ``secretKey`` are the secrets.

    Raises
    ------
    SettingsInvalid
        The message names the file, never what it holds.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    if not files:
        raise SettingsInvalid(f"{folder} holds no secrets; make them with `sh ops/secrets.sh`")
    for path in files:
        text = read_secret("secrets", str(path))
        for secret in _secrets_in(path, text):
            refuse_weak(str(path), secret)
            if len(secret) < _SHORTEST:
                found = "is empty" if not secret else f"is shorter than {_SHORTEST} characters"
                raise SettingsInvalid(f"{path} {found}; make one with `openssl rand -hex 24`")
    return len(files)


def _secrets_in(path: Path, text: str) -> list[str]:
    if path.suffix == ".json":
        try:
            found = list(_secret_keys(json.loads(text)))
        except ValueError:
            # Not `from` it: its message may quote the text.
            raise SettingsInvalid(f"{path} is not JSON (its text is not shown)") from None
        return found or [""]
    if "://" in text:
        return [password_of(SecretStr(text), what=str(path))]
    return [text]


def _secret_keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [str(inner) for name, inner in value.items() if name == "secretKey"]
        return own + [key for inner in value.values() for key in _secret_keys(inner)]
    if isinstance(value, list):
        return [key for inner in value for key in _secret_keys(inner)]
    return []
