"""Each application of a batch is told apart, whatever is wrong with its neighbours."""

from __future__ import annotations

import json
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.decisions.bodies import MalformedBatch, applications_in, id_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    "bad",
    [
        b"NaN",
        b'{"a": NaN}',
        b'{"a": 1e}',
        b'{"a": "\xff"}',
        b'{"a": "\n"}',
        b'{"a" 1}',
        b"01",
        b"{]",
    ],
)
def test_one_that_is_no_json_costs_its_neighbours_nothing(bad: bytes) -> None:
    body = b' {"applications" : [ {"id": 1} , %s , {"id": "]},{"}] } ' % bad
    assert applications_in(body, 500) == [b'{"id": 1}', bad, b'{"id": "]},{"}']


@given(st.lists(JSON, min_size=1))
def test_what_is_told_apart_is_what_the_parser_reads(values: list[object]) -> None:
    body = json.dumps({"applications": [*values, "bad"]}).encode()
    broken = body.replace(b'"bad"]}', b"NaN]}")
    told = applications_in(broken, 500)
    assert told[-1] == b"NaN"
    assert [json.loads(each) for each in told[:-1]] == values


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"NaN", b'{"applications": NaN}', b'{"applications": [NaN}',
        b'{"applications": [NaN,]}',
        b'{"applications": [NaN', b'{"applications": [{"a": NaN]}', b'{"applications": [NaN]} x',
        b'{"applications": [NaN], "more": 1}', b'{"applications": ["NaN]}', b'{"other": [NaN]}',
    ],
)  # fmt: skip
def test_what_is_no_list_of_applications_is_malformed_as_a_whole(body: bytes) -> None:
    with pytest.raises(MalformedBatch):
        applications_in(body, 500)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"applications": {}}', b"null"])
def test_json_of_another_form_is_no_batch(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        applications_in(body, 500)


def test_no_more_are_told_apart_than_are_taken() -> None:
    body = b'{"applications": [%s]}' % b",".join([b"NaN"] * 1_000)
    assert len(applications_in(body, 500)) == 501


@pytest.mark.parametrize("filler", [b'{"a": "', b"[", b'"\\', b"{[" * 8, b" ", b"[],"])
def test_no_body_takes_long_to_be_told_apart(filler: bytes) -> None:
    body = b'{"applications": [NaN, ' + filler * ((4 << 20) // len(filler))
    began = time.perf_counter()
    with pytest.raises(MalformedBatch):
        applications_in(body, 500)
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'{"event_id": "e", "id": 1}', "e"),
        (b'{"id": 1, "loan_amnt": -1}', "1"),
        (b'{"loan_id": "x"}', "x"),
        (b'{"id": 1.5}', None),
        (b'{"id": "a\\tb"}', None),
        (b'{"id": NaN}', None),
        (b"{}", None),
        (b"[]", None),
    ],
)
def test_the_id_of_a_refused_one_is_said_where_it_can_be_read(raw: bytes, found: str) -> None:
    assert id_in(raw) == found
