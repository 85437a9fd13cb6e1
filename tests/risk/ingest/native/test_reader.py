import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.contract.application import RejectCode
from risk.ingest import decode as decoding
from risk.ingest.application_columns import FIELDS, NUMBERS, TEXTS, TIMES
from risk.ingest.decode import decode
from risk.ingest.event_buffer import Packed
from risk.ingest.native import reader
from risk.ingest.native.reader import read_flat
from tests.risk.applications import ABSENT, an_event, as_bytes
from tests.risk.feeds import (
    LIMITS,
    assert_read_as_alone,
    feed,
    needs_compiled,
    number_read,
    read_together,
    valued,
)
from tests.risk.simulated import a_simulator

pytestmark = needs_compiled


def test_a_producers_feed_is_read_together() -> None:
    events = a_simulator().events(0, 640)
    read = sum(number_read(events[start : start + 64]) for start in range(0, 640, 64))
    assert read > 0.98 * len(events)
    assert_read_as_alone(events)


def test_values_stand_by_field_and_event() -> None:
    rows, applications = read_together(feed(20, purpose=ABSENT))
    assert rows == list(range(20))
    assert applications.texts["id"].tolist() == rows
    amounts = applications.numbers[NUMBERS.index("loan_amnt")]
    assert amounts.tolist() == [1_000.0 + row for row in rows]
    assert applications.texts["purpose"].tolist() == [None] * 20


@pytest.mark.parametrize("count", [0, 1, 7])
def test_few_events_are_left_to_be_read_alone(count: int) -> None:
    assert number_read(feed(count)) == 0


def _renamed(event: bytes, old: str, new: str) -> bytes:
    assert f'"{old}": '.encode() in event
    return event.replace(f'"{old}": '.encode(), f'"{new}": '.encode())


_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda event: event[:-1],
    "cut in a string": lambda event: event[: event.index(b"credit_card") + 3],
    "the rest of a string": lambda event: event[event.index(b"credit_card") + 3 :],
    "an end inside": lambda event: event.replace(b', "term"', b'}, {"term"'),
    "an opener inside": lambda event: event.replace(b', "term": ', b', "term": {'),
    "nested, the same keys": lambda event: event.replace(b'"CA", ', b'{"x": 1, ')[:-1] + b"}}",
    "text behind": lambda event: event + b"x",
    "a comma behind": lambda event: event + b",",
    "another object behind": lambda event: event + b",{}",
    "white space around": lambda event: b"\n " + event + b" \n",
    "white space before a colon": lambda event: event.replace(b'"term":', b'"term" :'),
    "white space before a comma": lambda event: event.replace(b"494.86,", b"494.86 \t,"),
    "no white space": lambda event: event.replace(b", ", b",").replace(b": ", b":"),
    "a colon in a text": lambda event: valued(event, "purpose", b'" : "'),
    "a quote in a text": lambda event: valued(event, "purpose", rb'"\": "'),
    "an exclamation": lambda event: valued(event, "purpose", b'"no!: yes"'),
    "an emoji": lambda event: valued(event, "purpose", '"🏠"'.encode()),
    "another name of that length": lambda event: _renamed(event, "dti", "dtx"),
    "a long name that ends alike": lambda event: _renamed(
        event, "verification_status", "Xerification_status"
    ),
    "a long name that begins alike": lambda event: _renamed(
        event, "verification_status", "verification_statuX"
    ),
    "a longer name": lambda event: _renamed(event, "dti", "dtii"),
    "a key more": lambda event: event[:-1] + b', "x": 1}',
    "a key less": lambda event: event.replace(b'"dti": 12.5, ', b""),
    "a key twice": lambda event: _renamed(event, "dti", "loan_amnt"),
    "other order": lambda event: json.dumps(dict(reversed(json.loads(event).items()))).encode(),
    "NaN": lambda event: valued(event, "dti", b"NaN"),
    "no value": lambda event: valued(event, "dti", b""),
    "two values": lambda event: valued(event, "dti", b"1, 2"),
    "half a word": lambda event: valued(event, "dti", b"nul"),
    "an array": lambda event: valued(event, "dti", b"[]"),
    "deep": lambda event: valued(event, "dti", b"[" * 70 + b"]" * 70),
    "a text for a number": lambda event: valued(event, "dti", b'"12.5"'),
    "out of bounds": lambda event: valued(event, "loan_amnt", b"-1"),
    "infinite": lambda event: valued(event, "loan_amnt", b"1e400"),
    "no time": lambda event: valued(event, "event_time", b'"yesterday"'),
    "a control character": lambda event: valued(event, "purpose", b'"a\nb"'),
    "a footer": lambda event: valued(
        valued(event, "loan_amnt", b"null"), "id", b'"Total amount funded in policy code 1: 6"'
    ),
    "no amount": lambda event: valued(event, "loan_amnt", b"null"),
    "a tail that another begins": lambda event: event.replace(b'"CA"', b'"CA", "term": "CA'),
    "not an object": lambda event: b"[" + event + b"]",
}


