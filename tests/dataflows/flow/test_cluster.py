"""Which process of the cluster this is, as Bytewax itself reads it."""

from __future__ import annotations

import pytest

from dataflows.flow.cluster import ClusterPlace, place_of
from lakehouse.errors import SettingsInvalid

TWO = "127.0.0.1:9001;127.0.0.1:9002"


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["dataflows.score"], {}, ClusterPlace(0, 1)),
        (["dataflows.score", "-w", "2", "-s", "5"], {}, ClusterPlace(0, 1)),
        (["dataflows.score", "-i", "1", "-a", TWO], {}, ClusterPlace(1, 2)),
        (["dataflows.score", "--process-id", "0", "--addresses", TWO], {}, ClusterPlace(0, 2)),
        (
            ["dataflows.score"],
            {"BYTEWAX_PROCESS_ID": "1", "BYTEWAX_ADDRESSES": TWO},
            ClusterPlace(1, 2),
        ),
    ],
)
def test_the_place_is_what_the_engine_was_told(
    arguments: list[str], environment: dict[str, str], expected: ClusterPlace
) -> None:
    assert place_of(arguments, environment) == expected


def test_a_process_beyond_the_addresses_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="process 2 is none of the 2"):
        place_of(["-i", "2", "-a", TWO], {})


def test_only_the_first_process_leads() -> None:
    assert [ClusterPlace(index, 3).leads for index in range(3)] == [True, False, False]
