"""Why a line of a file is no application: it is not a loan, or it is a damaged loan."""

from dataclasses import dataclass

from risk.contract.application import RejectCode


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark on a line that is passed on unchanged.

    Attributes
    ----------
    code
        `not_a_record`, or `ragged_row`.
    reason
        For people.
    """

    code: RejectCode
    reason: str


def not_a_record(what: str) -> Remark:
    """Return the remark on a line that is no loan: a footer, a banner, a repeated header."""
    return Remark(RejectCode.NOT_A_RECORD, f"the line is no loan, but {what}")


def ragged_row(*, line: int, expected: int, found: int) -> Remark:
    """Return the remark on a loan whose cells do not fit the header.

    Parameters
    ----------
    line
        Its number in the file, from 1, as an editor shows it.
    expected, found
        Cells of the header, and of the row.
    """
    return Remark(
        RejectCode.RAGGED_ROW,
        f"line {line}: expected {expected} cells as the header has, found {found}; a sign between "
        "cells, or a quote, is missing or stands in a text without quotes around it",
    )
