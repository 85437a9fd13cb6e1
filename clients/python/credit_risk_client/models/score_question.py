from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast

if TYPE_CHECKING:
    from ..models.loan_application import LoanApplication


T = TypeVar("T", bound="ScoreQuestion")


@_attrs_define
class ScoreQuestion:
    """A question in the old form.

    Attributes:
        event (LoanApplication): A loan application, with the names LendingClub gives its fields.

            Every field may be null or absent, as far as the type goes; cleaning asks for an id (`event_id`,
            `id` or `loan_id`), `event_time` or `issue_d`, `loan_amnt`, and `annual_inc` (or
            `annual_inc_joint` on a joint application). Other fields are allowed; they are archived with the
            event and never read. What happens to a loan after origination is not a field here, so nothing
            that was learnt later can reach a decision.
        reject_if_missing_required (bool | Unset): True if absent.
        persist_to_db (bool | Unset): Stores nothing.
    """

    event: LoanApplication
    reject_if_missing_required: bool | Unset = UNSET
    persist_to_db: bool | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.loan_application import LoanApplication  # noqa: PLC0415

        event = self.event.to_dict()

        reject_if_missing_required = self.reject_if_missing_required

        persist_to_db = self.persist_to_db

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "event": event,
            }
        )
        if reject_if_missing_required is not UNSET:
            field_dict["reject_if_missing_required"] = reject_if_missing_required
        if persist_to_db is not UNSET:
            field_dict["persist_to_db"] = persist_to_db

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.loan_application import LoanApplication  # noqa: PLC0415

        d = dict(src_dict)
        event = LoanApplication.from_dict(d.pop("event"))

        reject_if_missing_required = d.pop("reject_if_missing_required", UNSET)

        persist_to_db = d.pop("persist_to_db", UNSET)

        score_question = cls(
            event=event,
            reject_if_missing_required=reject_if_missing_required,
            persist_to_db=persist_to_db,
        )

        score_question.additional_properties = d
        return score_question

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
