from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime


T = TypeVar("T", bound="PdFinding")


@_attrs_define
class PdFinding:
    """The PD against a limit of the policy, and the tier that it gives where it is met.

    Attributes:
        name (str):
        label (str):
        reference (str):
        effective_from (datetime.date):
        threshold (float):
        tier (str):
        pd (float):
        is_met (bool):
        code (str):
    """

    name: str
    label: str
    reference: str
    effective_from: datetime.date
    threshold: float
    tier: str
    pd: float
    is_met: bool
    code: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        label = self.label

        reference = self.reference

        effective_from = self.effective_from.isoformat()

        threshold = self.threshold

        tier = self.tier

        pd = self.pd

        is_met = self.is_met

        code = self.code

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "name": name,
                "label": label,
                "reference": reference,
                "effective_from": effective_from,
                "threshold": threshold,
                "tier": tier,
                "pd": pd,
                "is_met": is_met,
                "code": code,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        name = d.pop("name")

        label = d.pop("label")

        reference = d.pop("reference")

        effective_from = datetime.date.fromisoformat(d.pop("effective_from"))

        threshold = d.pop("threshold")

        tier = d.pop("tier")

        pd = d.pop("pd")

        is_met = d.pop("is_met")

        code = d.pop("code")

        pd_finding = cls(
            name=name,
            label=label,
            reference=reference,
            effective_from=effective_from,
            threshold=threshold,
            tier=tier,
            pd=pd,
            is_met=is_met,
            code=code,
        )

        pd_finding.additional_properties = d
        return pd_finding

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
