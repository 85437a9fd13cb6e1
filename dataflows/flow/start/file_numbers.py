"""Give each file of a source a partition number, and keep it from then on.

The stores know a partition by its number. If files were numbered by the order of their names, a new
file in the middle would shift the numbers behind it, and the wrong positions would apply.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dataflows.files.identity import name_in
from dataflows.sources.partitions import Partition
from lakehouse.errors import PositionLost
from lakehouse.silver.claims import Progress


def numbered(
    partitions: Sequence[Partition], known: Mapping[tuple[str, int], Progress]
) -> list[Partition]:
    """Return the partitions, files under the numbers that the stores know them by.

    New files take the next numbers, in order. A number without a known name is from before names
    were kept; it belongs to the file at its place. A partition that is no file keeps its number.

    Parameters
    ----------
    partitions
        Of one source, in order.

    Raises
    ------
    PositionLost
        A file was replaced by another one of the same name.
    """
    topics = {partition.topic for partition in partitions}
    stored = {part: each.topic_id for (topic, part), each in known.items() if topic in topics}
    by_name = {name_in(each): part for part, each in stored.items() if each}
    free = max(stored, default=-1) + 1
    found = []
    for place, partition in enumerate(partitions):
        file = partition.file
        if file is None:
            found.append(partition)
            continue
        part = by_name.get(str(file.path))
        if part is None and place in stored and stored[place] is None:
            part = place
        if part is None:
            part, free = free, free + 1
        elif (before := stored[part]) is not None and not file.begins_as(before):
            raise PositionLost(
                f"{file.path}: the file was replaced: it does not begin as the one of this name "
                "that was read before. Restore that one, and give the new one a name of its own"
            )
        found.append(replace(partition, part=part))
    return found
