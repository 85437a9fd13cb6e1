from typing import Any

import numpy as np
import pytest

from risk.frame.categorical import Coded
from risk.frame.memo import memo

VALUES = ["a", 7, None, "a", "", 2.5]


def coded(rows: int) -> Coded:
    """Return so many rows of five values, of which one is no row's and two count from the end."""
    values = np.array(["no row's", "a", "b", 7, None], dtype=object)
    return Coded(np.resize([1, 2, -2, -1, 1], rows), values)


def test_a_column_holds_what_it_was_made_of() -> None:
    column = Coded.of(VALUES)
    assert column.tolist() == VALUES
    assert len(column) == len(VALUES)
    assert Coded.of(column) is column
    assert Coded.of([]).tolist() == []


def test_rows_are_taken_in_the_order_asked_for() -> None:
    assert coded(5).tolist() == ["a", "b", 7, None, "a"]
    assert coded(5).take(np.array([3, 2, 2])).tolist() == [None, 7, 7]


def test_joined_columns_keep_their_own_values_wherever_those_are_counted_from() -> None:
    joined = Coded.joined([coded(4), Coded.of(VALUES), Coded.of([]), coded(3)])
    assert joined.tolist() == [*coded(4).tolist(), *VALUES, *coded(3).tolist()]


@pytest.mark.parametrize("rows", [0, 1, 5, 255, 256, 5_000])
def test_a_function_is_mapped_to_each_rows_value(rows: int) -> None:
    column = coded(rows)
    assert column.mapped(repr).tolist() == [repr(value) for value in column.tolist()]
    lengths = column.mapped(lambda value: len(str(value)), np.int64)
    assert lengths.dtype == np.int64
    assert lengths.tolist() == [len(str(value)) for value in column.tolist()]


def test_of_many_rows_each_value_is_asked_once_and_none_that_no_row_has() -> None:
    asked: list[Any] = []

    def ask(value: Any) -> Any:
        asked.append(value)
        return value

    column = coded(5_000)
    assert column.mapped(ask).tolist() == column.tolist()
    assert asked == ["a", "b", 7, None]


@pytest.mark.parametrize("rows", [5, 5_000])
def test_a_function_that_remembers_may_be_mapped_too(rows: int) -> None:
    remembering = memo(8)(repr)
    column = coded(rows)
    assert column.mapped(remembering).tolist() == [repr(value) for value in column.tolist()]
    assert {*remembering} == {"a", "b", 7, None}
