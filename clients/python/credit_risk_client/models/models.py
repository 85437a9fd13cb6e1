from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.model_entry import ModelEntry


T = TypeVar("T", bound="Models")


@_attrs_define
class Models:
    """The champion decides; challengers score beside it and decide nothing.

    Attributes:
        champion (ModelEntry): A model in use; `sha256` is that of its document.
        challengers (list[ModelEntry]):
    """

    champion: ModelEntry
    challengers: list[ModelEntry]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.model_entry import ModelEntry  # noqa: PLC0415

        champion = self.champion.to_dict()

        challengers = []
        for challengers_item_data in self.challengers:
            challengers_item = challengers_item_data.to_dict()
            challengers.append(challengers_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "champion": champion,
                "challengers": challengers,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.model_entry import ModelEntry  # noqa: PLC0415

        d = dict(src_dict)
        champion = ModelEntry.from_dict(d.pop("champion"))

        challengers = []
        _challengers = d.pop("challengers")
        for challengers_item_data in _challengers:
            challengers_item = ModelEntry.from_dict(challengers_item_data)

            challengers.append(challengers_item)

        models = cls(
            champion=champion,
            challengers=challengers,
        )

        models.additional_properties = d
        return models

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
