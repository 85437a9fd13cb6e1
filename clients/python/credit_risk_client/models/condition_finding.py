from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.condition_finding_comparison import ConditionFindingComparison
from typing import cast
import datetime


T = TypeVar("T", bound="ConditionFinding")


@_attrs_define
class ConditionFinding:
    """A figure against a limit of the policy; a missing figure does not meet it.

    Attributes:
        name (str):
        label (str):
        column (str):
        unit (str):
        reference (str):
        effective_from (datetime.date):
        comparison (ConditionFindingComparison):
        threshold (float):
        figure (float | None):
        is_met (bool):
        code (str):
    """

    name: str
    label: str
    column: str
    unit: str
    reference: str
    effective_from: datetime.date
    comparison: ConditionFindingComparison
    threshold: float
    figure: float | None
    is_met: bool
    code: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        label = self.label

        column = self.column

        unit = self.unit

        reference = self.reference

        effective_from = self.effective_from.isoformat()

        comparison = self.comparison.value

        threshold = self.threshold

        figure: float | None
        figure = self.figure

        is_met = self.is_met

        code = self.code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "label": label,
                "column": column,
                "unit": unit,
                "reference": reference,
                "effective_from": effective_from,
                "comparison": comparison,
                "threshold": threshold,
                "figure": figure,
                "is_met": is_met,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        label = d.pop("label")

        column = d.pop("column")

        unit = d.pop("unit")

        reference = d.pop("reference")

        effective_from = datetime.date.fromisoformat(d.pop("effective_from"))

        comparison = ConditionFindingComparison(d.pop("comparison"))

        threshold = d.pop("threshold")

        def _parse_figure(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        figure = _parse_figure(d.pop("figure"))

        is_met = d.pop("is_met")

        code = d.pop("code")

        condition_finding = cls(
            name=name,
            label=label,
            column=column,
            unit=unit,
            reference=reference,
            effective_from=effective_from,
            comparison=comparison,
            threshold=threshold,
            figure=figure,
            is_met=is_met,
            code=code,
        )

        condition_finding.additional_properties = d
        return condition_finding

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
