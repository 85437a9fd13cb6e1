"""The rules in force: asked for at each batch, so that a change takes effect between two."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from risk.judge import Rules
    from risk.reference import ReferenceTables

LOOK_EVERY_SECONDS = 2.0


class RulesInForce:
    """Rules whose reference tables are looked at again every two seconds.

    Parameters
    ----------
    rules
        What holds at first.
    current_reference
        Takes the tables in force, returns them or their replacement.
    clock
        Seconds that never go back.
    """

    def __init__(
        self,
        rules: Rules,
        current_reference: Callable[[ReferenceTables], ReferenceTables],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._current_reference = current_reference
        self._lock = threading.Lock()
        self._clock = clock
        self._looked_at = clock()

    def __call__(self) -> Rules:
        """Return the rules in force now."""
        if self._clock() - self._looked_at > LOOK_EVERY_SECONDS and self._lock.acquire(
            blocking=False
        ):
            try:
                reference = self._current_reference(self._rules.reference)
                if reference is not self._rules.reference:
                    self._rules = replace(self._rules, reference=reference)
                self._looked_at = self._clock()
            finally:
                self._lock.release()
        return self._rules
