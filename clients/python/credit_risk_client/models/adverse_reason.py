from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.adverse_reason_when import AdverseReasonWhen


T = TypeVar("T", bound="AdverseReason")


@_attrs_define
class AdverseReason:
    """One reason a model may give.

    Attributes:
        code (str): Stable; stored with decisions.
        feature (str): Of `risk.features.catalogue.CATALOGUE`.
        when (AdverseReasonWhen): Which values the sentence is true of; ``OTHER`` where neither end of the scale is
            safer by
            nature.
        sentence (str): For the applicant.
    """

    code: str
    feature: str
    when: AdverseReasonWhen
    sentence: str
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        code = self.code

        feature = self.feature

        when = self.when.value

        sentence = self.sentence

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "code": code,
                "feature": feature,
                "when": when,
                "sentence": sentence,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        code = d.pop("code")

        feature = d.pop("feature")

        when = AdverseReasonWhen(d.pop("when"))

        sentence = d.pop("sentence")

        adverse_reason = cls(
            code=code,
            feature=feature,
            when=when,
            sentence=sentence,
        )

        adverse_reason.additional_properties = d
        return adverse_reason

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
