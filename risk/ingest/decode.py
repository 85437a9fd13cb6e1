"""Turn bytes into applications: each event is read, or refused with a code.

The result depends on the bytes and the limits alone. Events of the same form are read together
(`risk.ingest.native.reader`); msgspec reads the others one by one. msgspec accepts repeated keys
and some texts that cannot be kept, so events that may hold them (`risk.ingest.duplicate_keys`) are
examined first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.contract.application import REJECT_CODES, Limits, LoanApplication, Reject, RejectCode
from risk.ingest.application_columns import Applications, of_events, stacked
from risk.ingest.duplicate_keys import FEW, doubtful, is_doubtful
from risk.ingest.envelopes import unwrapped
from risk.ingest.event_buffer import Packed
from risk.ingest.examine import Fault, examine
from risk.ingest.mend import mended
from risk.ingest.native.reader import FEWEST, read_flat

# Longer events are read one by one.
_LONGEST = 32_768
# What is read alone stays near the processor while it becomes columns. Few are searched together:
# memory has to hold them several times over.
_AT_ONCE = 128
_SEARCHED_AT_ONCE = 32

_parse = msgspec.json.Decoder(LoanApplication).decode

_FIELD = re.compile(r"(?P<what>.*) - at `\$\.(?P<path>.*)`", re.DOTALL)
_BOM = b"\xef\xbb\xbf"

# What the parser says about a field, and what we call it; the first that fits.
_FIELD_CODES = (
    ("got `", RejectCode.WRONG_TYPE),
    ("out of range", RejectCode.OUT_OF_RANGE),
    ("of length", RejectCode.UNREADABLE_TEXT),
    ("datetime", RejectCode.WRONG_FORMAT),
    ("Expected", RejectCode.OUT_OF_RANGE),
)

_KINDS_IN_WORDS = {
    "int | str": "a whole number or text",
    "float | str": "a number or text",
    "datetime": 'a time with its zone, such as "2018-03-01T12:00:00Z"',
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
_WORDS = (
    (re.compile(r"`datetime` with a timezone component"), "`datetime`, got one without"),
    (re.compile(r"Invalid RFC3339 encoded datetime"), "Expected `datetime`, got other text"),
    (re.compile(r"`str` of length <= (\d+)"), r"at most \1 letters, found more"),
    (re.compile(r" got "), " found "),
    (
        re.compile(r"`([a-z| ]+?)(?: \| null)?`"),
        lambda match: _KINDS_IN_WORDS.get(match[1], match[1]),
    ),
)

_EMPTY = Fault(RejectCode.EMPTY, "nothing to read; send one JSON object")

# What no lender's system writes as an id: the totals below the public LendingClub files.
_FOOTER = Fault(RejectCode.NOT_A_RECORD, "a footer line of the source file")
_FOOTERS = ("Total amount funded", "Loans that do not meet")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch of events holds.

    Attributes
    ----------
    applications
        Those that could be read, in order, as columns.
    rows
        Their positions in the batch.
    rejects
        The others, in order.
    """

    applications: Applications
    rows: NDArray[np.int64]
    rejects: list[Reject]


def decode(raws: Sequence[bytes | None], *, limits: Limits) -> Decoded:
    """Read a batch of events; None is a tombstone.

    Raises nothing for any bytes: what cannot be read is in `rejects`, by position.
    """
    if limits.envelopes:
        raws = unwrapped(raws, limits.envelopes)
    longest = min(limits.max_bytes, _LONGEST)
    faults: dict[int, Fault] = {}
    parts: list[Applications] = []
    rows: list[NDArray[np.int64]] = []
    left = np.arange(len(raws))
    if len(raws) >= FEWEST and limits.is_native:
        raws = Packed.of(raws)
    # As often as there are producers, or dialects, whose events are alike.
    while isinstance(raws, Packed) and (flat := read_flat(raws, left, longest)) is not None:
        found, applications = flat
        rows.append(found)
        parts.append(applications)
        left = np.setdiff1d(left, found, assume_unique=True)
    for start in range(0, len(left), _AT_ONCE):
        some = {row: raws[row] for row in left[start : start + _AT_ONCE].tolist()}
        alone = _read_alone(_texts(some, limits, faults), limits, faults)
        rows.append(np.fromiter(alone, np.int64, len(alone)))
        parts.append(of_events([*alone.values()]))
    rejects = [_reject(row, faults[row]) for row in sorted(faults)]
    read, applications = np.concatenate([left[:0], *rows]), stacked(parts)
    if len(parts) > 1:
        in_order = np.argsort(read)
        read, applications = read[in_order], applications.take(in_order)
    return Decoded(applications, read, rejects)


