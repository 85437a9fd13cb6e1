"""Waiting for a condition: never longer than it takes, and never for ever."""

import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_not_result, stop_after_delay, wait_fixed

T = TypeVar("T")


class NotInTimeError(AssertionError):
    """The condition did not hold in time."""


def until(
    condition: Callable[[], T], *, what: str, seconds: float = 20.0, every: float = 0.01
) -> T:
    """Return what the condition gives as soon as that is true; what it raises passes through."""
    looking = Retrying(
        retry=retry_if_not_result(bool), stop=stop_after_delay(seconds), wait=wait_fixed(every)
    )
    try:
        return looking(condition)
    except RetryError as exc:
        raise NotInTimeError(f"not {what} within {seconds:g} s") from exc


def until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the process answers HTTP, whatever it answers; fail with its log if it ends."""

    def answers() -> bool:
        assert process.poll() is None, f"the server ended:\n{log.read_text(encoding='utf-8')}"
        try:
            urllib.request.urlopen(f"http://{address}/healthz", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    until(answers, what=f"answering on {address}", seconds=60.0, every=0.05)
