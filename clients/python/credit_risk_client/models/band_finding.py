from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime


T = TypeVar("T", bound="BandFinding")


@_attrs_define
class BandFinding:
    """The band of a figure in the policy.

    Attributes:
        name (str):
        label (str):
        column (str):
        unit (str):
        reference (str):
        effective_from (datetime.date): Since when the edges are in force.
        edges (list[float]): Between Low, Moderate, High and Very High; each belongs to the band below it.
        within (list[float] | None): Figures above the first number and up to the second have a band; None: every
            figure.
        figure (float | None): None where missing, and where the scale gives no band.
        band (None | str): None where missing, and where the scale gives no band.
        elevates (bool): Whether the band makes an application Elevated, and the reason code that says so.
        code (None | str): Whether the band makes an application Elevated, and the reason code that says so.
    """

    name: str
    label: str
    column: str
    unit: str
    reference: str
    effective_from: datetime.date
    edges: list[float]
    within: list[float] | None
    figure: float | None
    band: None | str
    elevates: bool
    code: None | str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        label = self.label

        column = self.column

        unit = self.unit

        reference = self.reference

        effective_from = self.effective_from.isoformat()

        edges = self.edges

        within: list[float] | None
        if isinstance(self.within, list):
            within = self.within

        else:
            within = self.within

        figure: float | None
        figure = self.figure

        band: None | str
        band = self.band

        elevates = self.elevates

        code: None | str
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
                "edges": edges,
                "within": within,
                "figure": figure,
                "band": band,
                "elevates": elevates,
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

        edges = cast(list[float], d.pop("edges"))

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

        def _parse_figure(data: object) -> float | None:
            if data is None:
                return data
            return cast(float | None, data)

        figure = _parse_figure(d.pop("figure"))

        def _parse_band(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        band = _parse_band(d.pop("band"))

        elevates = d.pop("elevates")

        def _parse_code(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        code = _parse_code(d.pop("code"))

        band_finding = cls(
            name=name,
            label=label,
            column=column,
            unit=unit,
            reference=reference,
            effective_from=effective_from,
            edges=edges,
            within=within,
            figure=figure,
            band=band,
            elevates=elevates,
            code=code,
        )

        band_finding.additional_properties = d
        return band_finding

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
