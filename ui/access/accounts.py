"""Accounts for the login: read every few seconds, passwords checked by argon2."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from lakehouse.people import accounts
from lakehouse.people.accounts import Account

FIRST: Final = "admin"
SHORTEST_PASSWORD: Final = 12
_KEPT_SECONDS: Final = 5.0
_HASHER: Final = PasswordHasher()
# Checked when the name is unknown, so that an answer takes as long as for one that is known.
_DUMMY: Final = _HASHER.hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """Return a password's argon2id text, with a salt of its own."""
    return _HASHER.hash(password)


class Accounts:
    """Looks accounts up; safe to use from several threads."""

    def __init__(self, dsn: str, *, now: Callable[[], datetime]) -> None:
        self._dsn = dsn
        self._now = now
        self._lock = threading.Lock()
        self._known: Mapping[str, Account] = {}
        self._read_at = -_KEPT_SECONDS

    def live(self, name: str) -> Account | None:
        """Return an account that is not disabled; None if there is none."""
        account = self._all().get(name)
        return account if account is not None and account.disabled_at is None else None

    def check(self, name: str, password: str) -> Account | None:
        """Return the account if the password is its own; every attempt is audited."""
        account = self.live(name)
        matches = _matches(account.password_hash if account else _DUMMY, password)
        found = account if matches else None
        accounts.record_sign_in(
            self._dsn,
            account.name if account else "unknown",
            at=self._now(),
            succeeded=found is not None,
        )
        return found

    def _all(self) -> Mapping[str, Account]:
        with self._lock:
            if time.monotonic() - self._read_at > _KEPT_SECONDS:
                found = accounts.list_accounts(self._dsn)
                self._known = {account.name: account for account in found}
                self._read_at = time.monotonic()
            return self._known


def _matches(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password)
    except (Argon2Error, InvalidHashError):
        return False


def ensure_first_account(dsn: str, home: Path, *, at: datetime) -> None:
    """Make the account `admin` where there is none yet, and leave its password in `ui-password`."""
    if accounts.list_accounts(dsn):
        return
    password = secrets.token_urlsafe(18)
    path = home / "ui-password"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(password + "\n", encoding="utf-8")
    accounts.store_account(dsn, FIRST, hashed(password), "admin", at=at, by="first start")
