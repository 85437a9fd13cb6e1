"""Describe in words which values a setting takes."""

from collections.abc import Mapping
from typing import Any


def values_of(schema: Mapping[str, Any]) -> str:
    """Describe the values that a property's JSON Schema allows."""
    match schema:
        case {"enum": values}:
            words = f"one of {', '.join(values)}"
        case {"type": "integer", "minimum": least, "maximum": most}:
            words = f"a whole number from {least:,} to {most:,}"
        case {"type": "number", "minimum": least, "maximum": most}:
            words = f"a number from {least:,g} to {most:,g}"
        case {"pattern": _, "default": str(default)} if default:
            words = f"text such as {default}"
        case {"format": "path"}:
            words = "a path"
        case {"format": "password"}:
            words = "a secret"
        case _:
            words = "text"
    return words
