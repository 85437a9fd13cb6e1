"""Each feature that a scorecard may have is made in SQL as it is of a frame."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from risk.features.sql import SqlSource
from risk.frame.frame import complete
from risk.models.inputs import model_columns

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
