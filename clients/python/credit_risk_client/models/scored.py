from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast

if TYPE_CHECKING:
    from ..models.scored_decision import ScoredDecision
    from ..models.scored_features import ScoredFeatures


T = TypeVar("T", bound="Scored")


@_attrs_define
class Scored:
    """An answer in the old form, and what became of `persist_to_db`.

    Attributes:
        loan_id (str):
        valid (bool):
        missing_required (list[str]):
        features (ScoredFeatures):
        decision (None | ScoredDecision):
        persisted (bool):
    """

    loan_id: str
    valid: bool
    missing_required: list[str]
    features: ScoredFeatures
    decision: None | ScoredDecision
    persisted: bool
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.scored_decision import ScoredDecision  # noqa: PLC0415
        from ..models.scored_features import ScoredFeatures  # noqa: PLC0415

        loan_id = self.loan_id

        valid = self.valid

        missing_required = self.missing_required

        features = self.features.to_dict()

        decision: dict[str, Any] | None
        if isinstance(self.decision, ScoredDecision):
            decision = self.decision.to_dict()
        else:
            decision = self.decision

        persisted = self.persisted

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "loan_id": loan_id,
                "valid": valid,
                "missing_required": missing_required,
                "features": features,
                "decision": decision,
                "persisted": persisted,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.scored_decision import ScoredDecision  # noqa: PLC0415
        from ..models.scored_features import ScoredFeatures  # noqa: PLC0415

        d = dict(src_dict)
        loan_id = d.pop("loan_id")

        valid = d.pop("valid")

        missing_required = cast(list[str], d.pop("missing_required"))

        features = ScoredFeatures.from_dict(d.pop("features"))

        def _parse_decision(data: object) -> None | ScoredDecision:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                decision_type_0 = ScoredDecision.from_dict(data)

                return decision_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | ScoredDecision, data)

        decision = _parse_decision(d.pop("decision"))

        persisted = d.pop("persisted")

        scored = cls(
            loan_id=loan_id,
            valid=valid,
            missing_required=missing_required,
            features=features,
            decision=decision,
            persisted=persisted,
        )

        scored.additional_properties = d
        return scored

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