def _texts(
    raws: dict[int, bytes | None], limits: Limits, faults: dict[int, Fault]
) -> dict[int, bytes]:
    """Return the events that are text of a fair size; note what the others are."""
    texts: dict[int, bytes] = {}
    for row, raw in raws.items():
        if not raw or len(raw) > limits.max_bytes or not raw.isascii():
            fault = _not_text(raw, limits)
            if fault is not None:
                faults[row] = fault
                continue
        texts[row] = raw or b""
    return texts


def _read_alone(
    texts: dict[int, bytes], limits: Limits, faults: dict[int, Fault]
) -> dict[int, LoanApplication]:
    """Read one event after the other, those closely that may hold what the parser does not see."""
    rows = list(texts)
    for start in range(0, len(rows), _SEARCHED_AT_ONCE):
        some = rows[start : start + _SEARCHED_AT_ONCE]
        found = (
            [is_doubtful(texts[row], limits.max_depth) for row in some]
            if len(some) <= FEW
            else doubtful([texts[row] for row in some], limits.max_depth).tolist()
        )
        for row in compress(some, found):
            if fault := examine(texts[row], limits.max_depth):
                faults[row] = fault
    applications: dict[int, LoanApplication] = {}
    for row, text in texts.items():
        if row not in faults:
            try:
                application = _parse(text)
            except msgspec.DecodeError:
                try:
                    application = mended(text)
                except (msgspec.DecodeError, RecursionError) as exc:
                    faults[row] = _unparsable(text, str(exc))
                    continue
            if application.loan_amnt is None and str(application.id).startswith(_FOOTERS):
                faults[row] = _FOOTER
            else:
                applications[row] = application
    return applications


def _not_text(raw: bytes | None, limits: Limits) -> Fault | None:
    if raw is None:
        return Fault(RejectCode.TOMBSTONE, "no value: a tombstone, not an application")
    if not raw:
        return _EMPTY
    if len(raw) > limits.max_bytes:
        return Fault(
            RejectCode.TOO_LARGE,
            f"{len(raw)} bytes, at most {limits.max_bytes} are read; send the application alone",
        )
    if raw.startswith(_BOM):
        return Fault(RejectCode.ENCODING, "a byte order mark; send UTF-8 without one")
    try:
        raw.decode()
    except UnicodeDecodeError as exc:
        return Fault(
            RejectCode.ENCODING, f"not UTF-8 at byte {exc.start}; send UTF-8 that is not compressed"
        )
    return None


def in_words(message: str) -> str:
    """Return the parser's message on a field in the words of people who send files.

    Examples
    --------
    >>> in_words("Expected `float | null`, got `str`")
    'expected a number, found text'
    """
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return f"{message[0].lower()}{message[1:]}"


def _unparsable(text: bytes, message: str) -> Fault:
    if field := _FIELD.fullmatch(message):
        what = field["what"]
        code = next((code for mark, code in _FIELD_CODES if mark in what), RejectCode.WRONG_FORMAT)
        return Fault(code, f"{field['path']}: {in_words(what)}")
    if message.startswith("Expected `object`"):
        return Fault(RejectCode.NOT_AN_OBJECT, f"{message}; send one JSON object an event")
    if text.isspace():
        return _EMPTY
    if b"\0" in text[:2]:
        return Fault(RejectCode.ENCODING, "UTF-16 or UTF-32; send UTF-8")
    return Fault(RejectCode.MALFORMED_JSON, f"{message}; send one JSON object an event")


def _reject(row: int, fault: Fault) -> Reject:
    stage, _ = REJECT_CODES[fault.code]
    return Reject(row, stage, fault.code, fault.reason)
