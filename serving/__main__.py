"""The commands for keys and the audit log: ``python -m serving keys | audit``."""

import argparse
import getpass
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from lakehouse.errors import QueryInvalid
from lakehouse.postgres.migrate import migrate, require_current
from lakehouse.security import api_keys
from lakehouse.security.api_keys import StoredKey
from lakehouse.security.audit_verify import Head, verify
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from lakehouse.terminal import command, write_json
from serving.access.keys import (
    DEFAULT_BURST,
    DEFAULT_RATE_PER_SECOND,
    Scope,
    Terms,
    create_key,
    load_pepper,
)

_BROKEN: Final = 1
_PREFIX: Final = re.compile(r"(?:crm_)?([a-z2-7]{8})(?:_[A-Za-z0-9_-]{43})?")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what can be expected to fail is one line."""
    options = _parser().parse_args(arguments)
    run: Callable[[Settings, argparse.Namespace], int] = options.run
    return run(Settings.from_env(os.environ), options)


def create(settings: Settings, options: argparse.Namespace) -> int:
    """Make a key and show it, this once."""
    now = datetime.now(UTC)
    days: float | None = options.expires_in_days
    terms = Terms(
        name=options.name,
        scopes=[Scope(scope) for scope in options.scope],
        expires_at=None if days is None else now + timedelta(days=days),
        rate_per_second=options.rate,
        burst=options.burst,
    )
    with _silver(settings) as dsn:
        text = create_key(dsn, load_pepper(settings), terms, at=now, by=getpass.getuser())
    if options.json:
        write_json({"key": text, "scopes": terms.scopes, "expires_at": terms.expires_at})
    else:
        print(text)
        print("shown this once; the API knows it within 15 s", file=sys.stderr)
    return 0


def list_all(settings: Settings, options: argparse.Namespace) -> int:
    """Show every key, without what it is hashed to."""
    with _silver(settings) as dsn:
        keys = api_keys.list_keys(dsn)
    now = datetime.now(UTC)
    if options.json:
        write_json([_as_json(key, now) for key in keys])
        return 0
    table = Table("prefix", "name", "scopes", "rate/s", "burst", "made", "expires", "state")
    for key in keys:
        expiry = f"{key.expires_at:%Y-%m-%d}" if key.expires_at else "never"
        made = f"{key.created_at:%Y-%m-%d} by {key.created_by}"
        rate, burst = f"{key.rate_per_second:g}", f"{key.burst}"
        scopes = " ".join(key.scopes)
        table.add_row(key.prefix, key.name, scopes, rate, burst, made, expiry, _state(key, now))
    Console().print(table)
    return 0


def revoke(settings: Settings, options: argparse.Namespace) -> int:
    """End a key for good."""
    named = _PREFIX.fullmatch(options.prefix)
    if named is None:
        raise QueryInvalid("expected the 8 characters that name a key; see `keys list`")
    with _silver(settings) as dsn:
        api_keys.revoke_key(dsn, named[1], at=datetime.now(UTC), by=getpass.getuser())
    if options.json:
        write_json({"revoked": named[1]})
    else:
        print(f"key {named[1]} is revoked; the API refuses it within 60 s")
    return 0


def verify_audit(settings: Settings, options: argparse.Namespace) -> int:
    """Read the whole chain; exit with 1 where it breaks."""
    earlier = None if options.head is None else Head.parse(options.head)
    with open_silver(settings) as dsn:
        require_current(dsn)
        found = verify(dsn, earlier=earlier)
    head = None if found.head is None else str(found.head)
    if options.json:
        write_json({"rows": found.rows, "first_broken": found.first_broken, "head": head})
    else:
        print(f"{found.rows} rows hold, up to {head or 'none: the log is empty'}")
        if found.first_broken is not None:
            print(f"BROKEN at row {found.first_broken}: it is altered or missing")
    return 0 if found.first_broken is None else _BROKEN


@contextmanager
def _silver(settings: Settings) -> Iterator[str]:
    with open_silver(settings) as dsn:
        if settings.is_silver_embedded:
            migrate(dsn)
        require_current(dsn)
        yield dsn


def _state(key: StoredKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d} by {key.revoked_by}"
    return "live" if key.is_live(now) else "expired"


def _as_json(key: StoredKey, now: datetime) -> dict[str, Any]:
    shown = {name: getattr(key, name) for name in key.__slots__ if name != "digest"}
    return {**shown, "is_live": key.is_live(now)}


def _name(text: str) -> str:
    if not (text.strip() and text.isprintable() and len(text) <= 100):  # noqa: PLR2004
        raise argparse.ArgumentTypeError("expected 1 to 100 printable characters")
    return text


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1e6:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("expected a number above 0, at most 1,000,000")
    return number


def _one_or_more(text: str) -> int:
    if not 1 <= int(text) <= 1_000_000:  # noqa: PLR2004
        raise argparse.ArgumentTypeError("expected a whole number from 1 to 1,000,000")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    json = argparse.ArgumentParser(add_help=False)
    json.add_argument("--json", action="store_true", help="the answer as JSON")

    verbs = commands.add_parser("keys", help="make, list and revoke API keys").add_subparsers(
        required=True, metavar="VERB"
    )
    creating = verbs.add_parser("create", parents=[json], help="make a key; it is shown once")
    creating.add_argument("--name", required=True, type=_name, help="whose key it is")
    creating.add_argument("--scope", required=True, action="extend", nargs="+", choices=list(Scope))
    creating.add_argument("--expires-in-days", type=_above_zero, metavar="D", help="default: never")
    creating.add_argument(
        "--rate", type=_above_zero, default=DEFAULT_RATE_PER_SECOND, help="requests/s (%(default)g)"
    )
    creating.add_argument(
        "--burst", type=_one_or_more, default=DEFAULT_BURST, help="requests at once (%(default)d)"
    )
    creating.set_defaults(run=create)
    listing = verbs.add_parser("list", parents=[json], help="every key that was ever made")
    listing.set_defaults(run=list_all)
    revoking = verbs.add_parser("revoke", parents=[json], help="end a key for good")
    revoking.add_argument("prefix", metavar="PREFIX")
    revoking.set_defaults(run=revoke)

    verbs = commands.add_parser("audit", help="prove the audit log").add_subparsers(
        required=True, metavar="VERB"
    )
    verifying = verbs.add_parser("verify", parents=[json], help="read the chain from its first row")
    verifying.add_argument(
        "--head", metavar="SEQ:SHA256", help="what an earlier verification printed"
    )
    verifying.set_defaults(run=verify_audit)
    return parser


if __name__ == "__main__":
    sys.exit(main())
