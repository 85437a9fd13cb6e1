"""A table's row as the JSON object which a producer of events would have sent for it.

Fields that the contract knows as plain numbers become JSON numbers where their text reads as a
finite one; text that does not stays text, so that the contract refuses it visibly. What carries a
dialect (`` 36 months``, ``13.56%``, ``Nov-08``) stays verbatim, an empty cell becomes null, and
columns that the contract does not know pass. The same row always gives the same bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from risk.contract.application import LoanApplication

__all__ = ["CONTRACT_FIELDS", "NUMBER_FIELDS", "number_or_text", "row_encoder"]

SAFE_DIGITS: Final = 15
"""Whole numbers up to this many digits are exact as JSON numbers for every reader."""


def _alternatives(kind: msgspec.inspect.Type) -> Iterable[msgspec.inspect.Type]:
    return kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)


def _is_plain_number(kind: msgspec.inspect.Type) -> bool:
    number = (msgspec.inspect.FloatType, msgspec.inspect.IntType)
    return all(
        isinstance(one, (*number, msgspec.inspect.NoneType)) for one in _alternatives(kind)
    ) and any(isinstance(one, number) for one in _alternatives(kind))


def _fields() -> dict[str, msgspec.inspect.Type]:
    described = msgspec.inspect.type_info(LoanApplication)
    if not isinstance(described, msgspec.inspect.StructType):
        raise TypeError(
            "risk.contract.application.LoanApplication is expected to be a msgspec.Struct"
        )
    return {field.encode_name: field.type for field in described.fields}


_KINDS: Final = _fields()
CONTRACT_FIELDS: Final = frozenset(_KINDS)
NUMBER_FIELDS: Final = frozenset(name for name, kind in _KINDS.items() if _is_plain_number(kind))


@lru_cache(maxsize=8_192)
def number_or_text(text: str) -> float | str:
    """Return the finite number that `text` reads as, else `text` itself.

    Examples
    --------
    >>> [number_or_text(text) for text in ("15000.0", "15000", "1e400", "nan", "1_000", "n/a")]
    [15000.0, 15000, '1e400', 'nan', '1_000', 'n/a']
    """
    try:
        number = float(text)
    except ValueError:
        return text
    if not math.isfinite(number) or "_" in text or not text.isascii():
        return text
    return int(text) if text.isdigit() and len(text) <= SAFE_DIGITS else number


_encode: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


def row_encoder(names: Sequence[str]) -> Callable[[Sequence[Any]], bytes]:
    """Return what turns the cells of one row, in the order of `names`, into JSON.

    Bytes of a text that were no UTF-8 (held as lone surrogates, ``surrogateescape``) stand in the
    JSON as they were, so that the decoder refuses them for what they are.
    """
    numbers = [place for place, name in enumerate(names) if name in NUMBER_FIELDS]

    def encode(cells: Sequence[Any]) -> bytes:
        values = [None if cell == "" else cell for cell in cells]
        for place in numbers:
            value = values[place]
            if isinstance(value, str):
                values[place] = number_or_text(value)
        row = dict(zip(names, values, strict=True))
        try:
            return _encode(row)
        except UnicodeEncodeError:
            text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=str)
            return text.encode("utf-8", "surrogateescape")

    return encode
