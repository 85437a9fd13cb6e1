from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime


T = TypeVar("T", bound="Edges")


@_attrs_define
class Edges:
    """The three right-inclusive edges between the four bands, from a date on.

    Attributes:
        effective_from (datetime.date):
        edges (list[float]):
    """

    effective_from: datetime.date
    edges: list[float]

    def to_dict(self) -> dict[str, Any]:
        effective_from = self.effective_from.isoformat()

        edges = self.edges

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "effective_from": effective_from,
                "edges": edges,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        effective_from = datetime.date.fromisoformat(d.pop("effective_from"))

        edges = cast(list[float], d.pop("edges"))

        edges = cls(
            effective_from=effective_from,
            edges=edges,
        )

        return edges
