"""Turn the values of a frame into values for people and for JSON."""

from typing import Any

import numpy as np


def plain_value(value: Any) -> Any:
    """Return a frame's value as plain Python; None where missing."""
    if value is None or isinstance(value, str):
        return value
    return None if np.isnan(value) else float(value)


def split_codes(text: str | None) -> tuple[str, ...]:
    """Return the codes of a text that joins them; none where there is no text."""
    return tuple(text.split("|")) if text else ()
