from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.model_findings import ModelFindings
    from ..models.policy_findings import PolicyFindings


T = TypeVar("T", bound="Explanation")


@_attrs_define
class Explanation:
    """One decision explained.

    Attributes:
        policy (PolicyFindings): What the policy in force on the application date says, and each rule that it looked at.
        model (ModelFindings): What the model says: `points` are `base_points` and every contribution's, added up.

            Exactly so of a scorecard; a boosting's points are looked up to the nearest step, a logistic's
            are rounded to two decimals.

            `reasons` are the adverse reasons, the weightiest first; none where the tier is Low.
    """

    policy: PolicyFindings
    model: ModelFindings
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.model_findings import ModelFindings  # noqa: PLC0415
        from ..models.policy_findings import PolicyFindings  # noqa: PLC0415

        policy = self.policy.to_dict()

        model = self.model.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "policy": policy,
                "model": model,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_findings import ModelFindings  # noqa: PLC0415
        from ..models.policy_findings import PolicyFindings  # noqa: PLC0415

        d = dict(src_dict)
        policy = PolicyFindings.from_dict(d.pop("policy"))

        model = ModelFindings.from_dict(d.pop("model"))

        explanation = cls(
            policy=policy,
            model=model,
        )

        explanation.additional_properties = d
        return explanation

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
