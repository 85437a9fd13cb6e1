"""``python -m ui`` serves the pages; ``python -m ui users ...`` manages their accounts."""

import argparse
import getpass
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import get_args

from rich.console import Console
from rich.table import Table

from lakehouse.errors import QueryInvalid
from lakehouse.people import accounts
from lakehouse.people.accounts import Role
from lakehouse.postgres.migrate import migrate, require_current
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from lakehouse.terminal import command
from ui.access.accounts import SHORTEST_PASSWORD, hashed
from ui.app import serve


@command
def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what can be expected to fail is one line."""
    options = _parser().parse_args(arguments)
    run: Callable[[Settings, argparse.Namespace], int] = options.run
    return run(Settings.from_env(os.environ), options)


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    serve(settings)
    return 0


def _create(settings: Settings, options: argparse.Namespace) -> int:
    with open_silver(settings) as dsn:
        _ready(settings, dsn)
        accounts.store_account(
            dsn,
            options.name,
            hashed(_password()),
            options.role,
            at=datetime.now(UTC),
            by=getpass.getuser(),
        )
    print(f"{options.name} may sign in as {options.role}")
    return 0


def _change(settings: Settings, options: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    with open_silver(settings) as dsn:
        _ready(settings, dsn)
        accounts.change_account(
            dsn,
            options.name,
            password_hash=hashed(_password()) if options.verb == "password" else None,
            disabled_at=now if options.verb == "disable" else None,
            at=now,
            by=getpass.getuser(),
        )
    print(f"{options.name}: {options.verb} done; its sessions are over")
    return 0


def _list(settings: Settings, _: argparse.Namespace) -> int:
    with open_silver(settings) as dsn:
        _ready(settings, dsn)
        found = accounts.list_accounts(dsn)
    table = Table("name", "role", "made", "state")
    for each in found:
        made = f"{each.created_at:%Y-%m-%d} by {each.created_by}"
        state = "live" if each.disabled_at is None else f"disabled {each.disabled_at:%Y-%m-%d}"
        table.add_row(each.name, each.role, made, state)
    Console().print(table)
    return 0


def _ready(settings: Settings, dsn: str) -> None:
    if settings.is_silver_embedded:
        migrate(dsn)
    require_current(dsn)


def _password() -> str:
    """Read a password twice from a terminal, or once from a pipe."""
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Again: "):
            raise QueryInvalid("the two passwords differ")
    else:
        password = sys.stdin.readline().rstrip("\n")
    if len(password) < SHORTEST_PASSWORD:
        raise QueryInvalid(f"a password has {SHORTEST_PASSWORD} characters or more")
    return password


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ui", description=__doc__)
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(metavar="COMMAND")
    verbs = commands.add_parser("users", help="accounts of the pages").add_subparsers(
        required=True, metavar="VERB", dest="verb"
    )
    creating = verbs.add_parser("create", help="make an account; its password is asked for")
    creating.add_argument("name")
    creating.add_argument("--role", choices=get_args(Role), default="viewer")
    creating.set_defaults(run=_create)
    verbs.add_parser("list", help="every account").set_defaults(run=_list)
    for verb, said in (
        ("password", "give an account another password"),
        ("disable", "let an account open nothing"),
        ("enable", "let it open again"),
    ):
        changing = verbs.add_parser(verb, help=said)
        changing.add_argument("name")
        changing.set_defaults(run=_change)
    return parser


if __name__ == "__main__":
    sys.exit(main())
