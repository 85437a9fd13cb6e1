import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from risk.contract.columns import APPLICATION_COLUMNS
from risk.errors import ContractError
from risk.frame.frame import (
    DTYPES,
    complete,
    concat,
    constant,
    content_hash,
    map_text,
    row_count,
    take,
)
from tests.risk.applications import (
    ABSENT,
    an_application,
    assert_same_frame,
    clean_row,
    cleaned,
    figures,
)


def _hash(**changes: Any) -> int:
    return int(content_hash(cleaned(**changes).frame)[0])


def test_rows_are_taken_by_mask_position_and_slice() -> None:
    frame = {"a": np.array([1.0, 2.0, 3.0]), "t": np.array(["x", None, "z"], dtype=object)}
    for rows in (np.array([True, False, True]), np.array([0, 2]), slice(0, 3, 2)):
        taken = take(frame, rows)
        assert taken["a"].tolist() == [1.0, 3.0]
        assert taken["t"].tolist() == ["x", "z"]


def test_frames_are_stacked_in_order() -> None:
    frame = {"a": np.array([1.0, 2.0])}
    assert_same_frame(concat([take(frame, slice(0, 1)), take(frame, slice(1, 2))]), frame)
    assert concat([]) == {}


def test_a_column_of_one_value_is_a_column() -> None:
    frame = {"version": constant("a", 3), "n": np.arange(3)}
    assert frame["version"].tolist() == ["a"] * 3
    assert frame["version"].dtype == DTYPES["text"]
    assert concat([take(frame, slice(0, 1)), frame])["version"].tolist() == ["a"] * 4


def test_frames_with_other_columns_are_not_stacked() -> None:
    with pytest.raises(ContractError, match=r"columns \['a', 'b'\]"):
        concat([{"a": np.zeros(1)}, {"b": np.zeros(1)}])


def test_a_frame_without_columns_has_no_rows() -> None:
    assert row_count({}) == 0
    assert row_count(figures(amount_usd=[1.0, 2.0])) == 2


def test_texts_are_mapped_missing_ones_included() -> None:
    column = np.array(["a", None], dtype=object)
    assert map_text(column, {"a": "A", None: "?"}.get).tolist() == ["A", "?"]


def test_completing_adds_what_is_absent_as_missing_in_the_contracts_order() -> None:
    frame = complete({"dti_pct": np.array([1.0])})
    assert list(frame) == [column.name for column in APPLICATION_COLUMNS]
    assert np.isnan(frame["rate_pct"][0])
    assert np.isnat(frame["applied_on"][0])
    assert frame["purpose"][0] is None
    assert frame["issues"][0] == ""
    assert frame["is_joint"][0] == np.False_
    for column in APPLICATION_COLUMNS:
        assert frame[column.name].dtype == DTYPES[column.kind]


@pytest.mark.parametrize(
    "columns",
    [
        {"dti_pct": np.array([1])},
        {"dti_pct": np.array(["1"])},
        {"dti_pct": np.array([1.0]), "rate_pct": np.array([1.0, 2.0])},
        {"dti_pct": np.array([[1.0]])},
    ],
    ids=["integers", "texts", "another length", "two dimensions"],
)
def test_a_column_of_another_type_or_length_is_the_callers_mistake(
    columns: dict[str, NDArray[Any]],
) -> None:
    with pytest.raises(ContractError, match="expected float64 of shape"):
        complete(columns)


@pytest.mark.parametrize(
    "changes",
    [
        {"event_time": "2026-02-27T10:00:00Z"},
        {"event_id": "another event"},
        {"id": 99},
        {"loan_status": "Charged Off"},
        {"annual_inc": 34221},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_same_application_sent_again_has_the_same_content(changes: dict[str, Any]) -> None:
    assert _hash(**changes) == _hash()


def test_an_application_without_an_issue_date_has_the_same_content_a_day_later() -> None:
    later = _hash(issue_d=None, event_time="2026-02-27T10:00:00Z")
    assert later == _hash(issue_d=ABSENT)


_CONTENT_FIELDS: dict[str, Any] = {
    "loan_amnt": 1.0,
    "term": "60 months",
    "int_rate": "1%",
    "annual_inc": 1.0,
    "dti": None,
    "annual_inc_joint": 1.0,
    "issue_d": "Aug-2015",
    "earliest_cr_line": "Apr-1998",
    "purpose": "car",
    "home_ownership": None,
    "addr_state": "NV",
    "application_type": "Joint App",
    "sub_grade": "B4",
}


@pytest.mark.parametrize("field", _CONTENT_FIELDS)
def test_another_application_has_other_content(field: str) -> None:
    assert _hash(**{field: _CONTENT_FIELDS[field]}) != _hash()


def test_equal_values_in_exchanged_fields_are_other_content() -> None:
    assert _hash(open_acc=3.0, total_acc=7.0) != _hash(open_acc=7.0, total_acc=3.0)
    assert _hash(purpose="a", home_ownership="b") != _hash(purpose="b", home_ownership="a")


def test_the_sign_of_zero_and_the_bits_of_nan_are_not_content() -> None:
    other_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)
    assert np.isnan(other_nan).all()
    nans = np.concatenate([other_nan, [np.nan, 0.0, -0.0]])
    hashes = content_hash(figures(dti_pct=nans))
    assert hashes[0] == hashes[1] != hashes[2] == hashes[3]


def test_the_hash_is_the_same_in_every_process() -> None:
    program = (
        "from tests.risk.applications import cleaned; from risk.frame.frame import content_hash;"
        "print(content_hash(cleaned().frame)[0])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONHASHSEED": "1"},
        cwd=__file__.rsplit("/tests/", 1)[0],
    ).stdout
    assert int(printed) == _hash()


def test_the_hash_of_a_known_application_is_known() -> None:
    """Silver keeps hashes: a change of this number needs a migration of what is stored."""
    assert _hash() == 1951400128900850178


def test_the_factory_makes_what_it_says() -> None:
    assert an_application().texts["id"].tolist() == [53595000]
    assert clean_row()["purpose"] == "credit_card"
