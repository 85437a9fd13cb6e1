from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime


T = TypeVar("T", bound="Threshold")


@_attrs_define
class Threshold:
    """A condition's limit, and the reason code that names it, from a date on.

    Attributes:
        effective_from (datetime.date):
        threshold (float):
        code (str):
    """

    effective_from: datetime.date
    threshold: float
    code: str

    def to_dict(self) -> dict[str, Any]:
        effective_from = self.effective_from.isoformat()

        threshold = self.threshold

        code = self.code

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "effective_from": effective_from,
                "threshold": threshold,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        effective_from = datetime.date.fromisoformat(d.pop("effective_from"))

        threshold = d.pop("threshold")

        code = d.pop("code")

        threshold = cls(
            effective_from=effective_from,
            threshold=threshold,
            code=code,
        )

        return threshold
