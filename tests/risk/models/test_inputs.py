import numpy as np

from risk.models.inputs import missing_inputs, model_columns
from tests.risk.applications import figures


def test_the_features_without_a_value_are_named_in_the_models_order() -> None:
    columns = model_columns(
        figures(
            fico=[700.0, np.nan, np.nan],
            income_usd=[1e4, 1e4, 1e4],
            amount_usd=[1e3, 1e3, 1e3],
            purpose=np.array(["car", "car", None], dtype=object),
        )
    )
    features = ("purpose", "amount_to_income", "fico")
    assert missing_inputs(features, columns).tolist() == ["", "fico", "purpose|fico"]


def test_what_is_derived_is_missing_where_a_part_of_it_is() -> None:
    columns = model_columns(figures(income_usd=[np.nan]))
    assert missing_inputs(("amount_to_income",), columns).tolist() == ["amount_to_income"]
