from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..types import UNSET, Unset
from typing import cast

if TYPE_CHECKING:
    from ..models.decision import Decision
    from ..models.problem_body import ProblemBody


T = TypeVar("T", bound="BatchItem")


@_attrs_define
class BatchItem:
    """The result of one application of a batch: a decision, or a problem.

    Attributes:
        index (int): Its place in the batch, from 0.
        id (None | str): The id that it came with; null if none could be read.
        status (int): The HTTP status that it would have got alone: 200 if decided.
        decision (Decision | Unset): A decision: the model gives the PD and the points, the policy gives the tier.
        problem (ProblemBody | Unset): A problem as it is sent (RFC 9457); `code` and what follows are ours.
    """

    index: int
    id: None | str
    status: int
    decision: Decision | Unset = UNSET
    problem: ProblemBody | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.decision import Decision  # noqa: PLC0415
        from ..models.problem_body import ProblemBody  # noqa: PLC0415

        index = self.index

        id: None | str
        id = self.id

        status = self.status

        decision: dict[str, Any] | Unset = UNSET
        if not isinstance(self.decision, Unset):
            decision = self.decision.to_dict()

        problem: dict[str, Any] | Unset = UNSET
        if not isinstance(self.problem, Unset):
            problem = self.problem.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "index": index,
                "id": id,
                "status": status,
            }
        )
        if decision is not UNSET:
            field_dict["decision"] = decision
        if problem is not UNSET:
            field_dict["problem"] = problem

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.decision import Decision  # noqa: PLC0415
        from ..models.problem_body import ProblemBody  # noqa: PLC0415

        d = dict(src_dict)
        index = d.pop("index")

        def _parse_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        id = _parse_id(d.pop("id"))

        status = d.pop("status")

        _decision = d.pop("decision", UNSET)
        decision: Decision | Unset
        if isinstance(_decision, Unset):
            decision = UNSET
        else:
            decision = Decision.from_dict(_decision)

        _problem = d.pop("problem", UNSET)
        problem: ProblemBody | Unset
        if isinstance(_problem, Unset):
            problem = UNSET
        else:
            problem = ProblemBody.from_dict(_problem)

        batch_item = cls(
            index=index,
            id=id,
            status=status,
            decision=decision,
            problem=problem,
        )

        batch_item.additional_properties = d
        return batch_item

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
