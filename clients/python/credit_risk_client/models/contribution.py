from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="Contribution")


@_attrs_define
class Contribution:
    """What one feature adds to the points.

    Attributes:
        feature (str):
        meaning (str):
        unit (str):
        value (float | None | str): None where missing.
        bin_ (str): The values that are worth the same, in words.
        points (float): Whole of a scorecard; of a boosting, the feature's own effect and half of each pair's; of a
            logistic, its effect.
        reference_points (float): What the feature would be worth if it were neutral, as for the average loan of the
            fit.
        shortfall (float): Points below that; below 0, the feature speaks for the application.
    """

    feature: str
    meaning: str
    unit: str
    value: float | None | str
    bin_: str
    points: float
    reference_points: float
    shortfall: float
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        feature = self.feature

        meaning = self.meaning

        unit = self.unit

        value: float | None | str
        value = self.value

        bin_ = self.bin_

        points = self.points

        reference_points = self.reference_points

        shortfall = self.shortfall

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "feature": feature,
                "meaning": meaning,
                "unit": unit,
                "value": value,
                "bin": bin_,
                "points": points,
                "reference_points": reference_points,
                "shortfall": shortfall,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        feature = d.pop("feature")

        meaning = d.pop("meaning")

        unit = d.pop("unit")

        def _parse_value(data: object) -> float | None | str:
            if data is None:
                return data
            return cast(float | None | str, data)

        value = _parse_value(d.pop("value"))

        bin_ = d.pop("bin")

        points = d.pop("points")

        reference_points = d.pop("reference_points")

        shortfall = d.pop("shortfall")

        contribution = cls(
            feature=feature,
            meaning=meaning,
            unit=unit,
            value=value,
            bin_=bin_,
            points=points,
            reference_points=reference_points,
            shortfall=shortfall,
        )

        contribution.additional_properties = d
        return contribution

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
