"""Write a question with its parameters filled in, so that it runs as shown in a SQL prompt."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import isfinite
from typing import Final

from lakehouse.errors import QueryInvalid

# A parameter, or a comment or quoted text in which none can be.
_PARAMETER: Final = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$([a-z]\w*)")
_MARKER: Final = re.compile(r"[ \t]*-- noqa[^\n]*")


def as_typed(statement: str, parameters: Mapping[str, object]) -> str:
    """Return DuckDB's SQL with a literal in the place of each parameter.

    Raises
    ------
    QueryInvalid
        A parameter has no value, or one that SQL cannot spell.
    """

    def spelt(found: re.Match[str]) -> str:
        name = found[1]
        if name is None:
            return found[0]
        if name not in parameters:
            raise QueryInvalid(f"the question names the parameter {name!r}, which has no value")
        return as_literal(parameters[name])

    return _MARKER.sub("", _PARAMETER.sub(spelt, statement)).strip()


def as_literal(value: object) -> str:  # noqa: PLR0911 - one kind a line
    """Return a value as DuckDB's SQL spells it.

    Raises
    ------
    QueryInvalid
        SQL cannot spell a value of its type.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value) if isfinite(value) else f"'{value}'::double"
        case datetime():
            return f"timestamp '{value.replace(tzinfo=None).isoformat(sep=' ')}'"
        case date():
            return f"date '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case Mapping():
            return (
                "{" + ", ".join(f"{as_literal(k)}: {as_literal(v)}" for k, v in value.items()) + "}"
            )
        case Sequence():
            return "[" + ", ".join(as_literal(each) for each in value) + "]"
    raise QueryInvalid(f"SQL cannot spell a parameter of type {type(value).__name__}")
