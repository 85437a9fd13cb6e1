"""Examine one event: its nesting, repeated keys, and text that cannot be stored."""

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from risk.contract.application import LoanApplication, RejectCode

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")
_KNOWN = frozenset(LoanApplication.__struct_fields__)

_STEP = np.zeros(256, dtype=np.int32)
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an event is refused, before it has a place in a batch."""

    code: RejectCode
    reason: str


def examine(text: bytes, max_depth: int) -> Fault | None:
    """Find what a parser that fills a struct does not see.

    Parameters
    ----------
    text
        Valid UTF-8. What is not JSON has no hidden fault: the parser says what is wrong with it.
    max_depth
        Objects and arrays inside one another, the event's own object included.

    Returns
    -------
    Fault or None
        `too_deep`, `duplicate_key` or `unreadable_text` (NUL, or half a surrogate pair, anywhere in
        the event, since no store and few tools can hold them); None where there is none of these.
    """
    depth = text.count(b"{") + text.count(b"[")
    if depth > max_depth and (depth := _depth(text)) > max_depth:
        return Fault(
            RejectCode.TOO_DEEP, f"nested {depth} deep, at most {max_depth}; send a flat object"
        )
    try:
        # Numbers are not looked at: a long one would cost time, or be refused by Python.
        tree = json.loads(
            text.decode(), object_pairs_hook=_distinct, parse_int=len, parse_float=len
        )
    except _RepeatedKeyError as exc:
        return Fault(RejectCode.DUPLICATE_KEY, f"{_name(exc.key)} occurs twice; send each key once")
    except ValueError:
        return None
    if isinstance(tree, _Pairs):
        for key, value in tree:
            if _is_unkeepable(key) or _is_unkeepable(value):
                return Fault(
                    RejectCode.UNREADABLE_TEXT,
                    f"{_name(key)}: holds NUL or half a surrogate pair; send readable text",
                )
    return None


class _Pairs(tuple[tuple[str, Any], ...]):
    """An object's members, told apart from an array."""

    __slots__ = ()


class _RepeatedKeyError(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _distinct(pairs: list[tuple[str, Any]]) -> _Pairs:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _RepeatedKeyError(key)
        seen.add(key)
    return _Pairs(pairs)


def _is_unkeepable(value: Any) -> bool:
    if isinstance(value, str):
        return _UNKEEPABLE.search(value) is not None
    return isinstance(value, list | tuple) and any(map(_is_unkeepable, value))


def _name(key: str) -> str:
    # A key that the contract does not know could be anything, an applicant's data included.
    return key if key in _KNOWN else "a field outside the contract"


def _depth(text: bytes) -> int:
    steps = _STEP[np.frombuffer(_STRING.sub(b"", text), dtype=np.uint8)]
    return int(np.cumsum(steps).max(initial=0))
