"""The data dictionary, written from the contract and the feature catalogue."""

from collections.abc import Iterable, Sequence
from typing import Any

from risk.contract.application import CONTRACT_VERSION, REJECT_CODES, LoanApplication, json_schema
from risk.contract.columns import APPLICATION_COLUMNS, DECISION_COLUMNS, Column
from risk.features.catalogue import CATALOGUE, OUTCOME_FIELDS

_INTRODUCTION = f"""\
# Data dictionary

Contract version {CONTRACT_VERSION}. Written by `risk.features.data_dictionary.data_dictionary` from
the contract and the feature catalogue; a test keeps this page equal to them.
"""

_EVENT = """\
## An application event

An event is one JSON object in UTF-8, with LendingClub's names. It needs an id (`event_id`, `id` or
`loan_id`), a time (`event_time` or `issue_d`), `loan_amnt`, and `annual_inc` (`annual_inc_joint` on
a joint application). Any other field may be null or absent. Fields that are not listed are allowed;
they are archived and never read.

An id has 1 to 256 characters. All of them are printable (no tab, no-break or zero-width space), and
there is no white space at its ends; any other id is refused. Purpose, home ownership, state and
grade are words (`risk.features.words`) in any case. Any other text is kept and noted as an issue
(`purpose:unknown`).
"""

_CLEAN = """\
## A clean application

These are the columns after cleaning. A date is a day; an instant is UTC; a missing value is null.
"""

_DECISION = """\
## A stored decision

One row an application, in silver, in gold and in the view `decisions`.
"""

_FEATURES = """\
## What a model may look at

Each with the reason why it is knowable when the application is made.
"""

_OUTCOMES = """\
## What no model and no rule may look at

Settled or happening after the application. These fields arrive inside real events; they are kept in
the raw archive alone.
"""

_REJECTS = """\
## Why an event is refused

The code is the same in the quarantine, in the API's errors and in the metrics.
"""


def data_dictionary() -> str:
    """Return the data dictionary as Markdown."""
    return "\n".join(
        (
            _INTRODUCTION,
            _EVENT,
            _table(("Field", "Type", "Bounds", "Meaning"), _event_rows()),
            _CLEAN,
            _table(
                ("Column", "Type", "Unit", "Null", "From", "Meaning"),
                [(*_described(c), _codes(c.sources), c.meaning) for c in APPLICATION_COLUMNS],
            ),
            _DECISION,
            _table(
                ("Column", "Type", "Unit", "Null", "Meaning"),
                [(*_described(c), c.meaning) for c in DECISION_COLUMNS],
            ),
            _FEATURES,
            _table(
                ("Feature", "Type", "Unit", "Made of", "Meaning", "Said by", "Knowable because"),
                [
                    (
                        f"`{feature.name}`",
                        feature.kind,
                        feature.unit,
                        _codes(feature.sources),
                        feature.meaning,
                        feature.origin,
                        feature.knowable_because,
                    )
                    for feature in CATALOGUE.values()
                ],
            ),
            _OUTCOMES,
            _codes(sorted(OUTCOME_FIELDS)) + ".\n",
            _REJECTS,
            _table(
                ("Code", "Stage", "Meaning"),
                [
                    (f"`{code}`", str(stage), meaning)
                    for code, (stage, meaning) in REJECT_CODES.items()
                ],
            ),
        )
    )


def _described(column: Column) -> tuple[str, str, str, str]:
    return f"`{column.name}`", column.kind, column.unit, "yes" if column.nullable else "no"


def _event_rows() -> Iterable[tuple[str, ...]]:
    properties = json_schema()["$defs"][LoanApplication.__name__]["properties"]
    for field, schema in properties.items():
        kinds = [kind for kind in schema["anyOf"] if kind["type"] != "null"]
        types = " or ".join(kind.get("format", kind["type"]) for kind in kinds)
        bounds = "; ".join(filter(None, map(_bounds, kinds)))
        yield f"`{field}`", types, bounds, schema["description"]


def _bounds(kind: dict[str, Any]) -> str:
    if "maxLength" in kind:
        return f"at most {kind['maxLength']} characters"
    if "maximum" not in kind:
        return ""
    above = "exclusiveMinimum" in kind
    least, most = kind["exclusiveMinimum" if above else "minimum"], kind["maximum"]
    return f"{'above ' if above else ''}{int(least):,} to {int(most):,}"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    # A bar in a cell would end it.
    cells = (" | ".join(cell.replace("|", "\\|") for cell in line) for line in lines)
    return "".join(f"| {line} |\n" for line in cells)
