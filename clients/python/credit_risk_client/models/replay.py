from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.difference import Difference


T = TypeVar("T", bound="Replay")


@_attrs_define
class Replay:
    """One decision made again; the first thing that differs, where anything does.

    Attributes:
        event_id (str):
        topic (str):
        partition (int):
        offset (int):
        matches (bool):
        difference (Difference | None):
    """

    event_id: str
    topic: str
    partition: int
    offset: int
    matches: bool
    difference: Difference | None
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.difference import Difference  # noqa: PLC0415

        event_id = self.event_id

        topic = self.topic

        partition = self.partition

        offset = self.offset

        matches = self.matches

        difference: dict[str, Any] | None
        if isinstance(self.difference, Difference):
            difference = self.difference.to_dict()
        else:
            difference = self.difference

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "event_id": event_id,
                "topic": topic,
                "partition": partition,
                "offset": offset,
                "matches": matches,
                "difference": difference,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.difference import Difference  # noqa: PLC0415

        d = dict(src_dict)
        event_id = d.pop("event_id")

        topic = d.pop("topic")

        partition = d.pop("partition")

        offset = d.pop("offset")

        matches = d.pop("matches")

        def _parse_difference(data: object) -> Difference | None:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                difference_type_0 = Difference.from_dict(data)

                return difference_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(Difference | None, data)

        difference = _parse_difference(d.pop("difference"))

        replay = cls(
            event_id=event_id,
            topic=topic,
            partition=partition,
            offset=offset,
            matches=matches,
            difference=difference,
        )

        replay.additional_properties = d
        return replay

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
