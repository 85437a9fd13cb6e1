"""Join decisions to the reference tables that the caller passes in."""

from collections.abc import Mapping
from dataclasses import dataclass

from risk.frame.frame import Frame, map_text


@dataclass(frozen=True, slots=True)
class ReferenceTables:
    """One version of the reference tables.

    Attributes
    ----------
    version
        Written on every decision that was joined to them.
    region_by_state
        US census region by two-letter state code.
    group_by_purpose
        Group by loan purpose, in the source's words.
    """

    version: str
    region_by_state: Mapping[str, str]
    group_by_purpose: Mapping[str, str]


def join(tables: ReferenceTables, frame: Frame) -> Frame:
    """Return the frame with `region` and `purpose_group`; null where a table does not know."""
    return {
        **frame,
        "region": map_text(frame["state"], tables.region_by_state.get),
        "purpose_group": map_text(frame["purpose"], tables.group_by_purpose.get),
    }
