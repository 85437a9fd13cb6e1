"""A scorecard in SQL is the scorecard: its features, its points, its PD."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from risk.features.sql import SqlSource
from risk.frame.frame import complete
from risk.models.inputs import model_columns
from risk.models.model import score
from risk.models.scorecard_sql import scorecard_sql
from tests.risk.applications import a_model, figures

PARTS = (
    "amount_usd",
    "income_usd",
    "joint_income_usd",
    "dti_pct",
    "joint_dti_pct",
    "revolving_balance_usd",
    "open_accounts",
    "total_accounts",
)


@pytest.mark.parametrize(
    "feature",
    ["amount_to_income", "revolving_to_income", "open_share", "income_usd", "dti_pct", "fico"],
)
def test_a_feature_is_the_same_double(feature: str) -> None:
    rng = np.random.default_rng(5)
    values = np.array([np.nan, 0.0, 3.0, 7.0, 41_000.0, 1e5 / 3])
    frame = complete(
        {name: rng.choice(values, 500) for name in (*PARTS, "fico")}
        | {"is_joint": rng.random(500) < 0.5}
    )
    names = [*PARTS, "fico", "is_joint"]
    table = pa.table({name: pa.array(frame[name], from_pandas=True) for name in names})
    with duckdb.connect() as connection:
        connection.register("applications", table)
        asked = f"select {SqlSource().feature(feature)} from applications"
        found = connection.sql(asked).to_arrow_table()[feature].to_numpy()
    np.testing.assert_array_equal(found, model_columns(frame)[feature])


def test_points_and_pd_are_those_of_the_model() -> None:
    dti = [np.nan, 0.0, 20.0, np.nextafter(20.0, 21.0), 99.0]
    purposes = ["credit_card", "car", "a new purpose", "", None]
    frame = figures(
        dti_pct=np.repeat(dti, len(purposes)),
        purpose=np.array(purposes * len(dti), dtype=object),
    )
    pd, points = score(a_model(), frame)
    table = pa.table(
        {
            "event_id": pa.array([f"{row:02}" for row in range(len(pd))]),
            "dti_pct": pa.array(frame["dti_pct"], from_pandas=True),
            "purpose": pa.array(frame["purpose"].tolist(), pa.string()),
            "joint_dti_pct": pa.nulls(len(pd), pa.float64()),
            "is_joint": pa.array([False] * len(pd)),
        }
    )
    with duckdb.connect() as connection:
        connection.register("applications", table)
        asked = scorecard_sql(a_model(), SqlSource())
        found = connection.sql(f"select * from ({asked}) order by event_id").to_arrow_table()
    assert found["points"].to_pylist() == points.tolist()
    np.testing.assert_allclose(found["pd"].to_numpy(), pd, rtol=0, atol=1e-12)
