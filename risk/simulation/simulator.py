"""Realistic synthetic loan applications and their outcomes, with drift to detect.

Everything is a function of the seed and the index. Block `k` of a thousand events draws from
generators seeded with ``(seed, k)``. So any slice can be made, in any order, and the same seed
gives the same bytes (with the same NumPy). Only the last blocks used are kept in memory.

The distribution is `risk.simulation.parameters.SimulationParameters`. The steps are the modules
`draw` (copula), `bureau` (fields), `outcomes` (fates), `noise` (the feed) and `wire` (JSON).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError
from risk.frame.frame import Frame, concat, take
from risk.simulation.bureau import Bureau
from risk.simulation.calendar import Calendar
from risk.simulation.draw import ApplicationModel
from risk.simulation.frames import application_frame, outcome_frame
from risk.simulation.noise import CONFLICT, KINDS, TRUNCATED, Noise, SendingPlan
from risk.simulation.outcomes import OutcomeModel, observe
from risk.simulation.parameters import SimulationParameters, month_number
from risk.simulation.scenarios import SCENARIOS
from risk.simulation.wire import encode

BLOCK = 1_000
_BLOCKS_KEPT = 2
_ID_SPACES = 9_000
_ID_SPACE = 10**12


@dataclass(frozen=True, slots=True)
class Drift:
    """Between which indexes a scenario's drift grows from nothing to its full strength."""

    begins_at: int = 2_000
    full_at: int = 10_000

    def strength(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the strength, 0 to 1, at each index."""
        span = max(self.full_at - self.begins_at, 1)
        return np.clip((np.arange(first, first + count) - self.begins_at) / span, 0.0, 1.0)


@dataclass(slots=True)
class _Block:
    """A thousand events: the loan each carries, how it is sent, and its JSON once it was made."""

    loans: Frame
    feed: SendingPlan
    ids: NDArray[np.int64]
    bodies: list[bytes] | None = None


class Simulator:
    """A stream of application events, random access by index.

    Parameters
    ----------
    parameters
        The fitted distribution.
    seed
        Whole number, not negative. The same seed gives the same applications, outcomes and noise.
    scenario
        One of `SCENARIOS`.
    started_at
        Instant of event 0, with its zone.
    rate_per_second
        Events a second, for `event_time`; 0 has all of them happen at `started_at`.
    noise
        Shares of repeats, gaps, dialects and malformed events.
    drift
        Where the scenario sets in.
    vintages
        Weights of months of origination, "2014-07", instead of the fitted ones. Under a `Calendar`
        these come in order, and each event happens within its month, whatever `started_at` and
        `rate_per_second` say.

    Raises
    ------
    ModelError
        The scenario or a month is unknown, or `started_at` has no zone.
    """

    def __init__(
        self,
        parameters: SimulationParameters,
        *,
        seed: int,
        scenario: str = "none",
        started_at: datetime,
        rate_per_second: float,
        noise: Noise | None = None,
        drift: Drift | None = None,
        vintages: Mapping[str, float] | Calendar | None = None,
    ) -> None:
        if scenario not in SCENARIOS:
            raise ModelError(
                f"scenario {scenario!r} is not known: expected one of {', '.join(SCENARIOS)}"
            )
        if started_at.tzinfo is None:
            raise ModelError("started_at has no zone: expected an instant, such as one in UTC")
        self._calendar = vintages if isinstance(vintages, Calendar) else None
        months = parameters.vintages if vintages is None else vintages
        if isinstance(months, Calendar):
            months = months.vintages
        for month in months:
            if month not in parameters.vintages:
                raise ModelError(
                    f"vintage {month!r} is not known: expected months of {parameters.years[0]}-01 "
                    f"to {parameters.years[-1]}-12"
                )
        self._seed = seed
        self._scenario = SCENARIOS[scenario]
        self._started_at = started_at.astimezone(UTC)
        self._rate = rate_per_second
        self._noise = noise or Noise()
        self._drift = drift or Drift()
        self._snapshot = month_number(parameters.snapshot)
        self._applications = ApplicationModel(parameters, self._scenario, months)
        self._bureau = Bureau(parameters)
        self._fates = OutcomeModel(parameters.outcomes, parameters.years, self._scenario)
        self._blocks: dict[int, _Block] = {}

    def events(
        self, start: int, count: int, event_times: Sequence[datetime] | None = None
    ) -> list[bytes]:
        """Return the events `start` to `start + count`, each a JSON object in UTF-8.

        Parameters
        ----------
        event_times
            What the events say for `event_time`, one instant each; by default as `rate_per_second`
            has it, or the calendar.
        """
        stamps = self._stamps(start, count) if event_times is None else _iso(event_times)
        if len(stamps) != count:
            raise ModelError(f"event_times: expected {count} instants, found {len(stamps)}")
        events: list[bytes] = []
        for block, rows in self._slices(start, count):
            position = len(events)
            for body, kind, stamp in zip(
                self._bodies(block)[rows],
                block.feed.kind[rows].tolist(),
                stamps[position : position + rows.stop - rows.start],
                strict=True,
            ):
                events.append(body if kind == _CUT else b"".join((body, _BEFORE, stamp, _AFTER)))
        return events

    def applications(self, start: int, count: int) -> Frame:
        """Return the applications behind those events, clean and before the feed's noise.

        One row per event, so an event that repeats another has the same row, and a malformed one
        the application it was meant to carry. The columns of
        `risk.contract.application.APPLICATION_COLUMNS`, and ``kind``, one of `KINDS`.
        """
        frames: list[Frame] = []
        event_at = self.instants(start, count)
        for block, rows in self._slices(start, count):
            size = rows.stop - rows.start
            frame = application_frame(take(block.loans, rows), block.ids[rows], event_at[:size])
            frames.append(frame | {"kind": _KIND_NAMES[block.feed.kind[rows]]})
            event_at = event_at[size:]
        return concat(frames)

    def outcomes(self, start: int, count: int, *, observed_on: date | None = None) -> Frame:
        """Return what became of the loans of the original, well-formed events of that range.

        Parameters
        ----------
        observed_on
            The books are those of the end of its month; by default of the parameters' snapshot,
            which is also what the outcome columns inside events tell.

        Returns
        -------
        Frame
            See `risk.simulation.frames.outcome_frame`. Loans not issued by then are left out.
        """
        month = self._snapshot if observed_on is None else month_number(f"{observed_on:%Y-%m}")
        frames = []
        for block, rows in self._slices(start, count):
            is_wanted = (block.feed.kind == 0) & (block.loans["origin.month"] <= month)
            chosen = np.flatnonzero(is_wanted[rows]) + rows.start
            frames.append(outcome_frame(take(block.loans, chosen), block.ids[chosen], month))
        return concat(frames)

    def _slices(self, start: int, count: int) -> Iterator[tuple[_Block, slice]]:
        """Yield the blocks that the range touches, each with its rows that are in the range."""
        position, end = start, start + count
        while position < end:
            number, first = divmod(position, BLOCK)
            stop = min(BLOCK, first + end - position)
            yield self._block(number), slice(first, stop)
            position += stop - first

    def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            while len(self._blocks) >= _BLOCKS_KEPT:
                del self._blocks[next(iter(self._blocks))]
            self._blocks[number] = self._make(number)
        return self._blocks[number]

    def _make(self, number: int) -> _Block:
        # Each concern has a generator of its own: other noise leaves the applications as they are.
        drawing, fields, fates, sending = (
            np.random.default_rng([self._seed, number, concern]) for concern in range(4)
        )
        first = number * BLOCK
        strength = self._drift.strength(first, BLOCK)
        months = None if self._calendar is None else self._calendar.months(first, BLOCK)
        loans = self._applications.draw(drawing, strength, months)
        self._bureau.complete(loans, fields)
        self._fates.draw(loans, fates, strength)
        feed = SendingPlan(self._noise, sending, strength)
        loans = take(loans, feed.source)
        _alter(loans, feed.rows_of(CONFLICT))
        space = (1 + self._seed % _ID_SPACES) * _ID_SPACE
        return _Block(loans, feed, space + first + feed.source)

    def _bodies(self, block: _Block) -> list[bytes]:
        if block.bodies is None:
            sent = block.loans | observe(block.loans, self._snapshot)
            bodies = encode(sent, block.feed, block.ids, self._scenario)
            for row in block.feed.rows_of(TRUNCATED).tolist():
                share = 0.1 + 0.8 * block.feed.variant[row]
                bodies[row] = bodies[row][: int(share * len(bodies[row]))]
            block.bodies = bodies
        return block.bodies

    def instants(self, start: int, count: int) -> NDArray[np.datetime64]:
        """Return when those events happen (UTC, microseconds)."""
        if self._calendar is not None:
            return self._calendar.instants(start, count)
        began = np.datetime64(self._started_at.replace(tzinfo=None), "us")
        late = np.zeros(count) if self._rate == 0 else np.arange(start, start + count) / self._rate
        return np.asarray(began + np.rint(late * 1e6).astype("timedelta64[us]"))

    def _stamps(self, start: int, count: int) -> list[bytes]:
        texts = np.datetime_as_string(self.instants(start, count), unit="us").tolist()
        return [f"{text}+00:00".encode() for text in texts]


def _iso(moments: Sequence[datetime]) -> list[bytes]:
    return [m.astimezone(UTC).isoformat("T", "microseconds").encode() for m in moments]


def _alter(loans: Frame, rows: NDArray[np.int64]) -> None:
    """Let the applicants of these rows have corrected their income, by a quarter."""
    loans["annual_inc"][rows] = np.rint(loans["annual_inc"][rows] / 80) * 100


_KIND_NAMES = np.array(KINDS, dtype=object)
_CUT = KINDS.index(TRUNCATED)
_BEFORE, _AFTER = b', "event_time": "', b'"}'
