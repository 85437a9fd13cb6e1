"""Check whether each dependency answers: on request, off the loop, at most once in 2 s."""

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

FRESH_SECONDS: Final = 2.0


class Readiness:
    """Ask every dependency, side by side, each for at most two seconds.

    Parameters
    ----------
    checks
        By name: returns when the dependency answers, raises otherwise.
    """

    def __init__(
        self,
        checks: Mapping[str, Callable[[], object]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._checks = checks
        self._clock = clock
        self._threads = ThreadPoolExecutor(max(1, len(checks)), thread_name_prefix="readiness")
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[dict[str, str]] | None = None

    async def look(self) -> dict[str, str]:
        """Return ``ok`` or what is wrong, by dependency; never older than 2 s."""
        is_stale = self._clock() - self._looked_at >= FRESH_SECONDS
        if self._looking is None or (self._looking.done() and is_stale):
            self._looking = asyncio.ensure_future(self._ask())
            self._looked_at = self._clock()
        return await asyncio.shield(self._looking)

    def close(self) -> None:
        """Wait for no check any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self) -> dict[str, str]:
        said = await asyncio.gather(*(self._ask_one(check) for check in self._checks.values()))
        return dict(zip(self._checks, said, strict=True))

    async def _ask_one(self, check: Callable[[], object]) -> str:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(loop.run_in_executor(self._threads, check), FRESH_SECONDS)
        except TimeoutError:
            return f"no answer within {FRESH_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001  (whatever it is, it does not answer)
            return f"does not answer: {getattr(error, 'code', None) or type(error).__name__}"
        return "ok"
