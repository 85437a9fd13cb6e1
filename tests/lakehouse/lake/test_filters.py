from datetime import date
from typing import Any

import pytest

from lakehouse.errors import QueryInvalid
from lakehouse.lake.filters import ALL, Filters
from lakehouse.lake.session import Lake
from tests.lakehouse.history import decide_rows

ROWS: tuple[dict[str, Any], ...] = (
    {"applied_on": date(2018, 1, 31), "term_months": 36.0, "state": "CA", "purpose": "car"},
    {"applied_on": date(2018, 2, 1), "term_months": 60.0, "state": "NY", "tier": "Watchlist"},
    {"applied_on": date(2018, 2, 28), "term_months": 36.0, "state": None, "purpose": "car"},
    {"applied_on": date(2018, 3, 1), "term_months": None, "state": "CA", "model_version": "m-2"},
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Any:
    uri = str(tmp_path_factory.mktemp("filters"))
    decide_rows(uri, *ROWS)
    session = Lake(uri)
    yield session
    session.close()


def chosen(lake: Lake, filters: Filters) -> str:
    question = "select off from chosen($filters) order by off"
    found = lake.query(question, {"filters": filters.parameters()})
    return "".join(str(off) for off in found.column("off").to_pylist())


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (ALL, "0123"),
        (Filters(from_on=date(2018, 2, 1), to_on=date(2018, 3, 1)), "12"),
        (Filters(to_on=date(2018, 2, 1)), "0"),
        (Filters(vintages=(date(2018, 1, 1), date(2018, 3, 1))), "03"),
        (Filters(terms=(36,)), "02"),
        (Filters(terms=(36, 60)), "012"),
        (Filters(states=("CA",)), "03"),
        (Filters(purposes=("car",)), "02"),
        (Filters(tiers=("Watchlist",)), "1"),
        (Filters(models=("m-2",)), "3"),
        (Filters(states=("CA",), terms=(36,)), "0"),
        (Filters(states=("TX",)), ""),
    ],
)
def test_every_condition_holds_at_once(lake: Lake, filters: Filters, expected: str) -> None:
    assert chosen(lake, filters) == expected


@pytest.mark.parametrize(
    ("but", "says"),
    [
        ({"from_on": date(2018, 2, 1), "to_on": date(2018, 2, 1)}, "begins before it ends"),
        ({"vintages": (date(2018, 1, 5),)}, "write 2018-01-01"),
        ({"tiers": ("Low", "Grave")}, "found Grave"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(but: dict[str, Any], says: str) -> None:
    with pytest.raises(QueryInvalid, match=says):
        Filters(**but)
