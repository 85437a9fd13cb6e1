"""Read flat events with known keys straight into columns, by compiled code.

A producer usually writes all its events alike: the same keys in the same order, plain values.
`flat.c` gets these keys, reads each byte once, and creates no Python objects for unused fields.

It reads only events that are certainly sound: one flat object in ASCII without escapes, exactly
these keys in this order, each value within the contract's bounds, and each number with one certain
nearest double. `risk.ingest.decode` reads all others one by one, gives the same values and says
what is wrong. Without compiled code it reads all events that way.
"""

from functools import lru_cache
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.frame.categorical import Coded
from risk.ingest.application_columns import FIELDS, NUMBERS, TEXTS, Applications
from risk.ingest.event_buffer import Packed
from risk.ingest.native.interface import A_NUMBER, WHOLE, FoundFields, Keys, load

FEWEST: Final = 8
"""Below so many events it is not worth the trouble."""

_SAMPLES: Final = 5
_MOST_KEYS: Final = 1_000
_AMOUNT: Final = NUMBERS.index("loan_amnt")

# Text that is not UTF-8 and arrays too deep inside one another come as errors of their own.
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_library = load()
_keys_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode

IS_COMPILED: Final = _library is not None
"""Whether there is compiled code; without, nothing is read here."""


def read_flat(
    raws: Packed, rows: NDArray[np.int64], longest: int
) -> tuple[NDArray[np.int64], Applications] | None:
    """Read the events that have the same form and are certainly sound; None if too few are.

    Parameters
    ----------
    raws
        Events: any bytes.
    rows
        Which of them to look at.
    longest
        How many bytes an event may have, to be read here.

    Returns
    -------
    tuple
        Which of these rows were read, in order, and what they hold.
    """
    if _library is None:
        return None
    sizes = raws.sizes[rows]
    rows = rows[(sizes > 0) & (sizes <= longest)]
    keys = _most_usual(raws, rows)
    if keys is None:
        return None
    found = _library.read(raws.starts[rows], raws.sizes[rows], keys)
    # An event without an amount may be a footer line; reading it alone will tell.
    kept = np.flatnonzero(found.is_read & ~np.isnan(found.numbers[:, _AMOUNT]))
    if len(kept) < FEWEST:
        return None
    objects = _objects(found)
    return rows[kept], Applications(
        np.ascontiguousarray(found.numbers[kept].T),
        np.ascontiguousarray(found.times[kept].T),
        {field: _column(found, kept, slot, objects) for slot, field in enumerate(TEXTS)},
    )


def _most_usual(raws: Packed, rows: NDArray[np.int64]) -> Keys | None:
    """Return the keys that two of some events have, if any two have the same."""
    if len(rows) < FEWEST:
        return None
    seen = set()
    for row in rows[:: len(rows) // _SAMPLES].tolist():
        keys = keys_in(raws[row] or b"")
        if keys and keys in seen:
            return _keys(keys)
        seen.add(keys)
    return None


def keys_in(text: bytes) -> tuple[str, ...]:
    """Return the keys of an object, in order; none of what is no object."""
    try:
        return tuple(_keys_of(text))
    except _UNREADABLE:
        return ()


@lru_cache(maxsize=16)
def _keys(keys: tuple[str, ...]) -> Keys | None:
    """Say what is known of these keys; None if nothing, or if they are too many, or not plain."""
    are_plain = all(key.isascii() and key.isprintable() and not {*key} & {*'"\\'} for key in keys)
    if len(keys) > _MOST_KEYS or not {*FIELDS} & {*keys} or not are_plain:
        return None
    return Keys.of(keys)


def _objects(found: FoundFields) -> NDArray[np.object_]:
    """Return the distinct texts by code; behind them, what the codes below 0 stand for."""
    texts = found.texts.tobytes().decode()  # ASCII: a letter is a byte
    objects = np.full(len(found.text_ends) - 1 - A_NUMBER, None, dtype=object)
    objects[:A_NUMBER] = [texts[start:end] for start, end in pairwise(found.text_ends.tolist())]
    return objects


def _column(
    found: FoundFields, kept: NDArray[np.int64], slot: int, objects: NDArray[np.object_]
) -> Coded:
    codes = found.codes[kept, slot]
    are_numbers = codes == A_NUMBER
    if not are_numbers.any():
        return Coded(codes, objects)
    bits = found.values[kept[are_numbers], slot]
    numbers = bits if TEXTS[slot] in WHOLE else bits.view(np.float64)
    codes[are_numbers] = np.arange(len(numbers)) + len(objects) + A_NUMBER
    texts, others = np.split(objects, [A_NUMBER])
    return Coded(codes, np.concatenate([texts, numbers.astype(object), others]))
