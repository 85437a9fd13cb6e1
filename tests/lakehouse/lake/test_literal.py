"""A question with its parameters written in: it must ask the very same."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lakehouse.errors import QueryInvalid
from lakehouse.lake.filters import Filters
from lakehouse.lake.literal import as_typed
from lakehouse.lake.portfolio import watchlist
from lakehouse.lake.session import Lake, recording
from tests.lakehouse.history import decide_rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.1, "0.1"),
        (float("inf"), "'inf'::double"),
        ("it's", "'it''s'"),
        (date(2018, 1, 2), "date '2018-01-02'"),
        (datetime(2018, 1, 2, 3, tzinfo=UTC), "timestamp '2018-01-02 03:00:00'"),
        (["a", 1], "['a', 1]"),
        ({"a": [1]}, "{'a': [1]}"),
    ],
)
def test_a_value_is_spelt_as_sql(value: object, text: str) -> None:
    assert as_typed("select $x", {"x": value}) == f"select {text}"


def test_what_only_looks_like_a_parameter_is_left() -> None:
    statement = "-- what does $x say?\nselect '$x', \"$x\", $x -- noqa: PRS"
    assert as_typed(statement, {"x": 1}) == "-- what does $x say?\nselect '$x', \"$x\", 1"


@pytest.mark.parametrize("parameters", [{}, {"x": object()}])
def test_a_value_that_cannot_be_spelt_is_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(QueryInvalid):
        as_typed("select $x", parameters)


def test_a_recorded_question_gives_the_same_answer_as_typed(tmp_path: Path) -> None:
    row = {"tier": "Watchlist", "reasons": "DTI>=30", "purpose": "it's; --"}
    decide_rows(str(tmp_path), row, {"tier": "Low"})
    lake = Lake(str(tmp_path))
    with recording() as asked:
        answer = watchlist(lake, Filters(purposes=("it's; --",)))
    assert answer.num_rows == 1
    (each,) = asked
    assert each.seconds > 0
    assert lake.query(as_typed(each.statement, each.parameters)).equals(answer)
    watchlist(lake)
    assert len(asked) == 1  # what is asked after the recording is not in it
    lake.close()
