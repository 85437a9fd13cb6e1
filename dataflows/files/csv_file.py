"""Tables as text: LendingClub's files, as Kaggle, pandas, R, Excel and Spark write them too."""

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from dataflows.files.columns import column_names, counts_in_months, known_in
from dataflows.files.forms import DELIMITERS, FileForms
from dataflows.files.lines import Bytes, FileDamaged, lines, up_to_damage
from dataflows.files.reading import SAMPLE_ROWS
from dataflows.files.remarks import Remark, not_a_record, ragged_row
from lakehouse.errors import SettingsInvalid

LINES_BEFORE_HEADER: Final = 20
KNOWN_NAMES: Final = 2
BOM: Final = "\ufeff"
REMARKS: Final = ("Notes offered", "Total amount funded", "Loans that do not meet")

Encode = Callable[[Sequence[str], int], bytes]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table's header is, and how its lines are taken apart.

    Attributes
    ----------
    cells
        The header as it is written.
    names
        The JSON names of its columns.
    next_line
        The number of the line after the header.
    delimiter, encoding
        Between two cells, and of the letters.
    in_months
        Employment is counted in months, as LendingClub's listing does.
    has_row_names
        Each row begins with a name of its own, which the header lacks (R's ``write.table``).
    """

    cells: tuple[str, ...]
    names: tuple[str, ...]
    next_line: int
    delimiter: str
    encoding: str
    in_months: bool
    has_row_names: bool = False

    def in_words(self, compression: str | None) -> str:
        """Say how the file is read."""
        sign = next((name for name, sign in DELIMITERS.items() if sign == self.delimiter), "?")
        return f"a table, cells parted by {sign}, {self.encoding}" + (
            f", in {compression}" if compression else ""
        )


def encoding_of(head: bytes, forms: FileForms) -> str:
    """Return ``utf-8``, ``utf-16`` or ``cp1252``, as the first bytes of a text show it."""
    if forms.encoding is not None:
        return forms.encoding
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # The last character may be cut.
    for cut in range(4):
        try:
            head[: len(head) - cut].decode()
        except UnicodeDecodeError:
            continue
        return "utf-8"
    return "cp1252"


def find_layout(source: Bytes, encoding: str, forms: FileForms) -> Layout:
    """Find the header among the first lines, and the delimiter by which it is one.

    It is the first line that holds at least two names of fields; lines before it (``Notes offered
    by Prospectus ...``) are no records.

    Raises
    ------
    SettingsInvalid
        No such line, or a field stands there twice.
    """
    delimiters = [forms.delimiter] if forms.delimiter else [*DELIMITERS.values()]
    first = ""
    for number, line in enumerate(islice(lines(source), LINES_BEFORE_HEADER)):
        text = _decoded(line).removeprefix(BOM).rstrip("\r")
        first = first or text
        found = [(cells, sign) for sign in delimiters if (cells := _cells(text, sign))]
        cells, delimiter = max(found, key=lambda each: known_in(each[0]), default=([], ","))
        if known_in(cells) < KNOWN_NAMES:
            continue
        return Layout(
            cells=tuple(cells),
            names=column_names(cells, source.path),
            next_line=number + 1,
            delimiter=delimiter,
            encoding=encoding,
            in_months=counts_in_months(cells),
        )
    raise SettingsInvalid(
        f"{source.path}: no header within the first {LINES_BEFORE_HEADER} lines; expected column "
        "names such as id,loan_amnt,term,int_rate, "
        + (f"found a first line of {len(first)} letters" if first else "found an empty file")
        + ". Where the columns have other names, rename them (docs/files.md)"
    )


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return []


def _decoded(line: bytes) -> str:
    """Return a line's letters: what is no UTF-8 was written on Windows, in that line at least."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


class _Lines:
    """Pass lines to the CSV parser, and remember those of the current record."""

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
        return _decoded(line) + "\n"

    @property
    def number(self) -> int:
        """The number of the line taken last."""
        return self._next_number - 1

    def keep(self, count: int) -> None:
        """Give all lines but so many back: they are no part of the present record."""
        self._again.extendleft(reversed(self.taken[count:]))
        self._next_number -= len(self.taken) - count
        del self.taken[count:]


def records(
    source: Bytes, layout: Layout, encode: Encode, start: int
) -> Iterator[tuple[int, bytes, Remark | None]]:
    """Yield offset, bytes and, for what is no loan, why not, for each record.

    The offset is the number of the line on which the record ends: for it may span lines within
    quotes, and the line after it is then always the start of the next one. What is no loan is
    handed over as it stands. A quote that is never closed costs its own line, not the rest of the
    file. Blank lines are none.
    """
    for number, cells, line, remark in _rows(source, layout, start):
        if remark is None:
            yield number, encode(cells, number), None
        else:
            yield number, line.rstrip(b"\r"), remark


def sample_of(source: Bytes, layout: Layout) -> tuple[Layout, list[Sequence[str]]]:
    """Return the cells of the first rows, and the layout with what they show of it."""
    first = islice(up_to_damage(_rows(source, layout, 0, keep_ragged=True)), SAMPLE_ROWS)
    width = len(layout.names)
    rows = [(cells, remark) for _, cells, _, remark in first]
    ragged = [cells for cells, remark in rows if remark is not None and len(cells) == width + 1]
    good = [cells for cells, remark in rows if remark is None]
    if ragged and not good and all(cells[0].strip() for cells in ragged):
        return replace(layout, has_row_names=True), [cells[1:] for cells in ragged]
    return layout, list(good)


def _rows(
    source: Bytes, layout: Layout, start: int, *, keep_ragged: bool = False
) -> Iterator[tuple[int, Sequence[str], bytes, Remark | None]]:
    """Yield line number, cells, first line and remark of each record.

    `keep_ragged` hands over the cells of a row of another width too.
    """
    begin = max(start, layout.next_line)
    taken = _Lines(lines(source, begin), begin)
    plain = csv.reader(taken, delimiter=layout.delimiter)
    # Spark writes \" where others double the quote.
    escaping = csv.reader(taken, delimiter=layout.delimiter, escapechar="\\")
    while True:
        taken.taken.clear()
        cells = _next(plain)
        if cells is None:
            return
        fitting = _fitted(cells, layout)
        if any(b'\\"' in line for line in taken.taken):
            read = len(taken.taken)
            taken.keep(0)
            escaped = _next(escaping) or []
            if fitted := _fitted(escaped, layout):
                fitting = fitted
            elif fitting:
                taken.keep(0)
                for _ in range(read):
                    next(taken)
        if cells and known_in(cells[:2]) and _is_header(cells, layout, source, taken):
            taken.keep(1)
            yield taken.number, (), taken.taken[0], not_a_record("a repeated header")
        elif fitting and any(map(str.strip, fitting[1:])):
            yield taken.number, fitting, taken.taken[0], None
        elif cells:
            taken.keep(1)
            remark = _remark(cells, layout, taken.number)
            yield taken.number, cells if keep_ragged else (), taken.taken[0], remark


def _next(parser: Iterator[list[str]]) -> list[str] | None:
    try:
        return next(parser, None)
    except csv.Error:
        return [""]


def _fitted(cells: list[str], layout: Layout) -> Sequence[str]:
    """Return a row's cells by the header's columns; none where they do not fit.

    A comma too many at the end is no cell; nor lacks one where the header's last has no name.
    """
    width = len(layout.names)
    if layout.has_row_names:
        cells = cells[1:]
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if 1 < len(cells) < width and not any(map(str.strip, layout.cells[len(cells) :])):
        cells = [*cells, *[""] * (width - len(cells))]
    return cells if len(cells) == width else ()


def _is_header(cells: Sequence[str], layout: Layout, source: Bytes, taken: _Lines) -> bool:
    """Say whether a row is the header again, as in files that were joined.

    Raises
    ------
    FileDamaged
        It is another file's header, by which the rows behind it would have to be read.
    """
    if known_in(cells) * 2 <= known_in(layout.cells):
        return False
    if column_names(cells, source.path) != layout.names:
        raise FileDamaged(
            f"{source.path}: line {taken.number + 1} holds a header with other columns than the "
            "first one: two files were joined. The rows before it were read; split the file there, "
            "and read the parts by a pattern"
        )
    return True


def _remark(cells: Sequence[str], layout: Layout, number: int) -> Remark:
    given = [cell for cell in cells if cell.strip()]
    first = cells[0].strip()
    if not given:
        return not_a_record("an empty row")
    is_whole = len(cells) == len(layout.names)
    if len(given) == 1 and first and (is_whole or not first.isdigit()):
        return not_a_record("a remark")
    if first.startswith(REMARKS):
        return not_a_record("a remark")
    return ragged_row(line=number + 1, expected=len(layout.names), found=len(cells))
