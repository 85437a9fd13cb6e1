from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.condition_comparison import ConditionComparison
from typing import cast

if TYPE_CHECKING:
    from ..models.threshold import Threshold


T = TypeVar("T", bound="Condition")


@_attrs_define
class Condition:
    """A figure against a limit; a missing figure does not meet it.

    Attributes:
        name (str):
        column (str):
        comparison (ConditionComparison):
        unit (str):
        label (str):
        reference (str):
        versions (list[Threshold]):
    """

    name: str
    column: str
    comparison: ConditionComparison
    unit: str
    label: str
    reference: str
    versions: list[Threshold]

    def to_dict(self) -> dict[str, Any]:
        from ..models.threshold import Threshold  # noqa: PLC0415

        name = self.name

        column = self.column

        comparison = self.comparison.value

        unit = self.unit

        label = self.label

        reference = self.reference

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "column": column,
                "comparison": comparison,
                "unit": unit,
                "label": label,
                "reference": reference,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.threshold import Threshold  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        column = d.pop("column")

        comparison = ConditionComparison(d.pop("comparison"))

        unit = d.pop("unit")

        label = d.pop("label")

        reference = d.pop("reference")

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = Threshold.from_dict(versions_item_data)

            versions.append(versions_item)

        condition = cls(
            name=name,
            column=column,
            comparison=comparison,
            unit=unit,
            label=label,
            reference=reference,
            versions=versions,
        )

        return condition
