from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.band import Band
from typing import cast


T = TypeVar("T", bound="Elevation")


@_attrs_define
class Elevation:
    """A band that makes an application Elevated, and the reason code that says so.

    Attributes:
        scale (str):
        band (Band): The bands of a figure, mildest first; a policy that grades every figure also has Missing.
        code (None | str):
    """

    scale: str
    band: Band
    code: None | str

    def to_dict(self) -> dict[str, Any]:
        scale = self.scale

        band = self.band.value

        code: None | str
        code = self.code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "scale": scale,
                "band": band,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        scale = d.pop("scale")

        band = Band(d.pop("band"))

        def _parse_code(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        code = _parse_code(d.pop("code"))

        elevation = cls(
            scale=scale,
            band=band,
            code=code,
        )

        return elevation
