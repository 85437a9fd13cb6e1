import gzip
import json
import random
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from risk.contract.application import Limits, LoanApplication, RejectCode, Stage
from risk.ingest import decode as decoding
from risk.ingest.application_columns import NUMBERS, Applications, of_events
from risk.ingest.decode import decode
from tests.risk.applications import as_bytes, judge_all, refusal

_TEXT = as_bytes()


def _with(field: str, json_text: str) -> bytes:
    """Return an event in which one field has this JSON text as its value."""
    return as_bytes(**{field: "@"}).replace(b'"@"', json_text.encode())


_NO_APPLICATION: dict[str, tuple[bytes | None, RejectCode]] = {
    "a tombstone": (None, RejectCode.TOMBSTONE),
    "no bytes": (b"", RejectCode.EMPTY),
    "white space": (b" \r\n\t ", RejectCode.EMPTY),
    "byte order mark": (b"\xef\xbb\xbf" + _TEXT, RejectCode.ENCODING),
    "UTF-16": (_TEXT.decode().encode("utf-16"), RejectCode.ENCODING),
    "UTF-16-LE": (_TEXT.decode().encode("utf-16-le"), RejectCode.ENCODING),
    "UTF-16-BE": (_TEXT.decode().encode("utf-16-be"), RejectCode.ENCODING),
    "UTF-32": (_TEXT.decode().encode("utf-32"), RejectCode.ENCODING),
    "gzip": (gzip.compress(_TEXT), RejectCode.ENCODING),
    "not UTF-8 in a field outside": (b'{"id": 1, "nobody_reads": "\xff"}', RejectCode.ENCODING),
    "not UTF-8 in a field": (b'{"id": 1, "purpose": "\xe9t\xe9"}', RejectCode.ENCODING),
    "no JSON": (b"not json", RejectCode.MALFORMED_JSON),
    "cut short": (_TEXT[:-1], RejectCode.MALFORMED_JSON),
    "text behind": (_TEXT + b" x", RejectCode.MALFORMED_JSON),
    "trailing comma": (b'{"id": 1,}', RejectCode.MALFORMED_JSON),
    "raw NUL": (b'{"id": "raw \x00 in text"}', RejectCode.MALFORMED_JSON),
    "NaN": (_with("dti", "NaN"), RejectCode.MALFORMED_JSON),
    "Infinity": (_with("dti", "Infinity"), RejectCode.MALFORMED_JSON),
    "minus Infinity": (_with("dti", "-Infinity"), RejectCode.MALFORMED_JSON),
    "NaN in a field outside": (_with("nobody_reads", "NaN"), RejectCode.MALFORMED_JSON),
    "an array": (b"[1, 2]", RejectCode.NOT_AN_OBJECT),
    "an open array": (b"[" * 60, RejectCode.NOT_AN_OBJECT),
    "a number": (b"3", RejectCode.NOT_AN_OBJECT),
    "null": (b"null", RejectCode.NOT_AN_OBJECT),
    "a text": (b'"text"', RejectCode.NOT_AN_OBJECT),
    "an array with an escape": (rb'["\u0000"]', RejectCode.NOT_AN_OBJECT),
    "100,000 open brackets": (b"[" * 100_000, RejectCode.TOO_DEEP),
    "100,000 deep": (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", RejectCode.TOO_DEEP),
    "65 deep": (_with("nobody_reads", "[" * 64 + "]" * 64), RejectCode.TOO_DEEP),
    "a key twice": (b'{"id": 1, "id": 1}', RejectCode.DUPLICATE_KEY),
    "a key twice, spaced": (b'{"id": 1, "id" : 2}', RejectCode.DUPLICATE_KEY),
    "a key twice, escaped": (b'{"id": 1, "\\u0069d": 2}', RejectCode.DUPLICATE_KEY),
    "a key twice, escaped otherwise": (b'{"a\\/b": 1, "a/b": 2}', RejectCode.DUPLICATE_KEY),
    "a key twice, inside": (b'{"id": 1, "x": {"y": 1, "y": 2}}', RejectCode.DUPLICATE_KEY),
    "footer with a total": (
        b'{"id": "Total amount funded in policy code 1: 646"}',
        RejectCode.NOT_A_RECORD,
    ),
    "footer of a section": (
        b'{"id": "Loans that do not meet the credit policy"}',
        RejectCode.NOT_A_RECORD,
    ),
    "1 MB": (b'{"note": "' + b"x" * 1_000_000 + b'"}', RejectCode.TOO_LARGE),
    "10 MB": (b'{"note": "' + b"x" * 10_000_000 + b'"}', RejectCode.TOO_LARGE),
}


@pytest.mark.parametrize(("raw", "code"), _NO_APPLICATION.values(), ids=_NO_APPLICATION.keys())
def test_bytes_that_are_no_application_are_refused_at_decoding(
    raw: bytes | None, code: RejectCode
) -> None:
    reject = refusal(raw)
    assert (reject.stage, reject.code) == (Stage.DECODE, code)


_BROKEN = [
    ("loan_amnt", '"15 thousand"', RejectCode.WRONG_TYPE),
    ("loan_amnt", "true", RejectCode.WRONG_TYPE),
    ("loan_amnt", "[15000]", RejectCode.WRONG_TYPE),
    ("annual_inc", '{"usd": 1}', RejectCode.WRONG_TYPE),
    ("int_rate", "false", RejectCode.WRONG_TYPE),
    ("int_rate", '["13%"]', RejectCode.WRONG_TYPE),
    ("purpose", "7", RejectCode.WRONG_TYPE),
    ("id", "1.5", RejectCode.WRONG_TYPE),
    ("id", "true", RejectCode.WRONG_TYPE),
    ("event_time", "17723", RejectCode.WRONG_TYPE),
    ("event_time", "true", RejectCode.WRONG_TYPE),
    ("event_time", "9" * 5_000, RejectCode.OUT_OF_RANGE),
    ("issue_d", "true", RejectCode.WRONG_TYPE),
    ("issue_d", "40878", RejectCode.WRONG_TYPE),
    ("event_time", '"2026-03-01T11:59:00"', RejectCode.WRONG_FORMAT),
    ("event_time", '"2026-03-01"', RejectCode.WRONG_FORMAT),
    ("event_time", '"yesterday"', RejectCode.WRONG_FORMAT),
    ("event_time", '"2026-02-30T00:00:00Z"', RejectCode.WRONG_FORMAT),
    ("loan_amnt", "-1", RejectCode.OUT_OF_RANGE),
    ("loan_amnt", "0", RejectCode.OUT_OF_RANGE),
    ("loan_amnt", "1e9", RejectCode.OUT_OF_RANGE),
    ("loan_amnt", "1e400", RejectCode.OUT_OF_RANGE),
    ("loan_amnt", "9" * 5_000, RejectCode.OUT_OF_RANGE),
    ("annual_inc", "-1", RejectCode.OUT_OF_RANGE),
    ("dti", "-1e400", RejectCode.OUT_OF_RANGE),
    ("int_rate", "900", RejectCode.OUT_OF_RANGE),
    ("id", "9" * 5_000, RejectCode.OUT_OF_RANGE),
    ("id", "-1", RejectCode.OUT_OF_RANGE),
    ("delinq_2yrs", "-1", RejectCode.OUT_OF_RANGE),
    ("fico_range_low", "0", RejectCode.OUT_OF_RANGE),
    ("purpose", json.dumps("x" * 257), RejectCode.UNREADABLE_TEXT),
    ("id", json.dumps("x" * 10_000), RejectCode.UNREADABLE_TEXT),
    ("purpose", r'"a\u0000b"', RejectCode.UNREADABLE_TEXT),
    ("emp_title", r'"a\u0000b"', RejectCode.UNREADABLE_TEXT),
    ("purpose", r'"\ud800"', RejectCode.UNREADABLE_TEXT),
    ("purpose", r'"\udc00\ud800"', RejectCode.UNREADABLE_TEXT),
    ("emp_title", r'["fine", {"deep": "\udfff"}]', RejectCode.UNREADABLE_TEXT),
    ("\x00", '"a NUL in a key"', RejectCode.UNREADABLE_TEXT),
]


@pytest.mark.parametrize(
    ("field", "json_text", "code"),
    _BROKEN,
    ids=[f"{field} {text[:24]}" for field, text, _ in _BROKEN],
)
def test_a_field_that_breaks_the_contract_is_refused(
    field: str, json_text: str, code: RejectCode
) -> None:
    reject = refusal(_with(field, json_text))
    assert (reject.stage, reject.code) == (Stage.CONTRACT, code)


def test_a_refusal_names_the_field_and_never_its_value() -> None:
    for raw in (_with("loan_amnt", '"canary-77"'), _with("purpose", r'"canary-77\u0000"')):
        reason = refusal(raw).reason
        assert reason.startswith(("loan_amnt: ", "purpose: "))
        assert "canary" not in reason


def test_a_key_that_the_contract_does_not_know_is_not_repeated_in_the_reason() -> None:
    assert "canary" not in refusal(b'{"canary": 1, "canary": 2}').reason
    assert "canary" not in refusal(rb'{"canary": "\u0000"}').reason


@pytest.mark.parametrize(
    ("purpose", "json_text"),
    [
        ("🏠 home", '"🏠 home"'),
        ("🏠", r'"\ud83c\udfe0"'),
        ("بيت", '"بيت"'),
        ("'; drop table decisions; --", '"\'; drop table decisions; --"'),
        ("<script>alert(1)</script>", '"<script>alert(1)</script>"'),
        ("=HYPERLINK(1)", '"=HYPERLINK(1)"'),
        ("a\nb\\c/d", r'"a\nb\\c\/d"'),
        ('say "id": 1', r'"say \"id\": 1"'),
    ],
    ids=["emoji", "escaped emoji", "right to left", "SQL", "HTML", "formula", "escapes", "a key"],
)
def test_unusual_text_is_valid_and_passes_verbatim(purpose: str, json_text: str) -> None:
    verdicts = judge_all([_with("purpose", json_text), _with("home_ownership", json_text)])
    assert verdicts.rejects == []
    assert verdicts.decided["purpose"][0] == purpose
    assert verdicts.decided["home_ownership"][1] == purpose


@pytest.mark.parametrize(
    "json_text",
    [
        "1e999",
        "9" * 5_000,
        '"' + "x" * 10_000 + '"',
        "[" * 60 + "]" * 60,
        '{"id": [1, 2]}',
        '": :"',
    ],
    ids=["infinity", "digits", "long text", "deep", "nested", "colons"],
)
def test_what_rides_along_in_a_field_outside_the_contract_is_no_reason_to_refuse(
    json_text: str,
) -> None:
    assert judge_all([_with("nobody_reads", json_text)]).rejects == []


def test_limits_are_parameters() -> None:
    assert refusal(_TEXT, max_bytes=100).code is RejectCode.TOO_LARGE
    assert refusal(_with("x", "[[[]]]"), max_depth=3).code is RejectCode.TOO_DEEP
    assert judge_all([_with("x", "[[[]]]")], limits=Limits(max_depth=4)).rejects == []


def test_the_neighbours_of_poison_land() -> None:
    poison = [None, b"", b"\xff", b"{", b"[]", b'{"id": 1, "id": 2}', _with("dti", "true")]
    raws: list[bytes | None] = []
    for number, bad in enumerate(poison):
        raws += [as_bytes(id=number), bad]
    decoded = decode(raws, limits=Limits())
    assert decoded.applications.texts["id"].tolist() == list(range(len(poison)))
    assert decoded.rows.tolist() == list(range(0, len(raws), 2))
    assert [reject.row for reject in decoded.rejects] == list(range(1, len(raws), 2))


def test_what_is_read_together_takes_its_places_among_what_is_read_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A stand-in for the compiled code, which not every machine has: it takes every third event.
    taken: list[int] = []

    def take_some(
        raws: Sequence[bytes | None], rows: NDArray[np.int64], longest: int
    ) -> tuple[NDArray[np.int64], Applications] | None:
        assert longest <= Limits().max_bytes
        if len(rows) < 20:
            return None
        taken.append(len(rows))
        some = rows[::3]
        events = [
            msgspec.json.decode(raws[row] or b"", type=LoanApplication) for row in some.tolist()
        ]
        return some, of_events(events)

    monkeypatch.setattr(decoding, "read_flat", take_some)
    raws = [as_bytes(id=row, loan_amnt=row + 1) for row in range(30)]
    # Left twice: 0, 3, 6, ... are taken first, then 1, 5, 10, ...
    raws[2] = raws[8] = b"{"
    sound = [row for row in range(30) if row not in {2, 8}]
    decoded = decode(raws, limits=Limits())
    assert taken == [30, 20]
    assert decoded.rows.tolist() == sound
    assert decoded.applications.texts["id"].tolist() == sound
    amounts = decoded.applications.numbers[NUMBERS.index("loan_amnt")]
    assert amounts.tolist() == [row + 1 for row in sound]
    assert [reject.row for reject in decoded.rejects] == [2, 8]


_KEYS = st.sampled_from(["id", "dti", "loan_amnt", "x", "xx", "last_fico_range_high", "a_very_"])
_VALUES = st.sampled_from(
    ["1", '"text"', '"a: b"', r'"\": \""', "null", '{"id": 1}', '[{"x": 1, "x": 2}]', '"\\u00e9"']
)
_COLONS = st.sampled_from([":", ": ", " :", "\n:\t"])


@st.composite
def _objects(draw: st.DrawFn) -> bytes:
    members = draw(st.lists(st.tuples(_KEYS, _COLONS, _VALUES), max_size=7))
    return ("{" + ",".join(f'"{k}"{c}{v}' for k, c, v in members) + "}").encode()


def _repeats(raw: bytes) -> bool:
    found = False

    def look(pairs: list[tuple[str, Any]]) -> None:
        nonlocal found
        found |= len({key for key, _ in pairs}) < len(pairs)

    json.loads(raw, object_pairs_hook=look)
    return found


@settings(max_examples=300)
@given(st.lists(_objects(), max_size=40))
def test_repeated_keys_are_found_whatever_the_neighbours_are(raws: list[bytes]) -> None:
    """The plain parser is the oracle."""
    decoded = decode(raws, limits=Limits())
    found = {r.row for r in decoded.rejects if r.code is RejectCode.DUPLICATE_KEY}
    assert found == {row for row, raw in enumerate(raws) if _repeats(raw)}
    for row, raw in enumerate(raws):
        alone = decode([raw], limits=Limits()).rejects
        assert [r.code for r in alone] == [r.code for r in decoded.rejects if r.row == row]


def test_a_repeated_key_is_found_among_hundreds_of_like_events() -> None:
    events = [as_bytes(id=number) for number in range(300)]
    for position, field in ((7, b'"dti": '), (150, b'"id": '), (299, b'"revol_bal": ')):
        # In the place of another key, so that neither the number of keys nor their order tells.
        events[position] = events[position].replace(b'"total_acc": ', field)
    codes = {r.row: r.code for r in decode(events, limits=Limits()).rejects}
    assert codes == dict.fromkeys((7, 150, 299), RejectCode.DUPLICATE_KEY)


def test_random_bytes_are_refused_and_never_raise() -> None:
    chance = random.Random(20260301)
    raws = [chance.randbytes(chance.randrange(200)) for _ in range(500)]
    raws += [bytes(chance.choices(b'{}[]",:\\u0e-+.tfn ', k=40)) for _ in range(2_000)]
    for _ in range(1_000):
        cut = bytearray(_TEXT)
        for _ in range(chance.randrange(1, 6)):
            cut[chance.randrange(len(cut))] = chance.randrange(256)
        raws.append(bytes(cut))
    verdicts = judge_all(raws)
    rows = [*verdicts.decided["row"].tolist(), *(reject.row for reject in verdicts.rejects)]
    assert sorted(rows) == list(range(len(raws)))
    assert RejectCode.INTERNAL not in {reject.code for reject in verdicts.rejects}
