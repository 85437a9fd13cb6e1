from __future__ import annotations

import io
from itertools import count

from dataflows.sources.progress import seconds_left, told


def test_share_and_time_left_are_told_every_five_seconds() -> None:
    out = io.StringIO()
    seconds = count(0.0, 2.0)
    done = iter([0.25, 0.5, 0.75])
    items = list(told(range(9), lambda: next(done), to=out, clock=lambda: next(seconds)))
    assert items == list(range(9))
    assert out.getvalue().splitlines() == [
        "25% read, about 00:18 left",
        "50% read, about 00:12 left",
        "75% read, about 00:06 left",
    ]


def test_nothing_is_told_where_nothing_is_known() -> None:
    out = io.StringIO()
    seconds = count(0.0, 9.0)
    assert list(told([1, 2], lambda: None, to=out, clock=lambda: next(seconds))) == [1, 2]
    assert out.getvalue() == ""
    assert seconds_left(0.0, 5.0) is None
