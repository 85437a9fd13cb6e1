"""The locks: whole, hashed, free of addresses, and what pyproject.toml asks for."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

EVERYTHING = "requirements.lock"
RUNTIME = "ops/requirements.lock"
PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)(?: ;[^\\]*)?(?P<hashes>(?: \\\n    --hash=\S+)+)",
    re.MULTILINE,
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _text(lock: str) -> str:
    return (ROOT / lock).read_text(encoding="utf-8")


def _pins(lock: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in PIN.finditer(_text(lock))}


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        (EVERYTHING, [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]),
        (RUNTIME, PROJECT["project"]["dependencies"]),
    ],
)
def test_a_lock_pins_what_the_project_asks_for(lock: str, asked: list[str]) -> None:
    pins = _pins(lock)
    wanted = [Requirement(text) for text in asked]
    unmet = [
        str(one)
        for one in wanted
        if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0"))
    ]
    assert unmet == [], "run `./justw lock`"


@pytest.mark.parametrize("lock", [EVERYTHING, RUNTIME])
def test_a_lock_is_nothing_but_hashed_pins(lock: str) -> None:
    rest = PIN.sub("", _text(lock)).splitlines()
    assert [line for line in rest if line.strip() and not line.lstrip().startswith("#")] == []


def test_the_image_gets_the_versions_that_were_tested() -> None:
    assert _pins(RUNTIME).items() <= _pins(EVERYTHING).items()
