from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="Versions")


@_attrs_define
class Versions:
    """The versions of the contract, model, policy and reference tables that made the decision.

    Attributes:
        contract (str):
        model (str):
        model_sha256 (str):
        policy (str):
        reference (str):
    """

    contract: str
    model: str
    model_sha256: str
    policy: str
    reference: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        contract = self.contract

        model = self.model

        model_sha256 = self.model_sha256

        policy = self.policy

        reference = self.reference

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "contract": contract,
                "model": model,
                "model_sha256": model_sha256,
                "policy": policy,
                "reference": reference,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        contract = d.pop("contract")

        model = d.pop("model")

        model_sha256 = d.pop("model_sha256")

        policy = d.pop("policy")

        reference = d.pop("reference")

        versions = cls(
            contract=contract,
            model=model,
            model_sha256=model_sha256,
            policy=policy,
            reference=reference,
        )

        versions.additional_properties = d
        return versions

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
