from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from ..models.tier import Tier
from ..types import UNSET, Unset
from typing import cast
import datetime

if TYPE_CHECKING:
    from ..models.bands import Bands
    from ..models.decision_challengers import DecisionChallengers
    from ..models.lineage import Lineage
    from ..models.position import Position
    from ..models.reason import Reason
    from ..models.versions import Versions


T = TypeVar("T", bound="Decision")


@_attrs_define
class Decision:
    """A decision: the model gives the PD and the points, the policy gives the tier.

    Attributes:
        event_id (str):
        application_id (str):
        event_at (datetime.datetime):
        applied_on (datetime.date):
        decided_at (datetime.datetime):
        pd (float): The probability of default, 0 to 1.
        points (float): The score: higher is safer.
        tier (Tier): How closely a decided application is to be watched, mildest first.
        early_warning_flag (bool):
        bands (Bands): The band of each figure that the policy grades; null where the policy has no bands for it.
        reasons (list[Reason]): Why the policy gave this tier: its rules, for staff. Not for a letter to the applicant.
        model_reasons (list[Reason]): The principal reasons for an adverse-action letter, in this order, each a sentence
            for the applicant. None where the tier is Low.
        versions (Versions): The versions of the contract, model, policy and reference tables that made the decision.
        content_hash (str): A hash of the application's content: a 64-bit whole number, as text because many JSON
            readers are exact to 53 bits only.
        issues (list[str]): What cleaning noticed, each `column:what`, such as `purpose:unknown`.
        missing_inputs (list[str]): The model's features that had no value; none for a decision that was stored before
            this was kept.
        lineage (Lineage | Unset): Where the stream read the event.
        challengers (DecisionChallengers | Unset): The PDs of the challengers, by model version; null where one failed.
            Only of a stored decision.
        recorded (Position | Unset): Where the broker keeps an application that was recorded.
    """

    event_id: str
    application_id: str
    event_at: datetime.datetime
    applied_on: datetime.date
    decided_at: datetime.datetime
    pd: float
    points: float
    tier: Tier
    early_warning_flag: bool
    bands: Bands
    reasons: list[Reason]
    model_reasons: list[Reason]
    versions: Versions
    content_hash: str
    issues: list[str]
    missing_inputs: list[str]
    lineage: Lineage | Unset = UNSET
    challengers: DecisionChallengers | Unset = UNSET
    recorded: Position | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.bands import Bands  # noqa: PLC0415
        from ..models.decision_challengers import DecisionChallengers  # noqa: PLC0415
        from ..models.lineage import Lineage  # noqa: PLC0415
        from ..models.position import Position  # noqa: PLC0415
        from ..models.reason import Reason  # noqa: PLC0415
        from ..models.versions import Versions  # noqa: PLC0415

        event_id = self.event_id

        application_id = self.application_id

        event_at = self.event_at.isoformat()

        applied_on = self.applied_on.isoformat()

        decided_at = self.decided_at.isoformat()

        pd = self.pd

        points = self.points

        tier = self.tier.value

        early_warning_flag = self.early_warning_flag

        bands = self.bands.to_dict()

        reasons = []
        for reasons_item_data in self.reasons:
            reasons_item = reasons_item_data.to_dict()
            reasons.append(reasons_item)

        model_reasons = []
        for model_reasons_item_data in self.model_reasons:
            model_reasons_item = model_reasons_item_data.to_dict()
            model_reasons.append(model_reasons_item)

        versions = self.versions.to_dict()

        content_hash = self.content_hash

        issues = self.issues

        missing_inputs = self.missing_inputs

        lineage: dict[str, Any] | Unset = UNSET
        if not isinstance(self.lineage, Unset):
            lineage = self.lineage.to_dict()

        challengers: dict[str, Any] | Unset = UNSET
        if not isinstance(self.challengers, Unset):
            challengers = self.challengers.to_dict()

        recorded: dict[str, Any] | Unset = UNSET
        if not isinstance(self.recorded, Unset):
            recorded = self.recorded.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "event_id": event_id,
                "application_id": application_id,
                "event_at": event_at,
                "applied_on": applied_on,
                "decided_at": decided_at,
                "pd": pd,
                "points": points,
                "tier": tier,
                "early_warning_flag": early_warning_flag,
                "bands": bands,
                "reasons": reasons,
                "model_reasons": model_reasons,
                "versions": versions,
                "content_hash": content_hash,
                "issues": issues,
                "missing_inputs": missing_inputs,
            }
        )
        if lineage is not UNSET:
            field_dict["lineage"] = lineage
        if challengers is not UNSET:
            field_dict["challengers"] = challengers
        if recorded is not UNSET:
            field_dict["recorded"] = recorded

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.bands import Bands  # noqa: PLC0415
        from ..models.decision_challengers import DecisionChallengers  # noqa: PLC0415
        from ..models.lineage import Lineage  # noqa: PLC0415
        from ..models.position import Position  # noqa: PLC0415
        from ..models.reason import Reason  # noqa: PLC0415
        from ..models.versions import Versions  # noqa: PLC0415

        d = dict(src_dict)
        event_id = d.pop("event_id")

        application_id = d.pop("application_id")

        event_at = datetime.datetime.fromisoformat(d.pop("event_at"))

        applied_on = datetime.date.fromisoformat(d.pop("applied_on"))

        decided_at = datetime.datetime.fromisoformat(d.pop("decided_at"))

        pd = d.pop("pd")

        points = d.pop("points")

        tier = Tier(d.pop("tier"))

        early_warning_flag = d.pop("early_warning_flag")

        bands = Bands.from_dict(d.pop("bands"))

        reasons = []
        _reasons = d.pop("reasons")
        for reasons_item_data in _reasons:
            reasons_item = Reason.from_dict(reasons_item_data)

            reasons.append(reasons_item)

        model_reasons = []
        _model_reasons = d.pop("model_reasons")
        for model_reasons_item_data in _model_reasons:
            model_reasons_item = Reason.from_dict(model_reasons_item_data)

            model_reasons.append(model_reasons_item)

        versions = Versions.from_dict(d.pop("versions"))

        content_hash = d.pop("content_hash")

        issues = cast(list[str], d.pop("issues"))

        missing_inputs = cast(list[str], d.pop("missing_inputs"))

        _lineage = d.pop("lineage", UNSET)
        lineage: Lineage | Unset
        if isinstance(_lineage, Unset):
            lineage = UNSET
        else:
            lineage = Lineage.from_dict(_lineage)

        _challengers = d.pop("challengers", UNSET)
        challengers: DecisionChallengers | Unset
        if isinstance(_challengers, Unset):
            challengers = UNSET
        else:
            challengers = DecisionChallengers.from_dict(_challengers)

        _recorded = d.pop("recorded", UNSET)
        recorded: Position | Unset
        if isinstance(_recorded, Unset):
            recorded = UNSET
        else:
            recorded = Position.from_dict(_recorded)

        decision = cls(
            event_id=event_id,
            application_id=application_id,
            event_at=event_at,
            applied_on=applied_on,
            decided_at=decided_at,
            pd=pd,
            points=points,
            tier=tier,
            early_warning_flag=early_warning_flag,
            bands=bands,
            reasons=reasons,
            model_reasons=model_reasons,
            versions=versions,
            content_hash=content_hash,
            issues=issues,
            missing_inputs=missing_inputs,
            lineage=lineage,
            challengers=challengers,
            recorded=recorded,
        )

        decision.additional_properties = d
        return decision

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
