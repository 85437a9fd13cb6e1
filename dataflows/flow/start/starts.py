"""Determine where each partition of a run starts, and record the starts that are new."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from dataflows.flow.start.file_numbers import numbered
from dataflows.flow.start.positions import Start, start_of, stored_name
from dataflows.flow.start.skips import Skip
from dataflows.sources.partitions import Partition
from lakehouse.gold.appender import last_offs
from lakehouse.gold.writer import GoldWriter
from lakehouse.settings.settings import Settings
from lakehouse.silver import claims
from lakehouse.silver.claims import Progress
from lakehouse.silver.losses import losses

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PlacedPartition:
    """A partition, the name of its topic in the stores, and where it starts."""

    partition: Partition
    topic: str
    start: Start

    @property
    def key(self) -> str:
        """The name of the partition in messages and in the engine."""
        return f"{self.topic}/{self.partition.part}"


def find_starts(
    settings: Settings,
    dsn: str,
    token: int | None,
    partitions: Sequence[Partition],
    gold: Mapping[str, GoldWriter],
    *,
    ask_again: Callable[[], Sequence[Partition]] | None = None,
) -> list[PlacedPartition]:
    """Find where each partition starts; record first starts, and what is skipped.

    Parameters
    ----------
    token
        The claim on the pipeline; ``None`` in a process that goes along and records nothing.
    ask_again
        Asks the source again what it holds. Between the first answer and our claim, the earlier
        instance may have read beyond the end of that time.

    Raises
    ------
    PositionLost, StoresDisagree
        A partition cannot go on from where the stores are.
    """
    known = claims.positions(dsn, settings.pipeline)
    partitions = numbered(partitions, known)
    names = _names(settings, partitions, known)
    if ask_again is not None and any(_is_passed(each, names, known) for each in partitions):
        partitions = numbered(ask_again(), known)
    slots = [(names[partition.topic], partition.part) for partition in partitions]
    in_gold = last_offs(gold, slots)
    skipped = losses(dsn)
    placed = []
    for partition, slot in zip(partitions, slots, strict=True):
        start = start_of(
            partition.key,
            low=partition.low,
            high=partition.high,
            progress=known.get(slot),
            in_gold=in_gold[slot],
            may_skip=bool(settings.allow_position_loss),
            known_losses=[
                each.offsets
                for each in skipped
                if (each.pipeline, each.topic, each.part) == (settings.pipeline, *slot)
            ],
        )
        placed.append(PlacedPartition(partition, slot[0], start))
        _say_if_gold_lacks(placed[-1], known.get(slot))
    if token is not None:
        skip = Skip(dsn, settings.pipeline, token, gold, settings.allow_position_loss)
        _give_up_old_topics(placed, known, skip)
        for each in placed:
            _record(settings, dsn, token, each, known, skip)
    return placed


def _say_if_gold_lacks(placed: PlacedPartition, progress: Progress | None) -> None:
    """Say what gold takes again: a few seconds' events after a kill, more if gold was restored."""
    if progress is not None and placed.start.off < progress.next_off:
        log.info(
            "gold_is_behind_silver",
            partition=placed.key,
            from_off=placed.start.off,
            to_off=progress.next_off,
            what="these events are read again for gold; silver holds them and stays as it is",
        )


def _is_passed(
    partition: Partition,
    names: Mapping[str, str],
    known: Mapping[tuple[str, int], Progress],
) -> bool:
    progress = known.get((names[partition.topic], partition.part))
    if progress is None or partition.high is None:
        return False
    return progress.next_off > partition.high


def _names(
    settings: Settings,
    partitions: Sequence[Partition],
    known: Mapping[tuple[str, int], Progress],
) -> dict[str, str]:
    ids: dict[str, str | None] = {}
    for (topic, _), progress in known.items():
        ids[topic] = ids.get(topic) or progress.topic_id
    return {
        partition.topic: stored_name(
            partition.topic,
            partition.topic_id,
            ids,
            may_skip=bool(settings.allow_position_loss),
        )
        for partition in partitions
    }


def _give_up_old_topics(
    placed: Sequence[PlacedPartition], known: Mapping[tuple[str, int], Progress], skip: Skip
) -> None:
    """Give up what was not read of earlier topics with the name of a new one."""
    new = {each.partition.topic: each.topic for each in placed if each.start.is_first}
    for (topic, part), progress in known.items():
        source = topic.partition("@")[0]
        if "@" in new.get(source, "") and topic != new[source]:
            skip.rest_of(topic, part, progress)


def _record(
    settings: Settings,
    dsn: str,
    token: int,
    placed: PlacedPartition,
    known: Mapping[tuple[str, int], Progress],
    skip: Skip,
) -> None:
    """Keep a partition's first start, which topic or file it is, and a loss that was allowed."""
    partition, part = placed.partition, placed.partition.part
    progress = known.get((placed.topic, part))
    identity = partition.topic_id if partition.file is None else str(partition.file)
    if progress is None or (progress.topic_id is None and identity is not None):
        claims.record_start(
            dsn,
            settings.pipeline,
            token,
            topic=placed.topic,
            part=part,
            start_off=placed.start.off,
            topic_id=identity,
        )
    if progress is not None and placed.start.is_ahead_of_gold:
        skip.to_start(placed.topic, part, progress, placed.start)
