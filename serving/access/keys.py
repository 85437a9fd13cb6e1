"""API keys: their form, how they are hashed, and the two ways to make one.

A key is ``crm_`` + 8 characters that name it + ``_`` + 43 characters of secret (256 random bits).
The secret is shown once, when the key is made. Stored is its HMAC-SHA256 under the server's pepper.
The pepper is not in the database, so neither the database nor the pepper alone is of use.
"""

import contextlib
import fcntl
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from lakehouse.errors import SettingsInvalid
from lakehouse.security.api_keys import StoredKey, list_keys, store_key
from lakehouse.settings.settings import Settings

log = structlog.get_logger()

KEY_FORM: Final = re.compile(rb"crm_([a-z2-7]{8})_([A-Za-z0-9_-]{43})")
"""The name and the secret of a key."""

DEFAULT_RATE_PER_SECOND: Final = 100.0
DEFAULT_BURST: Final = 200

_PREFIX_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PREFIX_LENGTH: Final = 8
_SECRET_BYTES: Final = 32
_SHORTEST_PEPPER: Final = 32


class Scope(StrEnum):
    """What a key may be good for; `ADMIN` is good for everything."""

    SCORE = "score"
    READ_DECISIONS = "decisions:read"
    READ_MODELS = "models:read"
    READ_METRICS = "metrics:read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a key is good for, how often and until when."""

    name: str
    scopes: Sequence[Scope]
    expires_at: datetime | None = None
    rate_per_second: float = DEFAULT_RATE_PER_SECOND
    burst: int = DEFAULT_BURST


_FIRST: Final = Terms(
    name="first key of this home",
    scopes=list(Scope),
    rate_per_second=10_000.0,
    burst=20_000,
)


def digest_of(secret: bytes, pepper: bytes) -> bytes:
    """Return what is stored of a secret."""
    return hmac.digest(pepper, secret, "sha256")


def create_key(dsn: str, pepper: bytes, terms: Terms, *, at: datetime, by: str) -> str:
    """Make a key, keep what must be kept of it, and return its text, which is nowhere else.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    prefix, secret = _mint()
    key = StoredKey(
        prefix=prefix,
        digest=digest_of(secret.encode(), pepper),
        name=terms.name,
        scopes=tuple(sorted(set(terms.scopes))),
        rate_per_second=terms.rate_per_second,
        burst=terms.burst,
        created_at=at,
        created_by=by,
        expires_at=terms.expires_at,
    )
    store_key(dsn, key)
    return _text_of(prefix, secret)


def ensure_first_key(settings: Settings, dsn: str, *, at: datetime) -> Path:
    """Make a key with every scope if the embedded silver never had one, and return its path.

    A Postgres of the operator's own gets no key automatically. Processes that start at once make
    one key; a revoked one is not replaced.

    Raises
    ------
    Unavailable, Denied, SchemaDiffers
        Silver does not answer, or is not what this code expects.
    """
    path = settings.home / "api-key"
    if not settings.is_silver_embedded:
        return path
    pepper = load_pepper(settings)
    with _alone(settings.home / "api-key.lock"):
        if not list_keys(dsn):
            text = create_key(dsn, pepper, _FIRST, at=at, by="serving")
            path.unlink(missing_ok=True)
            _write_new(path, text)
            log.info("api_key_created", path=str(path))
    return path


def load_pepper(settings: Settings) -> bytes:
    """Return the pepper of the settings, or of this home; make one if there is none.

    Raises
    ------
    SettingsInvalid
        The file is cut short, or others than its owner may read it.
    """
    if settings.api_pepper:
        return settings.api_pepper.get_secret_value().encode()
    path = settings.home / "api-pepper"
    if not path.exists():
        settings.home.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            _write_new(path, secrets.token_urlsafe(_SECRET_BYTES))
    if path.stat().st_mode & 0o077:
        raise SettingsInvalid(
            f"{path} keys the hashes of the API keys, and others may read it; run `chmod 600 "
            f"{path}`, or set RISK_API_PEPPER_FILE"
        )
    pepper = path.read_bytes().strip()
    if len(pepper) < _SHORTEST_PEPPER:
        raise SettingsInvalid(
            f"{path} holds fewer than {_SHORTEST_PEPPER} characters; put the file back as it was, "
            "or remove it and make every API key anew"
        )
    return pepper


def _mint() -> tuple[str, str]:
    prefix = "".join(secrets.choice(_PREFIX_LETTERS) for _ in range(_PREFIX_LENGTH))
    return prefix, secrets.token_urlsafe(_SECRET_BYTES)


def _text_of(prefix: str, secret: str) -> str:
    return f"crm_{prefix}_{secret}"


def _write_new(path: Path, text: str) -> None:
    # Complete from the moment it has its name, and readable by nobody else at any moment.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    finally:
        draft.unlink()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
