"""Score on request: applications that arrive while a batch is judged form the next batch.

Judging one application costs almost as much as judging sixteen. So a request does not judge by
itself. It waits for the next turns of the event loop until one of them brings no more requests;
then all are judged at once, in the thread of the loop. It never waits for a clock. The answer to an
application does not depend on the others of its batch (`risk.decision.judge`).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from risk.contract.application import Limits, Reject
from risk.decision.judge import Rules, judge
from serving.decisions.schemas import Decision, decided_answers
from serving.http.metrics import BATCH_SIZE

LARGEST_BATCH: Final = 64

Outcome: TypeAlias = Decision | Reject


@dataclass(frozen=True, slots=True)
class AnsweredBatch:
    """A batch that was answered, with the challengers' results for its decisions."""

    outcomes: tuple[Outcome, ...]
    challengers: tuple[str | None, ...]


class Scorer:
    """Judge applications in batches, as the stream does.

    Parameters
    ----------
    rules
        Returns the rules in force, without waiting; asked once a batch.
    now
        The clock of the command.
    after
        Called with every batch once its answers are on their way; it must only take note.
    """

    def __init__(
        self,
        rules: Callable[[], Rules],
        limits: Limits,
        *,
        now: Callable[[], datetime],
        after: Callable[[AnsweredBatch], None],
    ) -> None:
        self._rules = rules
        self._limits = limits
        self._now = now
        self._after = after
        self._waiting: deque[tuple[bytes, asyncio.Future[Outcome]]] = deque()
        self._is_due = False
        self._seen = 0

    def score(self, raw: bytes) -> asyncio.Future[Outcome]:
        """Return what will hold the decision on an application, or why it is refused."""
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Outcome] = loop.create_future()
        self._waiting.append((raw, outcome))
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._judge_next)
        return outcome

    async def score_all(self, raws: Sequence[bytes]) -> list[Outcome]:
        """Score many, a batch at a time, so that others' single requests come in between."""
        outcomes: list[Outcome] = []
        for start in range(0, len(raws), LARGEST_BATCH):
            part = raws[start : start + LARGEST_BATCH]
            outcomes += await asyncio.gather(*map(self.score, part))
        return outcomes

    def _judge_next(self) -> None:
        if self._seen < len(self._waiting) < LARGEST_BATCH:
            # More came in during the last turn, so wait for one more turn.
            self._seen = len(self._waiting)
            asyncio.get_running_loop().call_soon(self._judge_next)
            return
        self._seen = 0
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
        self._is_due = bool(self._waiting)
        if self._is_due:
            asyncio.get_running_loop().call_soon(self._judge_next)
        try:
            judged = self._judge(tuple(raw for raw, _ in batch))
        except Exception as error:  # noqa: BLE001  (each request answers for itself)
            for _, outcome in batch:
                if not outcome.done():
                    outcome.set_exception(error)
            return
        for (_, outcome), found in zip(batch, judged.outcomes, strict=True):
            if not outcome.done():  # its client may have gone
                outcome.set_result(found)
        BATCH_SIZE.observe(len(batch))
        self._after(judged)

    def _judge(self, raws: tuple[bytes, ...]) -> AnsweredBatch:
        rules, judged_at = self._rules(), self._now()
        verdicts = judge(
            raws,
            rules=rules,
            received_at=judged_at,
            limits=self._limits,
        )
        found: dict[int, Outcome] = {reject.row: reject for reject in verdicts.rejects}
        found.update(decided_answers(verdicts.decided, rules.policy, judged_at))
        return AnsweredBatch(
            outcomes=tuple(found[row] for row in range(len(raws))),
            challengers=tuple(verdicts.decided["challengers"].tolist()),
        )
