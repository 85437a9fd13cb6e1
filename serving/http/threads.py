"""Threads for work that waits, with a limit on how much may queue for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.http.problems import Problem

T = TypeVar("T")


class Threads:
    """A pool of threads beside the event loop.

    Parameters
    ----------
    most_waiting
        How many calls may be running or waiting at once; one more is refused.
    """

    def __init__(self, name: str, count: int, *, most_waiting: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._most_waiting = most_waiting
        self._waiting = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns.

        Raises
        ------
        Problem
            503 ``busy``: too many wait already.
        """
        if self._waiting >= self._most_waiting:
            raise Problem(
                503,
                "busy",
                "too many requests of this kind are being answered at once; try again",
                headers={"retry-after": "1"},
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def close(self, *, last: Callable[[], object] | None = None) -> None:
        """Start no more work; with `last`, wait for running work, then do that."""
        if last is not None:
            self._pool.submit(last)
        self._pool.shutdown(wait=last is not None, cancel_futures=last is None)
