"""The locks: whole, hashed, free of addresses, and what pyproject.toml asks for."""

import re
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.project.tree import ROOT

EVERYTHING = "requirements.lock"
RUNTIME = "ops/requirements.lock"
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ;[^\\]*)?(?P<hashes>(?: \\\n    --hash=\S+)+)",
    re.MULTILINE,
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE: list[str] = PROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]


def _text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package that a lock names."""
    return {found["name"]: found["version"] for found in PIN.finditer(_text(lock))}


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        (EVERYTHING, [*BASE, *chain(*EXTRAS.values()), *PROJECT["dependency-groups"]["dev"]]),
        (RUNTIME, BASE),
    ],
)
def test_a_lock_pins_what_the_project_asks_for(lock: str, asked: list[str]) -> None:
    versions = pins(lock)
    wanted = [Requirement(text) for text in asked]
    unmet = [
        str(one)
        for one in wanted
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"))
    ]
    assert unmet == [], "run `./justw lock`"


@pytest.mark.parametrize("lock", [EVERYTHING, RUNTIME, "ops/ui.lock", "ops/monitor.lock"])
def test_a_lock_is_nothing_but_hashedpins(lock: str) -> None:
    rest = PIN.sub("", _text(lock)).splitlines()
    assert [line for line in rest if line.strip() and not line.lstrip().startswith("#")] == []


def test_the_image_gets_the_versions_that_were_tested() -> None:
    assert pins(RUNTIME).items() <= pins(EVERYTHING).items()


def test_the_image_goes_without_what_only_other_parts_need() -> None:
    extra = {canonicalize_name(Requirement(text).name) for text in chain(*EXTRAS.values())}
    assert extra & set(pins(RUNTIME)) == set()
