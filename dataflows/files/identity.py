"""Identify a file by its path and first bytes, which stay the same while it grows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FIRST_BYTES: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file's name and the beginning of its content, decompressed.

    `str` of it is what the stores keep: ``PATH@LENGTH:SHA256``.
    """

    path: Path
    first: bytes

    @classmethod
    def of(cls, path: Path, head: bytes) -> FileIdentity:
        """Return the identity of the file with this head."""
        return cls(path, head[:FIRST_BYTES])

    def __str__(self) -> str:
        return f"{self.path}@{self._upto(len(self.first))}"

    def begins_as(self, stored: str) -> bool:
        """Say whether the content begins as that of the file that was stored under this name.

        A file that has grown since does. One that is shorter than what was looked at says nothing.
        """
        length = int(stored.rpartition("@")[2].partition(":")[0])
        return len(self.first) < length or self._upto(length) == stored.rpartition("@")[2]

    def _upto(self, length: int) -> str:
        return f"{length}:{hashlib.sha256(self.first[:length]).hexdigest()}"


def name_in(stored: str) -> str:
    """Return the path that is in what the stores keep of a file."""
    return stored.rpartition("@")[0]
