"""Read the loan's id and outcome from a LendingClub record."""

from typing import Any

import msgspec

from risk.contract.application import is_readable_id
from risk.ingest.ids import id_text
from risk.ingest.mend import date_text


class Reported(msgspec.Struct, frozen=True, gc=False):
    """The fields of a record that tell how a loan ended, as the record writes them."""

    event_id: int | str | None = None
    id: int | str | None = None
    loan_id: int | str | None = None
    loan_status: str | None = None
    issue_d: str | None = None
    last_pymnt_d: str | None = None
    last_credit_pull_d: str | None = None
    recoveries: Any = None

    @property
    def application_id(self) -> str:
        """The loan's id as `lending_club.clean` names the application; empty without one.

        What the contract refuses as an id is none here either.
        """
        found = id_text(self.id) or id_text(self.loan_id) or id_text(self.event_id) or ""
        return found if is_readable_id(found) else ""


_BEFORE_POLICY = "does not meet the credit policy. status:"
_FINAL = {"fully paid": "Fully Paid", "charged off": "Charged Off"}
_NOTHING = Reported()
# A byte that is no UTF-8; objects or arrays nested deeper than the parser follows.
_BEYOND_READING = (UnicodeDecodeError, RecursionError)
_DATES = ("issue_d", "last_pymnt_d", "last_credit_pull_d")
_decode = msgspec.json.Decoder(Reported).decode
_as_object = msgspec.json.Decoder(dict[str, Any]).decode


def final_status(status: str | None) -> str | None:
    """Return ``Fully Paid`` or ``Charged Off`` for a status that says so; any other as it is.

    Loans from before the credit policy say it behind a sentence of their own.
    """
    if status is None or status in _FINAL.values():
        return status
    words = " ".join(status.split()).casefold().removeprefix(_BEFORE_POLICY).strip()
    return _FINAL.get(words, status)


def is_before_policy(status: str) -> bool:
    """Say whether a status is of a loan that did not meet the credit policy."""
    return " ".join(status.split()).casefold().startswith(_BEFORE_POLICY)


def reported(raw: bytes) -> Reported:
    """Read a record and its final status; an unreadable record reports nothing."""
    try:
        found = _decode(raw)
    except msgspec.DecodeError:
        found = _mended(raw)
    except _BEYOND_READING:
        return _NOTHING
    status = final_status(found.loan_status)
    if status == found.loan_status:
        return found
    return msgspec.structs.replace(found, loan_status=status)


def _mended(raw: bytes) -> Reported:
    """Read a record of pandas', whose ids are floats and whose dates are milliseconds."""
    try:
        record = _as_object(raw)
        names = {name: id_text(record.get(name)) for name in ("event_id", "id", "loan_id")}
        dates = {name: date_text(record.get(name)) for name in _DATES}
        return msgspec.convert(record | names | dates, Reported)
    except (msgspec.DecodeError, *_BEYOND_READING):
        return _NOTHING
