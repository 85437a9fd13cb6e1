"""What a broken or hostile producer sends, and what must become of each of it."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.risk.applications import as_bytes

PASSES = None


def _with(**changes: Any) -> bytes:
    return as_bytes(event_time=_now(), **changes)


def _now(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def _raw(field: str, literal: str, **changes: Any) -> bytes:
    """Return an event with a field written just so, which no JSON library would."""
    event = _with(**{field: "@@"}, **changes)
    return event.replace(b'"@@"', literal.encode())


def poison(first_id: int) -> list[tuple[str, bytes | None, str | None]]:
    """Return (what it is, its bytes, the code it must be refused with or None), ids ascending."""
    numbers = iter(range(first_id, first_id + 1_000))

    def event(**changes: Any) -> bytes:
        return _with(id=next(numbers), **changes)

    def literal(field: str, text: str) -> bytes:
        return _raw(field, text, id=next(numbers))

    fine = event()
    return [
        ("tombstone", None, "tombstone"),
        ("empty", b"", "empty"),
        ("white space", b" \n", "empty"),
        ("invalid JSON", b'{"id": 1, "loan_amnt": }', "malformed_json"),
        ("truncated JSON", fine[:-20], "malformed_json"),
        ("NaN", literal("dti", "NaN"), "malformed_json"),
        ("Infinity", literal("loan_amnt", "Infinity"), "malformed_json"),
        ("an array", b"[1, 2]", "not_an_object"),
        ("a number", b"17", "not_an_object"),
        ("invalid UTF-8", fine.replace(b"RENT", b"RE\xffT"), "encoding"),
        ("invalid UTF-8 in a field nobody reads", fine[:-1] + b', "x": "\xff"}', "encoding"),
        ("byte order mark", b"\xef\xbb\xbf" + fine, "encoding"),
        ("UTF-16", fine.decode().encode("utf-16"), "encoding"),
        ("UTF-16 without a mark", fine.decode().encode("utf-16-le"), "encoding"),
        ("gzip", gzip.compress(fine), "encoding"),
        ("1 MB", event(desc="x" * 1_100_000), "too_large"),
        ("10 MB", event(desc="x" * 10_000_000), "too_large"),
        ("nesting of 100,000", event()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
         "too_deep"),
        ("5,000 digits", literal("loan_amnt", "9" * 5_000), "out_of_range"),
        ("1e400", literal("annual_inc", "1e400"), "out_of_range"),
        ("negative amount", event(loan_amnt=-1.0), "out_of_range"),
        ("zero amount", event(loan_amnt=0.0), "out_of_range"),
        ("beyond the bound", event(loan_amnt=1e12), "out_of_range"),
        ("negative income", event(annual_inc=-1.0), "out_of_range"),
        ("a rate of 900 %", event(int_rate="900%"), "out_of_range"),
        ("a first credit line in 2090", event(earliest_cr_line="Apr-2090"), "out_of_range"),
        ("bool as number", event(loan_amnt=True), "wrong_type"),
        ("words as number", event(loan_amnt="fifteen thousand"), "wrong_type"),
        ("list as scalar", event(purpose=["car"]), "wrong_type"),
        ("dict as scalar", event(dti={"value": 3}), "wrong_type"),
        ("null required", event(loan_amnt=None), "missing_field"),
        ("no id", _with(id=None), "missing_field"),
        ("duplicate key", event()[:-1] + b', "loan_amnt": 5}', "duplicate_key"),
        ("duplicate key, escaped", event()[:-1] + b', "loan\\u005famnt": 5}', "duplicate_key"),
        ("NUL in text", event(purpose="credit\0card"), "unreadable_text"),
        ("a lone surrogate", literal("purpose", r'"\ud800"'), "unreadable_text"),
        ("10,000 characters in a kept field", event(purpose="x" * 10_000), "unreadable_text"),
        ("the year 1", as_bytes(id=next(numbers), event_time="0001-01-01T00:00:00+00:00"),
         "event_time_out_of_range"),
        ("the year 9999", as_bytes(id=next(numbers), event_time="9999-12-31T23:59:59+00:00"),
         "event_time_out_of_range"),
        ("an hour ahead", as_bytes(id=next(numbers), event_time=_now(hours=1)),
         "event_time_ahead"),
        ("without zone", as_bytes(id=next(numbers), event_time="2026-03-01T12:00:00"),
         "wrong_format"),
        ("unknown fields", event(favourite_colour="blue", nested={"deep": [1, 2]}), PASSES),
        ("emoji", event(purpose="\N{MONEY-MOUTH FACE}"), PASSES),
        ("right-to-left text", event(purpose="קניית רכב"), PASSES),
        ("SQL", event(purpose="'; drop table silver.decisions; --"), PASSES),
        ("HTML", event(purpose="<script>alert(1)</script>"), PASSES),
        ("a spreadsheet formula", event(purpose="=cmd|'/c calc'!A1"), PASSES),
        ("10,000 characters in a field nobody keeps", event(desc="x" * 10_000), PASSES),
        ("a two-digit year", event(earliest_cr_line="Nov-08"), PASSES),
        ("number as string", event(loan_amnt="15000"), PASSES),
        ("an integer where a fraction was", event(annual_inc=34_221), PASSES),
    ]  # fmt: skip


def neighbours(first_id: int, count: int) -> list[bytes]:
    """Return good events, one to stand between every two of the poisoned."""
    return [_with(id=first_id + index) for index in range(count)]
