"""The challengers' part: scored after the answers are out, in batches of their own, and counted."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from datetime import datetime
from typing import Final

import msgspec
import numpy as np
import structlog

from risk.contract import Limits
from risk.judge import Rules, judge
from serving.metrics import CHALLENGED
from serving.scoring import Judged

__all__ = ["Shadow"]

AFTER_SECONDS: Final = 0.02
AT_ONCE: Final = 64
MOST_WAITING: Final = 4_096
"""Applications: enough for a second at full load; beyond it answering goes first."""

log = structlog.get_logger()


class Shadow:
    """Score what was answered by the challengers too: counted, never part of an answer.

    Applications wait a moment, so that their answers are out before the loop is busy again, and
    so that small batches make a larger one.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[tuple[Rules, bytes, datetime]] = deque()
        self._is_due = False

    def take(self, judged: Judged) -> None:
        """Remember a batch; with too many waiting it is counted as skipped instead."""
        rules = judged.rules
        if not rules.challengers:
            return
        if len(self._waiting) + len(judged.raws) > MOST_WAITING:
            for challenger in rules.challengers:
                CHALLENGED.labels(challenger.version, "skipped").inc(len(judged.raws))
            return
        self._waiting.extend((rules, raw, judged.judged_at) for raw in judged.raws)
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(AFTER_SECONDS, self._score_next)

    def _score_next(self) -> None:
        self._is_due = False
        rules, raws, instants = self._batch()
        if self._waiting:
            self._is_due = True
            delay = 0.0 if len(self._waiting) >= AT_ONCE else AFTER_SECONDS
            asyncio.get_running_loop().call_later(delay, self._score_next)
        try:
            received_at = np.array(instants, dtype="datetime64[us]")
            verdicts = judge(raws, rules=rules, received_at=received_at, limits=self._limits)
        except Exception as error:  # noqa: BLE001  (a challenger must not harm the service)
            log.warning("challengers_failed", error=type(error).__name__, events=len(raws))
            return
        _count(verdicts.decided["challengers"].tolist())

    def _batch(self) -> tuple[Rules, list[bytes], list[datetime]]:
        """Take the next applications that were answered by the same rules."""
        rules = self._waiting[0][0]
        raws: list[bytes] = []
        instants: list[datetime] = []
        while self._waiting and self._waiting[0][0] is rules and len(raws) < AT_ONCE:
            _, raw, judged_at = self._waiting.popleft()
            raws.append(raw)
            instants.append(judged_at.replace(tzinfo=None))
        return rules, raws, instants


def _count(texts: list[str]) -> None:
    counts = Counter(
        (version, "failed" if pd is None else "scored")
        for text in texts
        for version, pd in msgspec.json.decode(text).items()
    )
    for (version, outcome), number in counts.items():
        CHALLENGED.labels(version, outcome).inc(number)
