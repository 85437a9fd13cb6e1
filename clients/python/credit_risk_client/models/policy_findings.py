from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime

if TYPE_CHECKING:
    from ..models.band_finding import BandFinding
    from ..models.condition_finding import ConditionFinding
    from ..models.early_warning import EarlyWarning
    from ..models.pd_finding import PdFinding


T = TypeVar("T", bound="PolicyFindings")


@_attrs_define
class PolicyFindings:
    """What the policy in force on the application date says, and each rule that it looked at.

    Attributes:
        version (str):
        label (str):
        applied_on (datetime.date | None):
        bands (list[BandFinding]):
        conditions (list[ConditionFinding]):
        early_warning (EarlyWarning): The early-warning rule: at least one condition of every group.
        pd_rules (list[PdFinding]):
        tier (str):
        reasons (list[str]):
    """

    version: str
    label: str
    applied_on: datetime.date | None
    bands: list[BandFinding]
    conditions: list[ConditionFinding]
    early_warning: EarlyWarning
    pd_rules: list[PdFinding]
    tier: str
    reasons: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.band_finding import BandFinding  # noqa: PLC0415
        from ..models.condition_finding import ConditionFinding  # noqa: PLC0415
        from ..models.early_warning import EarlyWarning  # noqa: PLC0415
        from ..models.pd_finding import PdFinding  # noqa: PLC0415

        version = self.version

        label = self.label

        applied_on: None | str
        if isinstance(self.applied_on, datetime.date):
            applied_on = self.applied_on.isoformat()
        else:
            applied_on = self.applied_on

        bands = []
        for bands_item_data in self.bands:
            bands_item = bands_item_data.to_dict()
            bands.append(bands_item)

        conditions = []
        for conditions_item_data in self.conditions:
            conditions_item = conditions_item_data.to_dict()
            conditions.append(conditions_item)

        early_warning = self.early_warning.to_dict()

        pd_rules = []
        for pd_rules_item_data in self.pd_rules:
            pd_rules_item = pd_rules_item_data.to_dict()
            pd_rules.append(pd_rules_item)

        tier = self.tier

        reasons = self.reasons

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "version": version,
                "label": label,
                "applied_on": applied_on,
                "bands": bands,
                "conditions": conditions,
                "early_warning": early_warning,
                "pd_rules": pd_rules,
                "tier": tier,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.band_finding import BandFinding  # noqa: PLC0415
        from ..models.condition_finding import ConditionFinding  # noqa: PLC0415
        from ..models.early_warning import EarlyWarning  # noqa: PLC0415
        from ..models.pd_finding import PdFinding  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        label = d.pop("label")

        def _parse_applied_on(data: object) -> datetime.date | None:
            if data is None:
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                applied_on_type_0 = datetime.date.fromisoformat(data)

                return applied_on_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(datetime.date | None, data)

        applied_on = _parse_applied_on(d.pop("applied_on"))

        bands = []
        _bands = d.pop("bands")
        for bands_item_data in _bands:
            bands_item = BandFinding.from_dict(bands_item_data)

            bands.append(bands_item)

        conditions = []
        _conditions = d.pop("conditions")
        for conditions_item_data in _conditions:
            conditions_item = ConditionFinding.from_dict(conditions_item_data)

            conditions.append(conditions_item)

        early_warning = EarlyWarning.from_dict(d.pop("early_warning"))

        pd_rules = []
        _pd_rules = d.pop("pd_rules")
        for pd_rules_item_data in _pd_rules:
            pd_rules_item = PdFinding.from_dict(pd_rules_item_data)

            pd_rules.append(pd_rules_item)

        tier = d.pop("tier")

        reasons = cast(list[str], d.pop("reasons"))

        policy_findings = cls(
            version=version,
            label=label,
            applied_on=applied_on,
            bands=bands,
            conditions=conditions,
            early_warning=early_warning,
            pd_rules=pd_rules,
            tier=tier,
            reasons=reasons,
        )

        policy_findings.additional_properties = d
        return policy_findings

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
