"""The events that `produce` sends: from a file or the simulator, a batch at a time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from dataflows.files.columns import ANYTHING, Needs
from dataflows.sources.files import FileReader, open_files
from dataflows.sources.urls import FileSource, SimSource, Source
from lakehouse.errors import SettingsInvalid
from lakehouse.kafka.address import KafkaSource
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.simulator import Simulator

MAX_RECORDS: Final = 1_000
MAX_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Feed:
    """Events to send.

    Attributes
    ----------
    batches
        Never empty ones; nothing after the limit.
    rate
        Events a second; 0 is without limit.
    total
        How many events there will be, at most; ``None`` when unknown.
    said
        How each file is read, for people.
    """

    batches: Iterator[list[bytes]]
    rate: float
    total: int | None
    share_read: Callable[[], float | None]
    said: tuple[str, ...] = ()

    def share(self, sent: int) -> float | None:
        """Return how much is done, 0 to 1; ``None`` when unknown."""
        return min(1.0, sent / self.total) if self.total else self.share_read()


def open_feed(
    source: Source,
    *,
    limit: int | None,
    rate: float | None,
    clock: Callable[[], datetime],
    needs: Needs = ANYTHING,
) -> Feed:
    """Open what is to be sent.

    Parameters
    ----------
    limit
        The most events to send; ``None`` is all of them.
    rate
        Events a second; ``None`` is the simulator's own rate, or no limit for a file.
    clock
        The present instant, for simulated events.
    needs
        The columns that a file must have.

    Raises
    ------
    SettingsInvalid
        The source is a topic, or a file that `dataflows.sources.files` refuses.
    """
    match source:
        case FileSource():
            return _from_files(open_files(source, needs=needs), limit, rate or 0.0)
        case SimSource():
            return _from_simulator(source, limit, source.rate if rate is None else rate, clock)
        case KafkaSource():
            raise SettingsInvalid(f"SOURCE is a topic, {source}: expected a file or sim://")


def _from_files(readers: Sequence[FileReader], limit: int | None, rate: float) -> Feed:
    lengths = [reader.length_known for reader in readers]
    known = [length for length in lengths if length is not None]
    whole = [sum(known)] if len(known) == len(lengths) else []
    totals = [total for total in (limit, *whole) if total is not None]
    records = (values for reader in readers for values in _records(reader))
    return Feed(
        _limited(records, limit),
        rate,
        min(totals, default=None),
        lambda: _share_read(readers),
        tuple(reader.said for reader in readers),
    )


def _share_read(readers: Sequence[FileReader]) -> float:
    """Return how much of the files' bytes has been read."""
    size = sum(reader.size for reader in readers)
    return sum(reader.share_read * reader.size for reader in readers) / size if size else 1.0


def _records(reader: FileReader) -> Iterator[list[bytes]]:
    """Yield a file's records; a CSV's own lines around them are no events and stay here."""
    for batch in reader.read(0, max_records=MAX_RECORDS, max_bytes=MAX_BYTES):
        if not batch.foreign:
            yield batch.values
            continue
        records = [value for row, value in enumerate(batch.values) if row not in batch.foreign]
        if records:
            yield records


def _limited(batches: Iterator[list[bytes]], limit: int | None) -> Iterator[list[bytes]]:
    left = limit
    for values in batches:
        if left is None:
            yield values
            continue
        yield values[:left]
        left -= len(values)
        if left <= 0:
            return


def _from_simulator(
    source: SimSource, limit: int | None, rate: float, clock: Callable[[], datetime]
) -> Feed:
    totals = [total for total in (limit, source.limit) if total is not None]
    total = min(totals, default=None)
    simulator = Simulator(
        load_simulation_parameters(),
        seed=source.seed,
        scenario=source.scenario,
        started_at=clock(),
        rate_per_second=rate,
    )
    return Feed(_limited(_simulated(simulator, rate, clock), total), rate, total, lambda: None)


def _simulated(
    simulator: Simulator, rate: float, clock: Callable[[], datetime]
) -> Iterator[list[bytes]]:
    """Yield events without end, each with the instant at which it is due as its event time."""
    began = clock()
    for start in count(0, MAX_RECORDS):
        first = began + timedelta(seconds=start / rate) if rate else clock()
        interval = timedelta(seconds=1 / rate) if rate else timedelta()
        times = [first + interval * index for index in range(MAX_RECORDS)]
        yield simulator.events(start, MAX_RECORDS, event_times=times)
