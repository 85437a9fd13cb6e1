"""What a record of LendingClub's books reports of its loan: which it is, and what became of it."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Reported", "reported"]


class Reported(msgspec.Struct, frozen=True, gc=False):
    """The few fields of a record that tell of a loan's fate, as they are written there."""

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
        """The loan's id as `lending_club.clean` names the application; empty without one."""
        names = (self.id, self.loan_id, self.event_id)
        return next(filter(None, (str(name).strip() for name in names if name is not None)), "")


_NOTHING = Reported()
_decode = msgspec.json.Decoder(Reported).decode


def reported(raw: bytes) -> Reported:
    """Read a record; one that cannot be read reports nothing."""
    try:
        return _decode(raw)
    except msgspec.DecodeError:
        return _NOTHING