@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=_DAMAGES.keys())
def test_an_odd_event_among_others_is_read_as_alone(damage: Callable[[bytes], bytes]) -> None:
    for places in ([0], [9], [19], [4, 5], [0, 7, 19], range(0, 20, 2), range(1, 20), range(20)):
        events = feed(20)
        for place in places:
            odd = damage(events[place])
            assert odd != events[place]
            events[place] = odd
        assert_read_as_alone(events)


@pytest.mark.parametrize(
    "odd",
    [None, b"", b" ", b"\xff", b"\xef\xbb\xbf{}", b"x" * 300_000, '{"purpose": "🏠"}'.encode()],
    ids=["tombstone", "empty", "white space", "no UTF-8", "BOM", "too large", "emoji"],
)
def test_what_is_no_plain_text_among_others_is_read_as_alone(odd: bytes | None) -> None:
    for places in ([0], [9], [19], range(0, 20, 2), range(1, 20), range(20)):
        events: list[bytes | None] = [*feed(20)]
        for place in places:
            events[place] = odd
        assert_read_as_alone(events)


def test_long_events_are_left_to_be_read_alone() -> None:
    events = [as_bytes(id=number, note="x" * 40_000) for number in range(20)]
    assert read_flat(Packed.of(events), np.arange(20), 32_768) is None
    assert number_read(events) == 20
    assert_read_as_alone(events)


def test_each_producers_events_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        feed(30),
        [
            json.dumps({"note": "other", **an_event(id=100 + number)}).encode()
            for number in range(30)
        ],
    )
    mixed = [event for pair in zip(one, other, strict=True) for event in pair]
    mixed[7] = b"{"
    assert_read_as_alone(mixed)
    read: list[int] = []

    def read_and_count(raws: Packed, rows: NDArray[np.int64], longest: int) -> Any:
        found = read_flat(raws, rows, longest)
        read.append(0 if found is None else len(found[0]))
        return found

    monkeypatch.setattr(decoding, "read_flat", read_and_count)
    decode(mixed, limits=LIMITS)
    assert read == [30, 29, 0]


def test_two_halves_of_a_string_do_not_make_one_event() -> None:
    events = feed(20)
    middle = events[7].index(b"credit_card") + 3
    events[7:9] = [events[7][:middle], events[7][middle:]]
    assert_read_as_alone(events)
    # As many openers as events, though one has two and the other none.
    events[7:9] = [b'{"purpose": "', b'"}, {"id": 1}']
    assert_read_as_alone(events)


def test_the_neighbours_of_a_breach_are_read_together() -> None:
    events = feed(30)
    for place in (3, 17):
        events[place] = valued(events[place], "dti", b'"high"')
    rows, applications = read_together(events)
    assert rows == [row for row in range(30) if row not in {3, 17}]
    assert applications.texts["id"].tolist() == rows


def test_many_breaches_leave_all_to_be_read_alone() -> None:
    events = [valued(event, "dti", b'"high"') for event in feed(30)]
    assert number_read(events) == 0
    assert {r.code for r in decode(events, limits=LIMITS).rejects} == {RejectCode.WRONG_TYPE}


def test_a_contract_field_may_stand_last_or_not() -> None:
    for changes in ({"event_time": ABSENT}, {"x": 1}, {"zip_code": ABSENT}):
        events = [json.dumps(an_event(id=number, **changes)).encode() for number in range(20)]
        assert number_read(events) == 20
        assert_read_as_alone(events)


@pytest.mark.parametrize(
    "event",
    [
        *(b"{}", b'{"x": 1}', b'{"id": 1, "id": 2}', b'{"id": 1, "x\\"": 2}'),
        *(b'":":":', b":", b'"":1', b'a":'),
    ],
    ids=[
        *("empty", "no field", "a key twice", "a quote in a key"),
        *("quotes", "colon", "empty key", "no opener"),
    ],
)
def test_a_feed_of_nothing_to_read_is_left_alone(event: bytes) -> None:
    assert number_read([event] * 20) == 0
    assert_read_as_alone([event] * 20)


def test_white_space_anywhere_is_no_obstacle() -> None:
    events = [b' {\n"loan_amnt" \t: %d , "x"\r:null } \n' % number for number in range(1, 21)]
    assert number_read(events) == 20
    assert_read_as_alone(events)


