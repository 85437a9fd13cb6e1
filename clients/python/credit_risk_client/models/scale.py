from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.scale_missing_type_0 import ScaleMissingType0
from typing import cast

if TYPE_CHECKING:
    from ..models.edges import Edges


T = TypeVar("T", bound="Scale")


@_attrs_define
class Scale:
    """How a figure is put in bands.

    Attributes:
        name (str):
        column (str):
        unit (str):
        label (str):
        reference (str):
        within (list[float] | None): Figures above the first number and up to the second have a band, others none; null:
            every
            figure has one.
        missing (None | ScaleMissingType0): The band of a missing figure; null: none.
        versions (list[Edges]):
    """

    name: str
    column: str
    unit: str
    label: str
    reference: str
    within: list[float] | None
    missing: None | ScaleMissingType0
    versions: list[Edges]

    def to_dict(self) -> dict[str, Any]:
        from ..models.edges import Edges  # noqa: PLC0415

        name = self.name

        column = self.column

        unit = self.unit

        label = self.label

        reference = self.reference

        within: list[float] | None
        if isinstance(self.within, list):
            within = self.within

        else:
            within = self.within

        missing: None | str
        if isinstance(self.missing, ScaleMissingType0):
            missing = self.missing.value
        else:
            missing = self.missing

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "column": column,
                "unit": unit,
                "label": label,
                "reference": reference,
                "within": within,
                "missing": missing,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.edges import Edges  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        column = d.pop("column")

        unit = d.pop("unit")

        label = d.pop("label")

        reference = d.pop("reference")

        def _parse_within(data: object) -> list[float] | None:
            if data is None:
                return data
            try:
                if not isinstance(data, list):
                    raise TypeError()
                within_type_0 = cast(list[float], data)

                return within_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(list[float] | None, data)

        within = _parse_within(d.pop("within"))

        def _parse_missing(data: object) -> None | ScaleMissingType0:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                missing_type_0 = ScaleMissingType0(data)

                return missing_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ScaleMissingType0, data)

        missing = _parse_missing(d.pop("missing"))

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = Edges.from_dict(versions_item_data)

            versions.append(versions_item)

        scale = cls(
            name=name,
            column=column,
            unit=unit,
            label=label,
            reference=reference,
            within=within,
            missing=missing,
            versions=versions,
        )

        return scale
