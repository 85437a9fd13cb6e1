from __future__ import annotations

import pytest

from tests.dataflows.flow_cases import a_micro_batch


@pytest.mark.parametrize(("off", "raw"), [(3, b"a"), (7, None), (9, b"c")])
def test_an_events_bytes_are_found_by_its_offset_although_offsets_have_holes(
    off: int, raw: bytes | None
) -> None:
    batch = a_micro_batch(b"a", None, b"c", first_off=2, offsets=[3, 7, 9])
    assert batch.raw_of(off) == raw


def test_a_batch_is_as_long_as_it_has_events() -> None:
    assert len(a_micro_batch(b"a", None, first_off=10, offsets=[15, 20])) == 2
