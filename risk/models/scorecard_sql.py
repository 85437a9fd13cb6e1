"""Write a scorecard as one SQL statement that gives the same points, and the same PD to 1e-12.

It reads a relation of clean applications (`risk.contract.application.APPLICATION_COLUMNS`) in which
missing figures are null. It runs on DuckDB and Postgres. The lake's `decisions` already hold the
combined figures of joint applicants, so there it needs no joint columns.
"""

from risk.features.sql import SqlSource, number, text
from risk.models.document import PD_DECIMALS
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Characteristic, Steps


def scorecard_sql(model: Scorecard, applications: SqlSource) -> str:
    """Return the statement; its columns are event_id, points and pd."""
    names = [each.feature for each in model.characteristics]
    features = ",\n".join(f"        {applications.feature(name)}" for name in names)
    points = "\n".join(f"        + {_points(each)}" for each in model.characteristics)
    scale = model.scale
    doublings = f"(points - {number(scale.anchor_points)}) / {number(scale.pdo)}"
    return f"""\
-- Scorecard {model.version}, SHA-256 {model.sha256}
-- Grain: one row an application. Points: higher is safer. PD: 0 to 1.
with features as (
    select
        event_id,
{features}
    from {applications.table}
),

scored as (
    select
        event_id,
        {model.base_points}
{points} as points
    from features
)

select
    event_id,
    points,
    round(
        1.0 / (1.0 + {number(scale.anchor_odds)} * power(2.0, {doublings})),
        {PD_DECIMALS}
    ) as pd
from scored
"""


def _points(characteristic: Characteristic) -> str:
    name = characteristic.feature
    lines = [f"when {name} is null then {characteristic.missing.points}"]
    if isinstance(characteristic, Steps):
        lines += [
            f"when {name} <= {number(step.upto)} then {step.points}"
            for step in characteristic.steps
            if step.upto is not None
        ]
        otherwise = characteristic.steps[-1].points
    else:
        lines += [
            f"when {name} in ({', '.join(map(text, group.values))}) then {group.points}"
            for group in characteristic.groups
            if group.values
        ]
        otherwise = characteristic.unseen.points
    body = "".join(f"\n            {line}" for line in lines)
    return f"case{body}\n            else {otherwise}\n        end"
