"""Read an id that pandas, Spark or R turned into a float as the whole number that it was."""

import re
from decimal import Decimal
from typing import Final

from risk.features.missing import is_missing

POSITION_ISSUE: Final = "event_id:from_position"
"""What `issues` says of an application whose id is its place in a file."""

_POSITION: Final = "file-"
_FORM: Final = re.compile(r"file-[0-9a-f]{16}-[0-9]+")
# 9000101.0, and as R and Java write large ones: 9.000101e+06, 9.000101E6.
_FLOAT: Final = re.compile(
    r"\d{1,18}\.0*|\d(?:\.\d{1,17})?e\+\d{1,2}|\d\.\d{1,17}e\d{1,2}", re.ASCII | re.IGNORECASE
)
_MOST: Final = 2**63


def id_text(value: Decimal | float | str | None) -> str | None:
    """Return an id as text, a whole number without its ``.0``; None where there is none."""
    if value is None:
        return None
    text = str(value)
    if text.isdigit():
        return text
    if is_missing(text):
        return None
    if _FLOAT.fullmatch(text):
        number = Decimal(text)
        if number == number.to_integral_value() and number < _MOST:
            return str(int(number))
    return text


def position_id(digest: str, line: int) -> str:
    """Return the id of an application that has none of its own.

    Parameters
    ----------
    digest
        SHA-256 of the head of its file, in hexadecimal.
    line
        Its position in the file.
    """
    return f"{_POSITION}{digest[:16]}-{line}"


def is_of_position(text: str | None) -> bool:
    """Say whether an id was made of a file and a position."""
    return text is not None and text.startswith(_POSITION) and _FORM.fullmatch(text) is not None
