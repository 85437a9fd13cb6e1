"""The first decision on an event id stands, wherever and whenever the others come."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.arrow_schemas import DECISIONS
from lakehouse.gold.first_decisions import FirstDecisions
from tests.lakehouse.silver_cases import TOPIC, a_decision


def rows(*ids: str, first_off: int = 0, topic: str = TOPIC, content: int = 7) -> pa.Table:
    made = [
        a_decision(name, off, topic=topic, content_hash=content)
        for off, name in enumerate(ids, first_off)
    ]
    return pa.Table.from_pylist(made, schema=DECISIONS)


def offs(table: pa.Table) -> list[int]:
    found: list[int] = table["off"].to_pylist()
    return found


def test_a_repetition_within_a_batch_is_a_duplicate_of_its_first() -> None:
    stands, duplicates = FirstDecisions().split(rows("a", "b", "a", "a"), TOPIC, 0)
    assert offs(stands) == [0, 1]
    assert offs(duplicates) == [2, 3]
    assert duplicates["first_off"].to_pylist() == [0, 0]
    assert duplicates["is_conflict"].to_pylist() == [False, False]


def test_a_repetition_names_where_the_first_stands_and_whether_it_differs() -> None:
    first = FirstDecisions()
    first.add(rows("a", first_off=40, topic="elsewhere", content=1))
    stands, duplicates = first.split(rows("a", "b", content=2), TOPIC, 0)
    assert offs(stands) == [1]
    (told,) = duplicates.to_pylist()
    assert (told["first_topic"], told["first_part"], told["first_off"]) == ("elsewhere", 0, 40)
    assert told["is_conflict"]


def test_a_decision_that_is_handed_over_again_stands_again() -> None:
    first = FirstDecisions()
    first.split(rows("a", "b"), TOPIC, 0)
    stands, duplicates = first.split(rows("a", "b", "a"), TOPIC, 0)
    assert (offs(stands), offs(duplicates)) == ([0, 1], [2])
    assert len(first) == 2


@given(st.lists(st.lists(st.integers(0, 60), max_size=12), max_size=25))
def test_any_batches_come_to_what_a_dictionary_says(batches: list[list[int]]) -> None:
    first, known, off = FirstDecisions(), dict[int, int](), 0
    for batch in batches:
        stands, duplicates = first.split(rows(*map(str, batch), first_off=off), TOPIC, 0)
        expected = []
        for place, number in enumerate(batch, off):
            if known.setdefault(number, place) == place:
                expected.append(place)
        assert offs(stands) == expected
        assert duplicates["first_off"].to_pylist() == [
            known[batch[place - off]] for place in offs(duplicates)
        ]
        assert sorted(offs(stands) + offs(duplicates)) == list(np.arange(off, off + len(batch)))
        off += len(batch)
    assert len(first) == len(known)
