"""The registry's commands: ``python -m lakehouse models list | register | promote | ...``."""

import argparse
import getpass
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lakehouse.errors import ArtefactInvalid, SettingsInvalid
from lakehouse.registry import changes
from lakehouse.registry.artefacts import SHIPPED, shipped_document, shipped_versions
from lakehouse.registry.changes import Change
from lakehouse.registry.listing import ListedModel, ListedPolicy, Listing, listing
from lakehouse.registry.log import Kind
from lakehouse.registry.references import REFERENCES
from lakehouse.registry.sql_command import add_model_sql
from lakehouse.registry.store import RegistryStore
from lakehouse.registry.watch import FOLLOW
from lakehouse.settings.settings import Settings

_Clock: TypeAlias = Callable[[], datetime]
_Do: TypeAlias = Callable[[RegistryStore, argparse.Namespace, Change], object]

_STYLES = {"champion": "bold green", "challenger": "cyan", "retired": "dim", "shipped": "dim"}
_COLUMNS = ("version", "part", "kind", "checksum", "registered", "by")


def add_models(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", now: _Clock
) -> None:
    """Add the command ``models`` with its verbs.

    Parameters
    ----------
    now
        The command's clock: the log says when each change was made.
    """
    parser = commands.add_parser("models", help="which models score, and which one decides")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    showing = verbs.add_parser("list", help="every model and policy, and its part")
    showing.add_argument("--json", action="store_true", help="as one JSON object")
    showing.set_defaults(run=_list)

    registering = verbs.add_parser("register", help="keep a model's document for ever")
    registering.add_argument("artefact", metavar="FILE_OR_SHIPPED_VERSION")
    registering.add_argument("--policy", action="store_true", help="it is a policy")
    _add_change(registering, _register, now, needs_reason=False)

    for name, meaning, change in (
        ("promote", "make a registered model the champion", changes.promote),
        ("challenge", "let a registered model score beside the champion", changes.challenge),
        ("retire", "use a model no more, for good", changes.retire),
    ):
        verb = verbs.add_parser(name, help=f"{meaning}; running flows follow within seconds")
        verb.add_argument("version", metavar="VERSION")
        _add_change(verb, _of_a_version(change), now)
    rolling_back = verbs.add_parser("rollback", help="make the champion before champion again")
    _add_change(rolling_back, lambda store, _, change: changes.roll_back(store, change), now)
    add_model_sql(verbs)


def _of_a_version(do: Callable[[RegistryStore, str, Change], object]) -> _Do:
    return lambda store, options, change: do(store, options.version, change)


def _add_change(
    verb: argparse.ArgumentParser, do: _Do, now: _Clock, *, needs_reason: bool = True
) -> None:
    verb.add_argument("--reason", required=needs_reason, default="", help="kept in the log")
    verb.add_argument("--by", help="who makes the change; default: the account's name")
    verb.add_argument("--json", action="store_true", help="what is now in force, as JSON")

    def run(settings: Settings, options: argparse.Namespace) -> int:
        change = Change(by=options.by or own_account(), at=now(), reason=options.reason)
        do(RegistryStore(settings.lake_uri), options, change)
        _show(settings, listing(settings.lake_uri), as_json=options.json)
        return 0

    verb.set_defaults(run=run)


def _list(settings: Settings, options: argparse.Namespace) -> int:
    found = listing(settings.lake_uri)
    _show(settings, found, as_json=options.json, with_table=True)
    return 1 if any(model.refused for model in found.models) else 0


def _register(store: RegistryStore, options: argparse.Namespace, change: Change) -> None:
    if options.policy:
        changes.register_policy(store, _document("policy", options.artefact), change)
    else:
        # Training writes a dossier beside the model's file; it may be gone.
        path = Path(options.artefact).with_suffix(".md")
        dossier = path.read_bytes() if path.is_file() else None
        document = _document("model", options.artefact)
        reference = _reference(options.artefact)
        changes.register_model(store, document, change, dossier=dossier, reference=reference)


def _reference(artefact: str) -> bytes | None:
    """Return the reference that training wrote below a model's file, or that is shipped with it."""
    path = Path(artefact)
    folder = path.parent if path.suffix == ".json" else SHIPPED
    name = path.name if path.suffix == ".json" else f"{artefact}.json"
    reference = folder / REFERENCES / name
    return reference.read_bytes() if reference.is_file() else None


def _document(kind: Kind, artefact: str) -> bytes:
    if artefact in shipped_versions(kind):
        return shipped_document(kind, artefact)
    try:
        return Path(artefact).read_bytes()
    except OSError as exc:
        raise ArtefactInvalid(
            f"cannot read {artefact}: {exc.strerror}; expected a {kind}'s file, or one of the "
            f"shipped {', '.join(shipped_versions(kind))}"
        ) from exc


def own_account() -> str:
    """Name the account that runs this.

    Raises
    ------
    SettingsInvalid
        It has no name.
    """
    try:
        return getpass.getuser()
    except (KeyError, OSError) as exc:
        raise SettingsInvalid("this account has no name: say with --by who you are") from exc


def _show(settings: Settings, found: Listing, *, as_json: bool, with_table: bool = False) -> None:
    if as_json:
        sys.stdout.write(f"{msgspec.json.encode(found).decode()}\n")
        return
    if with_table:
        Console().print(_table(found))
    sys.stdout.write(f"{_in_force(settings, found)}\n")


def _table(found: Listing) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for model in found.models:
        kind = "REFUSED" if model.refused else model.kind or ""
        lenders = ", lender's fields" if model.uses_lender_fields else ""
        _add_row(table, model, model.role, kind + lenders)
    for policy in found.policies:
        _add_row(table, policy, "registered" if policy.registered_at else "shipped", "policy")
    return table


def _add_row(table: Table, one: ListedModel | ListedPolicy, part: str, kind: str) -> None:
    day = "" if one.registered_at is None else f"{one.registered_at:%Y-%m-%d %H:%M}"
    cells = (one.version, part, kind, (one.sha256 or "")[:12], day, one.registered_by or "")
    table.add_row(*map(Text, cells), style=_STYLES.get(part, ""))


def _in_force(settings: Settings, found: Listing) -> str:
    challengers = ", ".join(found.challengers) or "none"
    lines = [f"in force: champion {found.champion}, challengers {challengers}"]
    if settings.model != FOLLOW:
        lines.append(f"RISK_MODEL pins {settings.model} here, whatever the registry says")
    lines += [f"REFUSED {model.refused}" for model in found.models if model.refused]
    return "\n".join(lines)
