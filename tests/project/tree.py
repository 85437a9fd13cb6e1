"""The files that a clone of the project has."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dataflows", "lakehouse", "risk", "serving", "ui")
GENERATED = "clients"
"""What a generator wrote: no check of style, types or words looks at its code."""


def files(*suffixes: str) -> list[Path]:
    """Return the files that are tracked, or would be; skip where git cannot say."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip(f"not a git clone: {listed.stderr.strip()}", allow_module_level=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.name.endswith(suffixes or ("",))]


def lines(path: Path) -> list[str]:
    """Return a text file's lines; of any other file, none."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def offending(paths: list[Path], is_offence: Callable[[str], object]) -> list[str]:
    """Return `file:line: text` for each line that offends."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}"
        for path in paths
        for number, line in enumerate(lines(path), start=1)
        if is_offence(line)
    ]
