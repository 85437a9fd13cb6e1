"""List the files that a path, a folder or a pattern names, in order."""

import glob
import re
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import SettingsInvalid

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Files:
    """Files in the order of their names, numbers in them by size.

    Attributes
    ----------
    topic
        The absolute folder or pattern; ``None`` for one file, which names itself.
    """

    topic: str | None
    files: tuple[Path, ...]


def files_of(written: str) -> Files:
    """Find the files; hidden ones, those that begin with ``_`` and empty ones are passed over.

    Raises
    ------
    SettingsInvalid
        There is none, or what there is is no file.
    """
    path = Path(written).expanduser()
    try:
        if path.is_file():
            return Files(None, (path.resolve(),))
        if path.is_dir():
            return _several(str(path.resolve()), list(path.resolve().iterdir()))
        if path.exists():
            raise SettingsInvalid(
                f"{path.absolute()}: expected a file, found something that is no regular file"
            )
        if glob.has_magic(written):
            pattern = path.absolute()
            found = Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
            return _several(str(pattern), [*found])
    except OSError as error:
        raise SettingsInvalid(
            f"{path}: expected a readable file, found {error.strerror or error}"
        ) from error
    raise SettingsInvalid(f"{path.absolute()}: expected a file, found nothing")


def _several(topic: str, found: list[Path]) -> Files:
    files = [
        path
        for path in found
        if path.is_file() and not path.name.startswith((".", "_")) and path.stat().st_size
    ]
    if not files:
        raise SettingsInvalid(f"{topic}: expected files, found none that is not empty or hidden")
    return Files(topic, tuple(sorted(files, key=lambda path: _natural(str(path)))))


def _natural(name: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]
