"""Tell which process of the cluster this is; Bytewax gets that from its command line only.

Several processes share a pipeline: `-i 0 -a "host:port;host:port"` on one, `-i 1` on the next, and
so on. Process 0 claims the pipeline and records where partitions begin. The others read both.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lakehouse.errors import SettingsInvalid


@dataclass(frozen=True, slots=True)
class ClusterPlace:
    """Process `index` of `count`, from 0."""

    index: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process claims the pipeline for all of them."""
        return self.index == 0


def place_of(arguments: Sequence[str], environment: Mapping[str, str]) -> ClusterPlace:
    """Read the place as ``bytewax.run`` does: from its options, else from its variables.

    Raises
    ------
    SettingsInvalid
        The process is none of those whose addresses are given.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(
        "-i", "--process-id", type=int, default=int(environment.get("BYTEWAX_PROCESS_ID", "0"))
    )
    parser.add_argument("-a", "--addresses", default=environment.get("BYTEWAX_ADDRESSES", ""))
    known, _ = parser.parse_known_args(list(arguments))
    count = len([each for each in known.addresses.split(";") if each.strip()]) or 1
    if not 0 <= known.process_id < count:
        raise SettingsInvalid(
            f"process {known.process_id} is none of the {count} whose addresses are given; "
            f"expected -i 0 to {count - 1}, and the same -a on each"
        )
    return ClusterPlace(known.process_id, count)
