"""JSON lines: each line is an event, passed on unchanged."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from dataflows.files.lines import Bytes, lines
from dataflows.files.reading import ID_FIELDS
from dataflows.files.remarks import Remark
from risk.ingest.ids import id_text, position_id


class _Ids(msgspec.Struct):
    id: Any = None
    loan_id: Any = None
    event_id: Any = None


# No JSON, a byte that is no UTF-8, or nested deeper than the parser follows: refused where it is
# decided.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# A fast check; the parser finds what it misses.
_SHOWS_ID: Final = re.compile(rb'"(?:event_|loan_)?id"\s*:\s*(?:"[^"\s]|\d)')

_ids_of = msgspec.json.Decoder(_Ids).decode


def ids_in(head: bytes) -> tuple[int, int]:
    """Return how many events of a file's head have an id of their own, and how many there are."""
    events = [_read(line) for line in head.split(b"\n")]
    read = [event for event in events if event is not None]
    return sum(map(_has_id, read)), len(read)


def records(content: Bytes, digest: str, start: int) -> Iterator[tuple[int, bytes, Remark | None]]:
    """Yield number and bytes of each line; an object without an id gets one.

    Parameters
    ----------
    digest
        SHA-256 of the file's head.
    """
    for number, line in enumerate(lines(content, start), start):
        yield number, line if _SHOWS_ID.search(line) else _with_id(line, digest, number), None


def _with_id(line: bytes, digest: str, number: int) -> bytes:
    event = _read(line)
    if event is None or _has_id(event):
        return line
    try:
        whole = msgspec.json.decode(line, type=dict[str, Any])
    except _UNREADABLE:
        return line
    named = {name: value for name, value in whole.items() if name not in ID_FIELDS}
    return msgspec.json.encode({"id": position_id(digest, number), **named})


def _read(line: bytes) -> _Ids | None:
    try:
        return _ids_of(line)
    except _UNREADABLE:
        return None


def _has_id(event: _Ids) -> bool:
    given = (event.id, event.loan_id, event.event_id)
    return any(id_text(each) for each in given if isinstance(each, int | float | str))
