import gc

import numpy as np
import pytest

from risk.ingest.event_buffer import Packed

MIB = 1 << 20


@pytest.mark.parametrize(
    "events",
    [
        [],
        [b""],
        [None],
        [b"a", None, b"", b"bcd"],
        [b"x" * 3 * MIB, b"y", b"", b"z" * MIB],
        [b"%d" % number * 999 for number in range(3_000)],
    ],
    ids=["none", "empty", "tombstone", "mixed", "long", "many"],
)
def test_events_come_out_as_they_went_in(events: list[bytes | None]) -> None:
    packed = Packed.of(events)
    assert list(packed) == events
    assert [packed[place] for place in range(len(packed))] == events
    assert packed[1:-1] == events[1:-1]
    assert packed[::-2] == events[::-2]
    assert (packed.sizes < 0).tolist() == [event is None for event in events]


def test_they_lie_end_to_end_in_pieces_of_about_a_megabyte() -> None:
    events = [bytes([number % 256]) * 4_000 for number in range(1_000)]
    packed = Packed.of([*events, None, b"y" * 5 * MIB])
    assert len(packed.pieces) > 4
    row = 0
    for piece in packed.pieces:
        assert len(piece.body) == piece.ends[-1] < MIB + 4_000 or len(piece.ends) == 2
        for start, end in zip(piece.ends[:-1], piece.ends[1:], strict=True):
            assert piece.body[start:end] == (packed[row] or b"")
            row += 1
    assert row == len(packed)


def test_what_is_packed_is_not_packed_again() -> None:
    packed = Packed.of([b"a"])
    assert Packed.of(packed) is packed
    assert Packed.joined([packed]) is packed


def test_joined_events_stay_where_they_are_and_live_as_long() -> None:
    parts = [Packed.of([b"a" * 100, None]), Packed.of([]), Packed.of([b"", b"c" * 2 * MIB])]
    starts = np.concatenate([part.starts for part in parts])
    joined = Packed.joined(parts)
    del parts
    gc.collect()
    assert joined.starts.tolist() == starts.tolist()
    assert list(joined) == [b"a" * 100, None, b"", b"c" * 2 * MIB]
    assert [*Packed.joined([])] == []


def test_a_place_that_is_not_there_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        Packed.of([b"a"])[1]
