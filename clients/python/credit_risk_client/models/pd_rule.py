from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.pd_rule_tier import PdRuleTier
from typing import cast

if TYPE_CHECKING:
    from ..models.threshold import Threshold


T = TypeVar("T", bound="PdRule")


@_attrs_define
class PdRule:
    """A tier for a probability of default at or above a limit, whatever the figures are.

    Attributes:
        name (str):
        tier (PdRuleTier):
        label (str):
        reference (str):
        versions (list[Threshold]):
    """

    name: str
    tier: PdRuleTier
    label: str
    reference: str
    versions: list[Threshold]

    def to_dict(self) -> dict[str, Any]:
        from ..models.threshold import Threshold  # noqa: PLC0415

        name = self.name

        tier = self.tier.value

        label = self.label

        reference = self.reference

        versions = []
        for versions_item_data in self.versions:
            versions_item = versions_item_data.to_dict()
            versions.append(versions_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "name": name,
                "tier": tier,
                "label": label,
                "reference": reference,
                "versions": versions,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.threshold import Threshold  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        tier = PdRuleTier(d.pop("tier"))

        label = d.pop("label")

        reference = d.pop("reference")

        versions = []
        _versions = d.pop("versions")
        for versions_item_data in _versions:
            versions_item = Threshold.from_dict(versions_item_data)

            versions.append(versions_item)

        pd_rule = cls(
            name=name,
            tier=tier,
            label=label,
            reference=reference,
            versions=versions,
        )

        return pd_rule
