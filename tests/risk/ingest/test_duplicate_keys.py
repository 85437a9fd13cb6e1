import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from risk.ingest.duplicate_keys import doubtful, is_doubtful
from tests.risk.simulated import a_simulator


def _found(*texts: bytes, max_depth: int = 64) -> list[int]:
    rows: list[int] = np.flatnonzero(doubtful(texts, max_depth)).tolist()
    return rows


def test_sound_events_are_not_doubtful_whatever_their_keys_and_values_are() -> None:
    assert _found() == []
    assert _found(
        b"{}",
        b'{"id": 1, "last_fico_range_high": 700, "fico_range_high": "x"}',
        b'{"id":"a: b","mths_since_recent_bc":null,"mths_since_recent_bc_dlq":[1, 2]}',
        b'{\n  "a": "b",\n  "c": {"d": "e" }\n}',
        rb'{"a": "say \"b\": 1, \"b\": 2", "c": "\\", "d": "\\\\uff"}',
        b'{"a": 1, "": 2, "aa": 3, "aaaaaaaaaaaaaaaaaaaaa": 4, "baaaaaaaaaaaaaaaaaaaa": 5}',
    ) == [5], "the last one alone: two long keys of one length that end alike"


def test_equal_keys_are_found_among_neighbours_of_other_widths() -> None:
    assert _found(b'{"a":1}', b'{"a":1,"b":2,"a":3}', b"{}", b'{"b":1,"a":2}') == [1]
    assert _found(b'{"a":1,"a":2}', b'{"b":1,"c":2}') == [0]
    assert _found(b'{"a" :1,"b":2}', b'{"a"\n\t:1}', b'{"a":1}') == [0, 1]


def test_white_space_between_a_key_and_its_colon_is_doubtful() -> None:
    spaced = [b'{"a" : 1}', b'{"a"\n\t: 1}', b'{"a"' + b" " * 100_000 + b": 1}"]
    plain = [b'{"a": " b", "c":" d : e" }', b'{"a": "b"\n }', b'{"a": " "}\n', b'{"a": 1} ']
    assert _found(*spaced, *plain) == [0, 1, 2]


def test_escapes_that_can_hide_text_are_doubtful() -> None:
    hiding = [
        rb'{"a": "\u0000"}',
        rb'{"a": "\ud83c\udfe0"}',
        rb'{"a": ["\uDFFF"]}',
        rb'{"\u0061": 1}',
        rb'{"b\/a": 1}',
        rb'{"b\n" : 1}',
    ]
    plain = [
        rb'{"a": "\u0041\u00e9"}',
        rb'{"a": "\/", "b": "c"}',
        rb'{"a": "\n\t\\u0000"}',
        rb'{"say \"a\"": 1}',
    ]
    assert _found(*hiding, *plain) == list(range(len(hiding)))


def test_an_event_with_more_brackets_than_may_be_nested_is_doubtful() -> None:
    assert _found(b'{"a": 1}', b'{"a": [[[]]]}', b'{"a": [{}]}', max_depth=3) == [1]


def test_an_event_that_is_not_json_does_no_harm_to_its_neighbours() -> None:
    sound = b'{"a": 1, "b": 2}'
    trailing = [b'"a"' + b" " * count for count in range(12, 20)]
    for broken in (b'":', b'"', b":", b'{"a":1,"a', b'"":"":', b"\\", b"{" * 70, *trailing):
        for batch in ([broken, sound], [sound, broken], [sound, broken, sound]):
            assert {batch[row] for row in _found(*batch)} <= {broken}


_PIECES = [
    b'"a"',
    b'"b"',
    b'"":"',
    b":",
    b",",
    b"{",
    b"}",
    b"[",
    b"]",
    b" ",
    b"1",
    rb"\"",
    rb"\u0000",
]


@given(pieces=st.lists(st.sampled_from(_PIECES), max_size=20))
def test_one_event_is_doubtful_alone_if_it_is_among_others(pieces: list[bytes]) -> None:
    for text in (b"".join(pieces), b'{"a":' + b"".join(pieces) + b"}"):
        (among_others,) = doubtful([text], 3).tolist()
        assert is_doubtful(text, 3) or not among_others


def test_a_simulated_event_is_not_doubtful_alone() -> None:
    events = a_simulator().events(0, 50)
    assert sum(is_doubtful(event, 64) for event in events) == int(doubtful(events, 64).sum())
    assert is_doubtful(b'{"a":1,"a":2}', 64)
    assert is_doubtful(b'{"a" :1,"b":2,"b":3}', 64)
    assert is_doubtful(b"[" * 100_000, 10**9)
