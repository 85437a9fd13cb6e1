"""Keep the events of a batch end to end in one buffer, for reading and for the archive.

Thousands of separate bytes objects cost more to look up than to parse. Compiled code and Arrow both
want one buffer and the offsets in it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast, overload

import numpy as np
from numpy.typing import NDArray

_PIECE_BYTES: Final = 1 << 20
_TOMBSTONE: Final = -1


@dataclass(frozen=True, slots=True)
class Piece:
    """Some successive events, end to end.

    Attributes
    ----------
    ends
        int64, one more than there are events: where each begins, and where the last one ends.
    """

    body: bytes
    ends: NDArray[np.int64]


class Packed(Sequence[bytes | None]):
    """Events in their order, None for a tombstone; an event is made into an object when asked for.

    Attributes
    ----------
    pieces
        Their bytes, in pieces of about a megabyte. The allocator gives a piece of that size the
        place of a former one. A larger one would get new pages from the system, and those cost
        more than the copy.
    starts
        int64, where in memory each event begins, as long as this lives.
    sizes
        int64, bytes of each event; -1 for a tombstone.
    """

    __slots__ = ("pieces", "sizes", "starts")

    def __init__(
        self, pieces: tuple[Piece, ...], starts: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> None:
        self.pieces = pieces
        self.starts = starts
        self.sizes = sizes

    @classmethod
    def of(cls, events: Sequence[bytes | None]) -> Packed:
        """Copy events into one buffer, end to end, unless they are in one already."""
        if isinstance(events, cls):
            return events
        if None in events:
            sizes = [_TOMBSTONE if event is None else len(event) for event in events]
            return cls._laid_out([event or b"" for event in events], np.array(sizes, np.int64))
        texts = cast("Sequence[bytes]", events)
        return cls._laid_out(texts, np.fromiter(map(len, texts), np.int64, len(texts)))

    @classmethod
    def joined(cls, parts: Sequence[Packed]) -> Packed:
        """Return all events of some, in order, where they are."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            tuple(piece for part in parts for piece in part.pieces),
            np.concatenate([np.zeros(0, np.int64), *(part.starts for part in parts)]),
            np.concatenate([np.zeros(0, np.int64), *(part.sizes for part in parts)]),
        )

    @classmethod
    def _laid_out(cls, texts: Sequence[bytes], sizes: NDArray[np.int64]) -> Packed:
        ends = np.zeros(len(texts) + 1, dtype=np.int64)
        np.cumsum(np.maximum(sizes, 0), out=ends[1:])
        cuts = np.flatnonzero(np.diff(ends[1:] // _PIECE_BYTES)) + 1
        pieces, starts = [], np.empty(len(texts), dtype=np.int64)
        for first, after in pairwise([0, *cuts.tolist(), len(texts)]):
            within = ends[first : after + 1] - ends[first]
            piece = Piece(b"".join(texts[first:after]), within)
            address = ctypes.cast(ctypes.c_char_p(piece.body), ctypes.c_void_p).value or 0
            starts[first:after] = within[:-1] + address
            pieces.append(piece)
        return cls(tuple(pieces), starts, sizes)

    def __len__(self) -> int:
        return len(self.sizes)

    @overload
    def __getitem__(self, place: int) -> bytes | None: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes | None]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes | None] | None:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        size = int(self.sizes[place])
        return None if size == _TOMBSTONE else ctypes.string_at(int(self.starts[place]), size)

    def __iter__(self) -> Iterator[bytes | None]:
        return iter(self[:])
