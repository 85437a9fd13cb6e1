"""Models, policies and changes with meaning, for the tests of the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lakehouse.registry.changes import Change, promote, register_model
from lakehouse.registry.log import LogEntry
from lakehouse.registry.store import RegistryStore
from risk.models.document import to_json
from risk.models.scorecard import Scorecard
from tests.risk.applications import a_model

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def a_change(reason: str = "the test wants it", by: str = "tester") -> Change:
    return Change(by=by, at=AT, reason=reason)


def an_entry(number: int, action: str, version: str = "a-1", **differing: Any) -> LogEntry:
    """An entry as the log keeps it; a version's checksum is its name, doubled."""
    fields: dict[str, Any] = {
        "number": number,
        "action": action,
        "kind": "model",
        "version": version,
        "sha256": version * 2,
        "at": AT,
        "by": "tester",
        "reason": "why not",
    }
    return msgspec.convert(fields | differing, LogEntry)


def another_model(version: str, base_points: int) -> Scorecard:
    """A model that gives other points than `a_model`."""
    return msgspec.structs.replace(a_model(version), base_points=base_points)


def a_lenders_model(version: str = "lenders-1") -> Scorecard:
    """A model that looks at the rate, which the lender set."""
    model = a_model(version)
    dti, purpose = model.characteristics
    rate = msgspec.structs.replace(dti, feature="rate_pct")
    return msgspec.structs.replace(
        model,
        features=("rate_pct", "purpose"),
        uses_lender_fields=True,
        characteristics=(rate, purpose),
    )


def registered(store: RegistryStore, *versions: str) -> None:
    for version in versions:
        register_model(store, to_json(a_model(version)), a_change())


def promoted(store: RegistryStore, *versions: str) -> None:
    """Register these and promote them, one after the other."""
    for version in versions:
        registered(store, version)
        promote(store, version, a_change())


def object_path(lake: str, *parts: str) -> Path:
    """A file of the registry in a local lake."""
    return Path(lake).joinpath("_registry", *parts)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
