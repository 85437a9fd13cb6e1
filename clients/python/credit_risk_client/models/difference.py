from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.cause import Cause
from ..types import UNSET, Unset
from typing import cast


T = TypeVar("T", bound="Difference")


@_attrs_define
class Difference:
    """The first thing that differs.

    Attributes:
        cause (Cause): What is looked at to make a decision again, in this order; the first that fails is named.
        what (str): For people: which artefact and why, the code of the refusal, or the column's name.
        stored (bool | float | None | str | Unset): The column's two values, where it is part of the verdict.
        recalled (bool | float | None | str | Unset): The column's two values, where it is part of the verdict.
    """

    cause: Cause
    what: str
    stored: bool | float | None | str | Unset = UNSET
    recalled: bool | float | None | str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        cause = self.cause.value

        what = self.what

        stored: bool | float | None | str | Unset
        if isinstance(self.stored, Unset):
            stored = UNSET
        else:
            stored = self.stored

        recalled: bool | float | None | str | Unset
        if isinstance(self.recalled, Unset):
            recalled = UNSET
        else:
            recalled = self.recalled

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "cause": cause,
                "what": what,
            }
        )
        if stored is not UNSET:
            field_dict["stored"] = stored
        if recalled is not UNSET:
            field_dict["recalled"] = recalled

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        cause = Cause(d.pop("cause"))

        what = d.pop("what")

        def _parse_stored(data: object) -> bool | float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | float | None | str | Unset, data)

        stored = _parse_stored(d.pop("stored", UNSET))

        def _parse_recalled(data: object) -> bool | float | None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(bool | float | None | str | Unset, data)

        recalled = _parse_recalled(d.pop("recalled", UNSET))

        difference = cls(
            cause=cause,
            what=what,
            stored=stored,
            recalled=recalled,
        )

        difference.additional_properties = d
        return difference

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
