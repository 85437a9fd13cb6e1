"""The columns of a frame that models read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.features.catalogue import derive
from risk.frame.frame import Frame, row_count, text_column

# Both applicants' figures stand in for the first one's where the application is joint.
_JOINT = (("income_usd", "joint_income_usd"), ("dti_pct", "joint_dti_pct"))


def model_columns(frame: Frame) -> Frame:
    """Return the frame as a model looks at it: joint figures where joint, ratios derived."""
    is_joint = frame["is_joint"]
    if is_joint.any():
        frame = dict(frame)
        for column, joint_column in _JOINT:
            joint = frame[joint_column]
            frame[column] = np.where(is_joint & ~np.isnan(joint), joint, frame[column])
    return {**frame, **derive(frame)}


def are_missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell where a feature has no value."""
    missing: NDArray[np.bool_] = column == None if column.dtype == object else np.isnan(column)  # noqa: E711
    return missing


def missing_inputs(features: Sequence[str], columns: Frame) -> NDArray[np.object_]:
    """Return the features of each row that have no value, joined by `|`; empty if all have one.

    Parameters
    ----------
    features
        Of the model, in its order.
    columns
        `model_columns` of the frame.
    """
    named = [""] * row_count(columns)
    for feature in features:
        missing = are_missing(columns[feature])
        for row in np.flatnonzero(missing).tolist():
            named[row] = f"{named[row]}|{feature}" if named[row] else feature
    return text_column(named, len(named))
