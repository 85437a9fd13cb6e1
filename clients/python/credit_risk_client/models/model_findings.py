from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.adverse_reason import AdverseReason
    from ..models.contribution import Contribution


T = TypeVar("T", bound="ModelFindings")


@_attrs_define
class ModelFindings:
    """What the model says: `points` are `base_points` and every contribution's, added up.

    Exactly so of a scorecard; a boosting's points are looked up to the nearest step, a logistic's
    are rounded to two decimals.

    `reasons` are the adverse reasons, the weightiest first; none where the tier is Low.

        Attributes:
            version (str):
            sha256 (str):
            base_points (float):
            contributions (list[Contribution]):
            points (float):
            pd (float):
            reasons (list[AdverseReason]):
    """

    version: str
    sha256: str
    base_points: float
    contributions: list[Contribution]
    points: float
    pd: float
    reasons: list[AdverseReason]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.adverse_reason import AdverseReason  # noqa: PLC0415
        from ..models.contribution import Contribution  # noqa: PLC0415

        version = self.version

        sha256 = self.sha256

        base_points = self.base_points

        contributions = []
        for contributions_item_data in self.contributions:
            contributions_item = contributions_item_data.to_dict()
            contributions.append(contributions_item)

        points = self.points

        pd = self.pd

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "sha256": sha256,
                "base_points": base_points,
                "contributions": contributions,
                "points": points,
                "pd": pd,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.adverse_reason import AdverseReason  # noqa: PLC0415
        from ..models.contribution import Contribution  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        sha256 = d.pop("sha256")

        base_points = d.pop("base_points")

        contributions = []
        _contributions = d.pop("contributions")
        for contributions_item_data in _contributions:
            contributions_item = Contribution.from_dict(contributions_item_data)

            contributions.append(contributions_item)

        points = d.pop("points")

        pd = d.pop("pd")

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = AdverseReason.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        model_findings = cls(
            version=version,
            sha256=sha256,
            base_points=base_points,
            contributions=contributions,
            points=points,
            pd=pd,
            reasons=reasons,
        )

        model_findings.additional_properties = d
        return model_findings

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
