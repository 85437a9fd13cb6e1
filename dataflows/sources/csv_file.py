"""LoanStats CSV files, the public one with its prospectus and footer lines included."""

from __future__ import annotations

import csv
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dataflows.sources.lines import Bytes, lines
from dataflows.sources.rows import CONTRACT_FIELDS, row_encoder
from lakehouse.errors import SettingsInvalid

__all__ = ["Header", "read_header", "records"]

LINES_BEFORE_HEADER: Final = 10
KNOWN_NAMES: Final = 2


@dataclass(frozen=True, slots=True)
class Header:
    """The columns' names, and the number of the line after the header."""

    names: tuple[str, ...]
    next_line: int


def read_header(source: Bytes) -> Header:
    """Find the header among the first lines.

    It is the first line that holds at least two names of the contract; lines before it (``Notes
    offered by Prospectus ...``) are no records.

    Raises
    ------
    SettingsInvalid
        No such line, or a column's name stands there twice.
    """
    for number, line in enumerate(islice(lines(source), LINES_BEFORE_HEADER)):
        try:
            cells = next(csv.reader([line.decode("utf-8-sig", "replace")]), [])
        except csv.Error:
            continue
        names = tuple(cell.strip() for cell in cells)
        if len(CONTRACT_FIELDS.intersection(names)) < KNOWN_NAMES:
            continue
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise SettingsInvalid(
                f"{source.path}: the header names {twice[0]!r} twice; expected each column once"
            )
        return Header(names, number + 1)
    raise SettingsInvalid(
        f"{source.path}: no header within the first {LINES_BEFORE_HEADER} lines; expected UTF-8, "
        "comma-separated, with column names such as id,loan_amnt,term,int_rate"
    )


class _Lines:
    """Hand lines to the CSV parser, remembering what the present record was made of."""

    def __init__(self, source: Iterator[bytes], number: int) -> None:
        self._source = source
        self._again: deque[bytes] = deque()
        self._next_number = number
        self.taken: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.taken.append(line)
        self._next_number += 1
        return (line + b"\n").decode("utf-8", "surrogateescape")

    @property
    def number(self) -> int:
        """The number of the line taken last."""
        return self._next_number - 1

    def keep_first(self) -> None:
        """Give all lines but the first back: they are no part of the present record."""
        self._again.extendleft(reversed(self.taken[1:]))
        self._next_number -= len(self.taken) - 1
        del self.taken[1:]


def records(source: Bytes, header: Header, start: int) -> Iterator[tuple[int, bytes, bool]]:
    """Yield offset, bytes and whether it is foreign (no record) for each record.

    The offset is the number of the line on which the record ends: for it may span lines within
    quotes, and the line after it is then always the start of the next one. Foreign is what has not
    one cell per column, or text in its first cell only (``Total amount funded in policy code 1:
    6417608175``, ``Loans that do not meet the credit policy``); it is handed over as it stands. A
    quote that is never closed costs its own line, not the rest of the file. Blank lines are none.
    """
    names = header.names
    encode = row_encoder(names)
    begin = max(start, header.next_line)
    taken = _Lines(lines(source, begin), begin)
    parser = csv.reader(taken)
    while True:
        taken.taken.clear()
        try:
            cells = next(parser, None)
        except csv.Error:
            cells = [""]
        if cells is None:
            return
        if len(cells) == len(names) and any(cells[1:]):
            yield taken.number, encode(cells), False
        elif cells:
            taken.keep_first()
            yield taken.number, taken.taken[0].rstrip(b"\r"), True
