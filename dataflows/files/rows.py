"""Turn a table's row into the JSON object that a producer of events would have sent for it.

A field that the contract knows as a plain number becomes a JSON number if its text is a finite
number; other text stays text, so that the contract refuses it visibly. A word for a missing value
becomes null. Text in a dialect (`` 36 months``, ``13.56%``, ``Nov-08``) stays as it is. Columns
that the contract does not know are kept. The same row always gives the same bytes.
"""

import re
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Final

import msgspec

from dataflows.files.reading import ID_FIELDS, Reading
from risk.features.missing import MISSING_WORDS
from risk.ingest.ids import position_id

_encode: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode

# All spellings: looking a cell up in a set is faster than stripping and folding it.
_MISSING: Final = frozenset(
    "".join(letters)
    for word in (*MISSING_WORDS, " ", "  ")
    for letters in product(*({letter, letter.upper()} for letter in word))
)
_UNKEEPABLE: Final = re.compile("[\\x00\\ud800-\\udfff]")
_NO_ID: Final = (None, "")
_A_WORD: Final = "home_ownership"  # one of its words is NONE


def row_encoder(reading: Reading, digest: str) -> Callable[[Sequence[Any], int], bytes]:
    """Return what turns the cells of one row, and its position, into JSON.

    What no store can hold in a text, NUL and half a surrogate pair, becomes U+FFFD.

    Parameters
    ----------
    digest
        SHA-256 of the file's head, for the ids of rows that have none.
    """
    names = reading.names
    converters = reading.converters
    words = [place for place, name in enumerate(names) if name == _A_WORD]

    def encode(cells: Sequence[Any], position: int) -> bytes:
        values = [None if isinstance(cell, str) and cell in _MISSING else cell for cell in cells]
        for place in words:
            values[place] = cells[place] or None
        for place, convert in converters:
            value = values[place]
            if value is not None:
                values[place] = convert(value)
        row = dict(zip(names, values, strict=True))
        if all(row.get(name) in _NO_ID for name in ID_FIELDS):
            row["id"] = position_id(digest, position)
        try:
            event = _encode(row)
        except UnicodeEncodeError:
            return _encode(_kept(row))
        return _encode(_kept(row)) if b"\\u0000" in event else event

    return encode


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _UNKEEPABLE.sub("\ufffd", value) if isinstance(value, str) else value
        for name, value in row.items()
    }
