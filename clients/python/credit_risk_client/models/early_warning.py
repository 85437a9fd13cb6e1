from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="EarlyWarning")


@_attrs_define
class EarlyWarning:
    """The early-warning rule: at least one condition of every group.

    Attributes:
        expression (str): The rule in words, by the conditions' names.
        met (list[list[str]]): Of each group, the conditions that are met.
        is_raised (bool): Whether the application is on the watchlist for it.
    """

    expression: str
    met: list[list[str]]
    is_raised: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        expression = self.expression

        met = []
        for met_item_data in self.met:
            met_item = met_item_data

            met.append(met_item)

        is_raised = self.is_raised

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "expression": expression,
                "met": met,
                "is_raised": is_raised,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        expression = d.pop("expression")

        met = []
        _met = d.pop("met")
        for met_item_data in _met:
            met_item = cast(list[str], met_item_data)

            met.append(met_item)

        is_raised = d.pop("is_raised")

        early_warning = cls(
            expression=expression,
            met=met,
            is_raised=is_raised,
        )

        early_warning.additional_properties = d
        return early_warning

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
