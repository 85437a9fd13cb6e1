"""Whatever a policy document may say, its SQL says the same of every application."""

from datetime import date

import duckdb
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from risk.features.sql import SqlSource
from risk.frame.frame import complete
from risk.policy.document import Policy, parse_policy
from risk.policy.policy_sql import policy_sql
from risk.policy.rules import apply, judged_figures
from tests.risk.applications import SHIPPED

STANDARD = parse_policy((SHIPPED / "policies" / "standard-1.json").read_bytes())
JUDGED = ("dti_band", "util_band", "rate_band", "early_warning_flag", "tier", "reasons")


def tightened(policy: Policy) -> Policy:
    """The same rules until 2015, then narrower ones under other codes."""
    scales = [
        msgspec.structs.replace(
            scale,
            versions=(
                *scale.versions,
                msgspec.structs.replace(
                    scale.versions[0], effective_from=date(2015, 1, 1), edges=(5.0, 10.0, 15.0)
                ),
            ),
        )
        for scale in policy.scales
    ]
    conditions = [
        msgspec.structs.replace(
            each,
            versions=(
                *each.versions,
                msgspec.structs.replace(
                    each.versions[0],
                    effective_from=date(2016, 1, 1),
                    threshold=0.0,
                    code=f"{each.name}'s new",
                ),
            ),
        )
        for each in policy.conditions
    ]
    return msgspec.structs.replace(policy, scales=tuple(scales), conditions=tuple(conditions))


@pytest.mark.parametrize(
    "policy",
    [
        STANDARD,
        tightened(STANDARD),
        msgspec.structs.replace(STANDARD, early_warning=()),
        msgspec.structs.replace(STANDARD, early_warning=((),), elevating=(), low_code=None),
        msgspec.structs.replace(
            STANDARD,
            elevating=tuple(msgspec.structs.replace(e, code=None) for e in STANDARD.elevating),
        ),
        msgspec.structs.replace(
            STANDARD,
            scales=tuple(
                msgspec.structs.replace(scale, within=(0.0, 45.0), missing=None)
                for scale in STANDARD.scales
            ),
        ),
    ],
    ids=["standard", "dated", "always flagged", "never flagged", "no codes", "within"],
)
@pytest.mark.parametrize("has_joint_figures", [True, False])
def test_the_statement_judges_as_the_rules_do(policy: Policy, *, has_joint_figures: bool) -> None:
    rng = np.random.default_rng(3)
    count = 400
    figures = np.array([np.nan, 0, 1, 2, 5, 10, 15, 20, 30, 31, 40, 45, 60, 80, 81])
    columns = {rule.column for rule in policy.rules} | {"joint_dti_pct", "joint_income_usd"}
    frame = complete(
        {name: rng.choice(figures, count) for name in columns}
        | {
            "is_joint": rng.random(count) < 0.3,
            "applied_on": np.datetime64("2014-06-01") + rng.integers(0, 900, count),
        }
    )
    expected = apply(policy, judged_figures(policy, frame))
    given = frame if has_joint_figures else judged_figures(policy, frame)
    names = [*columns, "is_joint", "applied_on", "income_usd"]
    table = pa.table({name: pa.array(given[name], from_pandas=True) for name in names})
    table = table.append_column("event_id", pa.array(range(count)))
    with duckdb.connect() as connection:
        connection.register("given", table)
        statement = policy_sql(policy, SqlSource("given", has_joint_figures=has_joint_figures))
        found = connection.sql(statement).order("event_id").to_arrow_table()
    for name in JUDGED:
        assert found[name].to_pylist() == expected[name].tolist(), name
