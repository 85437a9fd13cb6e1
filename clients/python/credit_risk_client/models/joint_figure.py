from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, BinaryIO, TextIO, TYPE_CHECKING, Generator

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset


T = TypeVar("T", bound="JointFigure")


@_attrs_define
class JointFigure:
    """A figure of both applicants that replaces the first one's on a joint application.

    Attributes:
        column (str):
        joint_column (str):
        label (str):
    """

    column: str
    joint_column: str
    label: str

    def to_dict(self) -> dict[str, Any]:
        column = self.column

        joint_column = self.joint_column

        label = self.label

        field_dict: dict[str, Any] = {}

        field_dict.update(
            {
                "column": column,
                "joint_column": joint_column,
                "label": label,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        column = d.pop("column")

        joint_column = d.pop("joint_column")

        label = d.pop("label")

        joint_figure = cls(
            column=column,
            joint_column=joint_column,
            label=label,
        )

        return joint_figure
