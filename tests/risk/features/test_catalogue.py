import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from risk.contract.application import LoanApplication
from risk.contract.columns import APPLICATION_COLUMNS
from risk.errors import FeatureError, RiskError
from risk.features.catalogue import CATALOGUE, OUTCOME_FIELDS, admit, credit_age_years, derive
from tests.risk.applications import figures

_DTI = CATALOGUE["dti_pct"]


@pytest.mark.parametrize("field", sorted(OUTCOME_FIELDS))
def test_an_outcome_field_cannot_be_admitted_to_the_catalogue(field: str) -> None:
    leak = replace(_DTI, name="innocent", sources=("dti", field))
    with pytest.raises(RiskError, match=re.escape(f"['{field}'] are settled after")):
        admit([*CATALOGUE.values(), leak])


def test_an_outcome_field_is_not_a_field_of_the_contract() -> None:
    assert OUTCOME_FIELDS.isdisjoint(LoanApplication.__struct_fields__)


def test_no_feature_of_the_catalogue_is_an_outcome() -> None:
    for feature in CATALOGUE.values():
        assert OUTCOME_FIELDS.isdisjoint({feature.name, *feature.sources})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sources": ("il_util",)}, "il_util"),
        ({"sources": ()}, "expected fields of LoanApplication"),
        ({"knowable_because": " "}, "say why it is knowable"),
        ({"name": "fico"}, "named twice"),
    ],
    ids=["unknown field", "no field", "no reason", "another's name"],
)
def test_a_feature_is_admitted_only_if_it_is_well_founded(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(FeatureError, match=message):
        admit([CATALOGUE["fico"], replace(_DTI, **change)])


def test_every_feature_is_a_clean_column_or_derived_with_its_kind() -> None:
    kinds = {column.name: column.kind for column in APPLICATION_COLUMNS}
    kinds |= dict.fromkeys(derive(figures(amount_usd=[1.0])), "float")
    for feature in CATALOGUE.values():
        assert kinds[feature.name] == feature.kind


def test_ratios_are_missing_where_a_part_is_missing_or_nothing_divides() -> None:
    frame = figures(
        amount_usd=[10.0, 10.0, 10.0, np.nan],
        income_usd=[40.0, 0.0, np.nan, 40.0],
        revolving_balance_usd=[20.0] * 4,
        open_accounts=[1.0, 0.0, 1.0, 1.0],
        total_accounts=[4.0, 0.0, np.nan, 2.0],
    )
    derived = derive(frame)
    np.testing.assert_array_equal(derived["amount_to_income"], [0.25, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(derived["revolving_to_income"], [0.5, np.nan, np.nan, 0.5])
    np.testing.assert_array_equal(derived["open_share"], [0.25, np.nan, np.nan, 0.5])


def test_credit_age_runs_from_the_first_credit_line_to_the_application() -> None:
    applied_on = np.array(["2019-01-01", "2010-01-01", "NaT"], dtype="datetime64[D]")
    first_credit_on = np.array(["2008-01-01", "NaT", "2008-01-01"], dtype="datetime64[D]")
    ages = credit_age_years(applied_on, first_credit_on)
    np.testing.assert_array_equal(ages, [4018 / 365.25, np.nan, np.nan])
