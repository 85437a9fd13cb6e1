"""Run the API as a process beside the demo's flow, and ask it about one application.

The API belongs to `serving`, which this package does not import. The demo starts it as a command
and asks it over HTTP.
"""

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Final

import msgspec

from lakehouse.errors import Denied, Unavailable
from lakehouse.settings.settings import Settings, variable_of
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.contract.application import Tier
from risk.simulation.noise import Noise
from risk.simulation.simulator import Simulator

API: Final = (sys.executable, "-m", "serving.app")
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0
APPLICATIONS: Final = 20

_POLL_SECONDS: Final = 0.05
_REQUEST_SECONDS: Final = 5.0
_SEED: Final = 7
_CLEAN: Final = Noise(
    outcome_columns=0,
    duplicates=0,
    conflicts=0,
    truncated=0,
    wrong_type=0,
    out_of_range=0,
    missing_required=0,
)


@dataclass(frozen=True, slots=True)
class BesideApi:
    """Where the API answers, `HOST:PORT`; ``None`` where it does not run, and in a line why not."""

    address: str | None
    why_not: str = ""


class ApiReason(msgspec.Struct, frozen=True):
    """One reason: its code, and what it says to people."""

    code: str
    says: str | None


class ApiAnswer(msgspec.Struct, frozen=True):
    """What the demo shows of the API's answer; docs/api.md has the whole."""

    application_id: str
    pd: float
    tier: Tier
    reasons: tuple[ApiReason, ...]
    model_reasons: tuple[ApiReason, ...]


@contextlib.contextmanager
def running_api(settings: Settings, env: Mapping[str, str]) -> Iterator[BesideApi]:
    """Run the API as long as the context, on `settings.api_address`; what it says goes to api.log.

    A Ctrl-C at the terminal reaches it by itself, as it is in the same process group.

    Parameters
    ----------
    env
        The environment that `settings` were read from, which is also the API's.
    """
    try:
        address = free_address(settings.api_address)
    except (OSError, OverflowError) as exc:
        yield BesideApi(None, f"RISK_API_ADDRESS {settings.api_address} is not to be had ({exc})")
        return
    log = settings.home / "api.log"
    with beside(API, log, {**env, variable_of("api_address"): address}) as process:
        why_not = _wait_until_up(address, process)
        if why_not:
            stop(process)
            yield BesideApi(None, f"{why_not}; see {log}")
        else:
            yield BesideApi(address)


@contextlib.contextmanager
def beside(
    command: Sequence[str], log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as long as the context; what it says goes to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        stop(process)


def simulated_applications(now: datetime) -> list[bytes]:
    """Return a few applications that can be decided, always the same ones but for their time."""
    simulator = Simulator(
        load_simulation_parameters(),
        seed=_SEED,
        started_at=now,
        rate_per_second=0,
        noise=_CLEAN,
    )
    return simulator.events(0, APPLICATIONS)


def ask_about_one(address: str, key: Path, applications: Sequence[bytes]) -> ApiAnswer:
    """Have applications decided until one is not Low, which has reasons; return the last answer.

    Parameters
    ----------
    key
        The file that holds the API key.
    applications
        At least one, each a JSON object.

    Raises
    ------
    Denied
        There is no key, or the API does not take it.
    Unavailable
        The API does not answer, or not with a decision.
    """
    try:
        headers = {"X-API-Key": key.read_text(encoding="utf-8").strip()}
    except OSError as exc:
        raise Denied(
            f"no API key in {key} ({exc.strerror}); docs/security.md says how to make one"
        ) from exc
    with contextlib.closing(_connection(address)) as connection:
        first, *others = applications
        answer = _decide(connection, headers, first)
        for application in others:
            if answer.tier is not Tier.LOW:
                break
            answer = _decide(connection, headers, application)
    return answer


def _decide(
    connection: http.client.HTTPConnection, headers: Mapping[str, str], application: bytes
) -> ApiAnswer:
    where = f"the API on {connection.host}:{connection.port}"
    try:
        connection.request("POST", "/v1/decisions", application, headers)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as exc:
        raise Unavailable(f"{where} does not answer ({type(exc).__name__})") from exc
    if response.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise Denied(f"{where} does not take the key ({response.status} {response.reason})")
    if response.status != HTTPStatus.OK:
        raise Unavailable(
            f"{where} answered {response.status} {response.reason}: expected a decision"
        )
    return msgspec.json.decode(body, type=ApiAnswer)


def free_address(address: str) -> str:
    """Return the address as it is, or with a free port for 0; bind's own error if it is taken."""
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host.strip("[]"), int(port)))
        return f"{host}:{probe.getsockname()[1]}"


def _wait_until_up(address: str, process: subprocess.Popen[bytes]) -> str:
    """Return once the API answers, with nothing to say; else say why it does not."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return f"it ended with exit code {process.returncode}"
        if _is_up(address):
            return ""
        time.sleep(_POLL_SECONDS)
    return f"it does not answer on {address} within {START_SECONDS:g} s"


def _is_up(address: str) -> bool:
    with contextlib.closing(_connection(address)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def _connection(address: str) -> http.client.HTTPConnection:
    # urllib would ask the environment's proxy, also for what is on this machine.
    host, _, port = address.rpartition(":")
    return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_REQUEST_SECONDS)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and see that it does."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