def test_a_key_twice_is_not_made_up_for_by_white_space_in_front_of_another_events_colon() -> None:
    events = feed(20)
    events[4] = events[4].replace(b'"dti":', b'"dti" :')
    events[5] = events[5][:-1] + b', "dti": 1.0}'
    assert read_together(events)[0] == [row for row in range(20) if row != 5]
    assert_read_as_alone(events)


def test_events_with_more_keys_than_any_producer_writes_are_left_to_be_read_alone() -> None:
    for keys, read in ((900, 20), (1_100, 0)):
        many = ", ".join(f'"k{number}": 1' for number in range(keys))
        assert number_read([f'{{"loan_amnt": 1, {many}}}'.encode()] * 20) == read


def test_samples_that_cannot_be_read_tell_nothing() -> None:
    events = [*feed(40)]
    events[0] = events[8] = b"{"
    assert number_read(events) == 38


def test_samples_that_all_differ_are_left_to_be_read_alone() -> None:
    events = [as_bytes(id=number, **{f"x{number}": 1}) for number in range(20)]
    assert number_read(events) == 0
    assert_read_as_alone(events)


@pytest.mark.parametrize(
    "sample",
    [b"[" * 30_000, b'{"x": ' * 5_000, b'{"\x80": 1}', b'{"id": 1, "x": "\xff"}', b"1"],
    ids=["deep", "deep objects", "no UTF-8 in a key", "no UTF-8 in a text", "a number"],
)
def test_a_sample_that_is_no_json_does_no_harm(sample: bytes) -> None:
    events = feed(20)
    events[0] = sample
    assert number_read(events) == 19
    assert_read_as_alone(events)
    assert_read_as_alone([sample] * 20)


def test_no_field_of_the_contract_can_be_nested() -> None:
    # Else an event read by its shape could hide an object, and keys, in one of its values.
    for field in FIELDS:
        for nested in (b"[]", b"{}"):
            events = [b'{"%b": %b}' % (field.encode(), nested)] * 20
            assert number_read(events) == 0


def test_keys_of_any_length_are_told_apart() -> None:
    for length in (1, 14, 15, 16, 17, 30, 31, 32, 33, 47, 48, 64):
        key = "k" * length
        events = [_renamed(event, "dti", key) for event in feed(20)]
        assert number_read(events) == 20
        for place in range(length):
            other = key[:place] + "o" + key[place + 1 :]
            events[11] = _renamed(feed(20)[11], "dti", other)
            rows, _ = read_together(events)
            assert 11 not in rows
            assert len(rows) == 19


_BITS = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 700), st.integers(0, 255)))


@settings(max_examples=150)
@given(_BITS, st.lists(st.tuples(st.integers(0, 39), st.sampled_from([*_DAMAGES.values()]))))
def test_whatever_happens_to_some_events_all_are_read_as_alone(
    bytes_at: list[tuple[int, int, int]], damaged: list[tuple[int, Callable[[bytes], bytes]]]
) -> None:
    events = feed(40)
    for row, damage in damaged:
        try:
            events[row] = damage(events[row])
        except (ValueError, AssertionError, AttributeError, KeyError, TypeError):
            continue  # it was damaged before, so that this damage does not apply
    for row, place, byte in bytes_at:
        changed = bytearray(events[row])
        changed[place % len(changed)] = byte
        events[row] = bytes(changed)
    assert_read_as_alone(events)


def test_random_pieces_of_json_are_read_as_alone() -> None:
    chance = random.Random(7)
    pieces = [b'"', b'":', b'"id":', b"{", b"}", b"[", b"]", b",", b" ", b"1", b"null", b"\\", b"x"]
    for _ in range(300):
        events = [b"".join(chance.choices(pieces, k=6)) for _ in range(12)]
        assert_read_as_alone(events)
        assert_read_as_alone([b"{" + events[0] + b"}"] * 9 + [*events])


def test_without_compiled_code_the_same_isread(monkeypatch: pytest.MonkeyPatch) -> None:
    events = a_simulator().events(0, 300)
    together = decode(events, limits=LIMITS)
    monkeypatch.setattr(reader, "_library", None)
    assert number_read(events) == 0
    alone = decode(events, limits=LIMITS)
    assert alone.rejects == together.rejects
    for field, values in alone.applications.texts.items():
        assert together.applications.texts[field].tolist() == values.tolist()
    assert alone.applications.numbers.tobytes() == together.applications.numbers.tobytes()


def test_compiled_code_that_may_not_be_used_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "read_flat", None)
    raws = feed(20)
    off = decode(raws, limits=replace(LIMITS, is_native=False))
    assert off.rows.tolist() == [*range(20)]


def test_every_field_of_the_contract_isread() -> None:
    assert sorted([*NUMBERS, *TEXTS, *TIMES]) == sorted(FIELDS)
