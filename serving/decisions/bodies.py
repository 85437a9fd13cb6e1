"""Split a body with many applications into the bytes of each, even if some are malformed."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import msgspec

_OPENING: Final = re.compile(rb'[ \t\r\n]*+\{[ \t\r\n]*+"applications"[ \t\r\n]*+:[ \t\r\n]*+\[')
_CLOSING: Final = re.compile(rb"[ \t\r\n]*+\}[ \t\r\n]*+")
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
# Text between brackets, strings passed over whole; what is in it does not matter here.
_INSIDE: Final = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_SCALAR: Final = re.compile(rb'(?:[^",{}\[\]]++|"(?:[^"\\]++|\\.)*+")++', re.DOTALL)

_MOST_BRACKETS: Final = 20_000
"""Of a body whose applications are told apart; each has a pair, or a few."""

_ids: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_id: Final = msgspec.json.Decoder(int | str)


class _Batch(msgspec.Struct):
    applications: list[msgspec.Raw]


_batch: Final = msgspec.json.Decoder(_Batch)


class MalformedBatch(Exception):
    """The body is not JSON, and not even a list of applications can be told in it."""


def applications_in(body: bytes, most: int) -> Sequence[bytes]:
    """Return each application's bytes, in order; `most` and one more where there are too many.

    One that is not JSON (NaN, a bad number, text that is not UTF-8) is handed on as it is, for the
    judge to refuse, and costs its neighbours nothing.

    Raises
    ------
    MalformedBatch
        Not JSON otherwise.
    msgspec.ValidationError
        JSON, but not ``{"applications": [...]}``.
    """
    try:
        return [bytes(raw) for raw in _batch.decode(body).applications]
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return list(islice(_told_apart(body), most + 1))


def id_in(raw: bytes) -> str | None:
    """Return the id that an application was sent with; None where none can be read."""
    try:
        fields = _ids.decode(raw)
        named = next(fields[name] for name in ("event_id", "id", "loan_id") if name in fields)
        found = str(_id.decode(named))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, StopIteration):
        return None
    return found if found.isprintable() and len(found) <= 256 else None  # noqa: PLR2004


def _told_apart(body: bytes) -> Iterator[bytes]:
    opening = _OPENING.match(body)
    if opening is None or body.count(b"{") + body.count(b"[") > _MOST_BRACKETS:
        raise MalformedBatch
    place, is_more = opening.end(), True
    while is_more:
        start = _after(_BLANK, body, place)
        place = _end_of_value(body, start)
        yield body[start:place]
        place = _after(_BLANK, body, place)
        is_more = body[place : place + 1] == b","
        if not is_more and body[place : place + 1] != b"]":
            raise MalformedBatch
        place += 1
    if not _CLOSING.fullmatch(body, place):
        raise MalformedBatch


def _end_of_value(body: bytes, start: int) -> int:
    if body[start : start + 1] not in (b"{", b"["):
        scalar = _SCALAR.match(body, start)
        if scalar is None:
            raise MalformedBatch
        return start + len(scalar[0].rstrip())
    depth, place = 0, start
    while True:
        place = _after(_INSIDE, body, place)
        bracket = body[place : place + 1]
        if bracket not in (b"{", b"[", b"}", b"]") or not bracket:
            raise MalformedBatch
        depth += 1 if bracket in b"{[" else -1
        place += 1
        if depth == 0:
            return place


def _after(pattern: re.Pattern[bytes], body: bytes, place: int) -> int:
    found = pattern.match(body, place)
    return place if found is None else found.end()
