import csv

import numpy as np

from risk.decision.reference_tables import join
from tests.risk.applications import SHIPPED, decided_row, figures, shipped_tables


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((SHIPPED / "reference" / name).read_text().splitlines()))


def test_every_state_has_one_region_and_one_division() -> None:
    states = [row["state"] for row in _rows("states.csv")]
    assert len(set(states)) == len(states) == 51
    assert {row["region"] for row in _rows("states.csv")} == {
        "Midwest",
        "Northeast",
        "South",
        "West",
    }
    assert len({row["division"] for row in _rows("states.csv")}) == 9


def test_every_purpose_has_one_group() -> None:
    purposes = [row["purpose"] for row in _rows("purposes.csv")]
    assert len(set(purposes)) == len(purposes) == 14


def test_what_a_table_does_not_know_is_null() -> None:
    frame = figures(amount_usd=[1.0] * 3) | {
        "state": np.array(["CA", "ZZ", None], dtype=object),
        "purpose": np.array(["car", "never seen", None], dtype=object),
    }
    joined = join(shipped_tables(), frame)
    assert joined["region"].tolist() == ["West", None, None]
    assert joined["purpose_group"].tolist() == ["Purchase", None, None]


def test_a_decision_carries_what_it_was_joined_to_and_which_version() -> None:
    row = decided_row()
    assert (row["region"], row["purpose_group"]) == ("West", "Debt")
    assert row["reference_version"] == "test-tables"
