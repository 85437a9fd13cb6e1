"""What all commands share: a failure is one line with an exit code; answers may be JSON."""

import argparse
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec

import msgspec

from lakehouse.errors import LakehouseError
from risk.errors import RiskError

INTERRUPTED: Final = 128 + signal.SIGINT

P = ParamSpec("P")


def command(main: Callable[P, int]) -> Callable[P, int]:
    """Let a command that fails as expected end with one line on standard error and an exit code.

    A `LakehouseError` names its exit code; a `RiskError` gives 1, Ctrl-C gives 130.
    """

    @wraps(main)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return main(*args, **kwargs)
        except (LakehouseError, RiskError) as error:
            sys.stderr.write(f"{error.code}: {error}\n")
            return getattr(error, "exit_code", 1)
        except KeyboardInterrupt:
            return INTERRUPTED

    return run


def write_json(value: Any) -> None:
    """Write a value to standard output as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def one_or_more(text: str) -> int:
    """Read a whole number of 1 or more, as a `type` of argparse."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected a whole number, 1 or more")
    return int(text)
