"""Read damaged events by a library that was compiled to watch memory: ``... flat_checked LIBRARY``.

Each event lies in a block of memory of exactly its size, so that one byte read beside it ends the
process. Prints how many events were read, and how many there were.
"""

import ctypes
import random
import sys

import numpy as np

from risk.ingest.native.interface import Keys, Library
from risk.ingest.native.reader import keys_in
from tests.risk.applications import as_bytes

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]


def damaged(chance: random.Random) -> list[bytes]:
    """Return events: whole, cut anywhere, with bytes changed, doubled and left out."""
    whole = [
        as_bytes(id=row, loan_amnt=chance.choice([1, 1e3, 12345.678]), purpose=f"p{row}", x=True)
        for row in range(50)
    ]
    event = whole[0]
    events = [*whole, *(event[:size] for size in range(len(event) + 1))]
    for _ in range(4_000):
        text = bytearray(chance.choice(whole))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(text))
            piece = chance.choice(
                [b"", b'"', b"\\", b"9", b"e", b"-", b".", b",", b"}", b"{", b" "]
            )
            text[place : place + chance.randint(0, 2)] = piece
        events.append(bytes(text[: chance.choice([len(text), chance.randrange(len(text) + 1)])]))
    return events


def main() -> None:
    events = damaged(random.Random(7))
    blocks = [_libc.malloc(len(event)) for event in events]
    for block, event in zip(blocks, events, strict=True):
        ctypes.memmove(block, event, len(event))
    sizes = np.array([*map(len, events)], dtype=np.int64)
    starts = np.array(blocks, dtype=np.int64)
    found = Library(sys.argv[1]).read(starts, sizes, Keys.of(keys_in(events[0])))
    print(np.count_nonzero(found.is_read), len(events))


if __name__ == "__main__":
    main()
