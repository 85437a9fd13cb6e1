from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.contract.application import DIALECT_BOUNDS, MAX_TEXT
from risk.ingest.application_columns import NUMBERS
from risk.ingest.decode import decode
from tests.risk.applications import an_event, as_bytes
from tests.risk.feeds import (
    LIMITS,
    assert_read_as_alone,
    feed,
    needs_compiled,
    number_read,
    read_together,
    valued,
)

pytestmark = needs_compiled


_TEXTS_OF_NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.decimals(-1_000, 1_000, places=3, allow_nan=False).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[-+.0-9eE]{1,8}", fullmatch=True),
)


@settings(max_examples=200)
@given(
    st.lists(_TEXTS_OF_NUMBERS, min_size=1, max_size=12),
    st.sampled_from(["loan_amnt", "dti", "revol_bal", "int_rate", "id", "x"]),
)
def test_any_number_is_the_one_that_is_read_alone(texts: list[str], field: str) -> None:
    events = feed(20, **({} if field in an_event() else {field: 1.0}))
    for row, text in enumerate(texts):
        events[row] = valued(events[row], field, text.encode())
    assert_read_as_alone(events)


_ABOUT_BOUNDS = """
    -1e10 -1e9 -1000001 -1000000 -1.5 -1 -0.5 -0.0 -0 0 0.0 1e-300 0.5 1 100 100.5 299.5 300 600 601
    850 850.5 1000 1001 10000 10001 1e6 1000001 1e8 100000001 1e9 1000000001
"""


@pytest.mark.parametrize("field", [*NUMBERS, *DIALECT_BOUNDS])
def test_bounds_are_the_contracts(field: str) -> None:
    events = [as_bytes(id=number, **{field: 500 if "fico" in field else 1}) for number in range(40)]
    for row, number in enumerate(_ABOUT_BOUNDS.split()):
        events[row] = valued(events[row], field, number.encode())
    assert_read_as_alone(events)
    assert number_read(events) > 8


_TIMES = """
    2026-03-01T11:59:00Z 2026-03-01T11:59:00+00:00 2026-03-01T11:59:00-00:00
    2026-03-01T11:59:00.5+05:30
    2026-03-01T11:59:00.123456-12:45 2026-03-01T11:59:00.1234567Z 2026-03-01T11:59:00.1234564999Z
    2026-03-01T11:59:00.000001Z 2026-03-01T23:59:59.999999+23:59 2026-03-01T00:00:00-23:59
    2026-03-01T11:59:00.Z 2026-03-01T11:59:00 2026-03-01 2026-03-01T11:59Z 20260301T115900Z
    2026-03-01t11:59:00Z 2026-03-01T11:59:00z 2026-03-01_11:59:00Z 2026-03-01T11:59:00,5Z
    2026-03-01T24:00:00Z 2026-03-01T11:60:00Z 2026-03-01T11:59:60Z 2026-03-01T11:59:00+24:00
    2026-03-01T11:59:00+00:60 2026-03-01T11:59:00+0000 2026-03-01T11:59:00+00 2026-03-01T11:59:00Z0
    2026-00-01T11:59:00Z 2026-13-01T11:59:00Z 2026-03-00T11:59:00Z 2026-03-32T11:59:00Z
    2024-02-29T12:00:00Z 2023-02-29T12:00:00Z 2000-02-29T12:00:00Z 1900-02-29T12:00:00Z
    2026-04-31T12:00:00Z 2026-06-30T12:00:00Z 2026-07-31T12:00:00Z 2026-08-31T12:00:00Z
    2026-09-31T12:00:00Z 2026-11-30T12:00:00Z 2026-12-31T12:00:00Z 2026-02-30T12:00:00Z
    1970-01-01T00:00:00Z 1969-12-31T23:59:59.999999Z 1582-10-15T00:00:00Z 0001-01-01T12:00:00Z
    0000-01-01T12:00:00Z 9999-12-31T12:00:00Z 2100-01-01T00:00:00Z 2099-12-31T23:59:59.999999Z
    +026-03-01T11:59:00Z 2026-3-01T11:59:00Z 2026-03-01T11:5:00Z 2026-03-01T1a:59:00Z
"""


def test_times_are_read_as_alone() -> None:
    times = _TIMES.split()
    events = feed(len(times) + 20)
    for row, time in enumerate(times):
        events[row] = valued(events[row], "event_time", f'"{time}"'.encode())
    assert_read_as_alone(events)
    assert number_read(events) > 40


@settings(max_examples=200)
@given(
    st.lists(
        st.datetimes(
            timezones=st.integers(-1_439, 1_439).map(
                lambda minutes: timezone(timedelta(minutes=minutes))
            ),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_any_time_is_the_one_that_is_read_alone(times: list[datetime]) -> None:
    events = [as_bytes(event_time=time.isoformat()) for time in times]
    assert_read_as_alone([*events, *feed(20)])


def test_ids_may_be_whole_numbers_or_texts_each_for_itself() -> None:
    ids = [0, 1, 2**31, 2**53 + 1, 10**18 - 1, 10**18, 2**63 - 1, 2**63, "a", "", "a" * MAX_TEXT]
    events = feed(40)
    for row, value in enumerate([*ids, "a" * (MAX_TEXT + 1), None, "7"]):
        events[row] = as_bytes(id=value)
    assert_read_as_alone(events)
    assert read_together(events)[1].texts["id"].tolist()[:5] == [0, 1, 2**31, 2**53 + 1, 10**18 - 1]


def test_any_byte_may_stand_in_a_text() -> None:
    events = feed(256)
    for byte in range(256):
        events[byte] = valued(events[byte], "purpose", b'"a%cb"' % byte)
    assert_read_as_alone(events)
    assert number_read(events) == 0x7F - 0x20 - len('"\\')


def test_an_event_may_end_anywhere() -> None:
    event = as_bytes(x=True, y=False, z=-1.5e2)
    events = [event[:size] for size in range(len(event) + 1)]
    assert_read_as_alone([*events, *[event] * 20])
    assert_read_as_alone([event[:place] + event[place + 1 :] for place in range(len(event))])


def test_there_may_be_more_distinct_texts_than_are_kept_apart_cheaply() -> None:
    events = [
        as_bytes(id=f"a-{row}", purpose=f"purpose {row}", zip_code=str(row % 7))
        for row in range(5_000)
    ]
    assert number_read(events) == 5_000
    applications = decode(events, limits=LIMITS).applications
    assert applications.texts["purpose"].tolist() == [f"purpose {row}" for row in range(5_000)]
    assert applications.texts["id"].tolist() == [f"a-{row}" for row in range(5_000)]
    assert applications.texts["zip_code"].tolist() == [str(row % 7) for row in range(5_000)]


def test_a_number_field_is_a_column_of_floats_and_nan_where_it_is_missing() -> None:
    applications = decode(feed(20, dti=None, revol_bal=7), limits=LIMITS).applications
    by_field = dict(zip(NUMBERS, applications.numbers.tolist(), strict=True))
    assert len(applications) == 20
    assert by_field["loan_amnt"] == [1_000.0 + row for row in range(20)]
    assert by_field["revol_bal"] == [7.0] * 20
    assert np.isnan(by_field["dti"]).all()
    assert applications.texts["term"].tolist() == [" 36 months"] * 20
