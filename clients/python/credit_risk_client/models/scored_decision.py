from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast


T = TypeVar("T", bound="ScoredDecision")


@_attrs_define
class ScoredDecision:
    """A decision in the old form.

    Attributes:
        pd (float):
        risk_tier (str):
        early_warning_flag (bool):
        dti_band (None | str):
        util_band (None | str):
        rate_band (None | str):
        reasons (list[str]):
    """

    pd: float
    risk_tier: str
    early_warning_flag: bool
    dti_band: None | str
    util_band: None | str
    rate_band: None | str
    reasons: list[str]
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        pd = self.pd

        risk_tier = self.risk_tier

        early_warning_flag = self.early_warning_flag

        dti_band: None | str
        dti_band = self.dti_band

        util_band: None | str
        util_band = self.util_band

        rate_band: None | str
        rate_band = self.rate_band

        reasons = self.reasons

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "pd": pd,
                "risk_tier": risk_tier,
                "early_warning_flag": early_warning_flag,
                "dti_band": dti_band,
                "util_band": util_band,
                "rate_band": rate_band,
                "reasons": reasons,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        pd = d.pop("pd")

        risk_tier = d.pop("risk_tier")

        early_warning_flag = d.pop("early_warning_flag")

        def _parse_dti_band(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        dti_band = _parse_dti_band(d.pop("dti_band"))

        def _parse_util_band(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        util_band = _parse_util_band(d.pop("util_band"))

        def _parse_rate_band(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        rate_band = _parse_rate_band(d.pop("rate_band"))

        reasons = cast(list[str], d.pop("reasons"))

        scored_decision = cls(
            pd=pd,
            risk_tier=risk_tier,
            early_warning_flag=early_warning_flag,
            dti_band=dti_band,
            util_band=util_band,
            rate_band=rate_band,
            reasons=reasons,
        )

        scored_decision.additional_properties = d
        return scored_decision

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
