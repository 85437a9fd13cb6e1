from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

from typing import cast
import datetime

if TYPE_CHECKING:
    from ..models.condition import Condition
    from ..models.elevation import Elevation
    from ..models.joint_figure import JointFigure
    from ..models.pd_rule import PdRule
    from ..models.scale import Scale


T = TypeVar("T", bound="Policy")


@_attrs_define
class Policy:
    """A policy document.

    Attributes:
        version (str):
        label (str):
        description (str):
        reference (str):
        effective_from (datetime.date): First application date that it can judge.
        joint_figures (list[JointFigure]):
        required (list[str]): Columns without which an application is refused.
        scales (list[Scale]):
        conditions (list[Condition]):
        early_warning (list[list[str]]): Groups of condition names: raised when at least one condition of every group is
            met.
        elevating (list[Elevation]):
        low_code (None | str): The reason code of the tier Low; null: none.
        pd_rules (list[PdRule]): Which PD makes an application Elevated, and which puts it on the watchlist.
    """

    version: str
    label: str
    description: str
    reference: str
    effective_from: datetime.date
    joint_figures: list[JointFigure]
    required: list[str]
    scales: list[Scale]
    conditions: list[Condition]
    early_warning: list[list[str]]
    elevating: list[Elevation]
    low_code: None | str
    pd_rules: list[PdRule]

    def to_dict(self) -> dict[str, Any]:
        from ..models.condition import Condition  # noqa: PLC0415
        from ..models.elevation import Elevation  # noqa: PLC0415
        from ..models.joint_figure import JointFigure  # noqa: PLC0415
        from ..models.pd_rule import PdRule  # noqa: PLC0415
        from ..models.scale import Scale  # noqa: PLC0415

        version = self.version

        label = self.label

        description = self.description

        reference = self.reference

        effective_from = self.effective_from.isoformat()

        joint_figures = []
        for joint_figures_item_data in self.joint_figures:
            joint_figures_item = joint_figures_item_data.to_dict()
            joint_figures.append(joint_figures_item)

        required = self.required

        scales = []
        for scales_item_data in self.scales:
            scales_item = scales_item_data.to_dict()
            scales.append(scales_item)

        conditions = []
        for conditions_item_data in self.conditions:
            conditions_item = conditions_item_data.to_dict()
            conditions.append(conditions_item)

        early_warning = []
        for early_warning_item_data in self.early_warning:
            early_warning_item = early_warning_item_data

            early_warning.append(early_warning_item)

        elevating = []
        for elevating_item_data in self.elevating:
            elevating_item = elevating_item_data.to_dict()
            elevating.append(elevating_item)

        low_code: None | str
        low_code = self.low_code

        pd_rules = []
        for pd_rules_item_data in self.pd_rules:
            pd_rules_item = pd_rules_item_data.to_dict()
            pd_rules.append(pd_rules_item)

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "version": version,
                "label": label,
                "description": description,
                "reference": reference,
                "effective_from": effective_from,
                "joint_figures": joint_figures,
                "required": required,
                "scales": scales,
                "conditions": conditions,
                "early_warning": early_warning,
                "elevating": elevating,
                "low_code": low_code,
                "pd_rules": pd_rules,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.condition import Condition  # noqa: PLC0415
        from ..models.elevation import Elevation  # noqa: PLC0415
        from ..models.joint_figure import JointFigure  # noqa: PLC0415
        from ..models.pd_rule import PdRule  # noqa: PLC0415
        from ..models.scale import Scale  # noqa: PLC0415

        d = dict(src_dict)
        version = d.pop("version")

        label = d.pop("label")

        description = d.pop("description")

        reference = d.pop("reference")

        effective_from = datetime.date.fromisoformat(d.pop("effective_from"))

        joint_figures = []
        _joint_figures = d.pop("joint_figures")
        for joint_figures_item_data in _joint_figures:
            joint_figures_item = JointFigure.from_dict(joint_figures_item_data)

            joint_figures.append(joint_figures_item)

        required = cast(list[str], d.pop("required"))

        scales = []
        _scales = d.pop("scales")
        for scales_item_data in _scales:
            scales_item = Scale.from_dict(scales_item_data)

            scales.append(scales_item)

        conditions = []
        _conditions = d.pop("conditions")
        for conditions_item_data in _conditions:
            conditions_item = Condition.from_dict(conditions_item_data)

            conditions.append(conditions_item)

        early_warning = []
        _early_warning = d.pop("early_warning")
        for early_warning_item_data in _early_warning:
            early_warning_item = cast(list[str], early_warning_item_data)

            early_warning.append(early_warning_item)

        elevating = []
        _elevating = d.pop("elevating")
        for elevating_item_data in _elevating:
            elevating_item = Elevation.from_dict(elevating_item_data)

            elevating.append(elevating_item)

        def _parse_low_code(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        low_code = _parse_low_code(d.pop("low_code"))

        pd_rules = []
        _pd_rules = d.pop("pd_rules")
        for pd_rules_item_data in _pd_rules:
            pd_rules_item = PdRule.from_dict(pd_rules_item_data)

            pd_rules.append(pd_rules_item)

        policy = cls(
            version=version,
            label=label,
            description=description,
            reference=reference,
            effective_from=effective_from,
            joint_figures=joint_figures,
            required=required,
            scales=scales,
            conditions=conditions,
            early_warning=early_warning,
            elevating=elevating,
            low_code=low_code,
            pd_rules=pd_rules,
        )

        return policy
