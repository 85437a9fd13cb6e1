"""Match a header's columns to the contract's fields, and name the fields that are missing."""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lakehouse.errors import SettingsInvalid
from risk.contract.application import LoanApplication
from risk.ingest.listing import LISTING_NAMES


@dataclass(frozen=True, slots=True)
class Needs:
    """What a use needs of a file.

    Attributes
    ----------
    columns
        Groups of columns; a file must have one of each.
    is_scored
        Its applications are scored. Where only what became of the loans is read, a rate that may
        be a fraction is no reason to refuse the file.
    """

    columns: tuple[tuple[str, ...], ...] = ()
    is_scored: bool = True


ANYTHING: Final = Needs()
APPLICATIONS: Final = Needs(
    (("loan_amnt",), ("annual_inc", "annual_inc_joint"), ("issue_d", "event_time"))
)
OUTCOMES: Final = Needs((("loan_status",),), is_scored=False)
MONTHS: Final = Needs(is_scored=False)
LOANS: Final = Needs((*APPLICATIONS.columns, ("term",), *OUTCOMES.columns))

_BOOKS: Final = ("loan_status", "last_pymnt_d", "last_credit_pull_d", "recoveries")
_FIELDS: Final = {name.casefold(): name for name in (*LoanApplication.__struct_fields__, *_BOOKS)}
_LISTING: Final = {name.casefold(): field for name, field in LISTING_NAMES.items()}
_LEAST_LIKE: Final = 0.6


def known_in(cells: Sequence[str]) -> int:
    """Return how many of these are names of fields, in any case, with spaces for underscores."""
    return len({_field(cell) for cell in cells} - {None})


def column_names(cells: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the JSON name of each column: the contract's where it is one of its fields.

    A column without a name is called ``Unnamed: N``, and the second of two that nobody reads
    ``name.1``, as pandas calls them.

    Raises
    ------
    SettingsInvalid
        Two columns are the same field.
    """
    plain = {*map(_plain, cells)}
    names: list[str] = []
    seen: Counter[str] = Counter()
    for place, cell in enumerate(cells):
        field = _field(cell)
        # The listing's name gives way to the field's own.
        if field is not None and _plain(cell) not in _FIELDS and field in plain:
            field = None
        name = field or cell.strip() or f"Unnamed: {place}"
        if name in seen and field is not None:
            raise SettingsInvalid(
                f"{path}: the header names {name!r} twice; expected each column once"
            )
        names.append(f"{name}.{seen[name]}" if name in seen else name)
        seen[name] += 1
    return tuple(names)


def counts_in_months(cells: Sequence[str]) -> bool:
    """Say whether the header is a listing's, which counts employment in months."""
    folded = {cell.strip().casefold() for cell in cells}
    return "emplength" in folded and "emp_length" not in folded


def require(needs: Needs, names: Sequence[str], path: Path) -> None:
    """Check that a header has what is needed of it.

    Raises
    ------
    SettingsInvalid
        Names all that lack at once, each with the nearest names found.
    """
    lacking = [group for group in needs.columns if not set(group) & set(names)]
    if not lacking:
        return
    said = [f"{' or '.join(group)}{_nearest(group, names)}" for group in lacking]
    raise SettingsInvalid(
        f"{path}: the header lacks {len(lacking)} of the columns that are needed: "
        f"{'; '.join(said)}. Rename the columns as LendingClub's files name them (docs/files.md)"
    )


def _nearest(group: Sequence[str], names: Sequence[str]) -> str:
    folded = {_folded(name): name for name in names}
    near = [
        folded[match]
        for field in group
        for match in difflib.get_close_matches(_folded(field), folded, n=2, cutoff=_LEAST_LIKE)
    ]
    return f" (nearest found: {', '.join(dict.fromkeys(near))})" if near else ""


def _folded(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _field(cell: str) -> str | None:
    return _FIELDS.get(_plain(cell)) or _LISTING.get(cell.strip().casefold())


def _plain(cell: str) -> str:
    """Return a heading as a field would be named: ``Loan Amnt`` is ``loan_amnt``."""
    return "_".join(cell.casefold().replace("-", " ").split())
