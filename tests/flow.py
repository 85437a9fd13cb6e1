"""The real flow as a process, for tests and benches: started, watched, stopped, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.servers.process import free_port
from tests.waiting import NotInTimeError, until

ROOT = Path(__file__).resolve().parent.parent
PASSED_ON = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYENV_VERSION", "TMPDIR")


class FlowFailedError(Exception):
    """The flow did not do what the test waited for."""


class FlowProcess:
    """One run of ``python -m bytewax.run dataflows.score``."""

    def __init__(
        self,
        settings: Mapping[str, str],
        *,
        log: Path,
        arguments: tuple[str, ...] = (),
    ) -> None:
        self.port = free_port()
        # Process N of a flow listens N ports above what it is told.
        base = self.port - (int(arguments[1]) if arguments[:1] == ("-i",) else 0)
        self.log = log
        self._output = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bytewax.run", "dataflows.score", *arguments],
            cwd=ROOT,
            env=environment(settings) | {"RISK_METRICS_ADDRESS": f"127.0.0.1:{base}"},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def metrics(self, *names: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        """Return samples by name and labels: all, or of these names, which costs the flow less.

        Empty while the flow does not answer.
        """
        wanted = urllib.parse.urlencode([("name[]", name) for name in names])
        url = f"http://127.0.0.1:{self.port}/metrics?{wanted}"
        try:
            with urllib.request.urlopen(url, timeout=2) as page:
                text = page.read().decode()
        except (urllib.error.URLError, OSError):
            return {}
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                found.setdefault(sample.name, {})[labels] = sample.value
        return found

    def total(self, name: str) -> float:
        """Return a metric summed over its labels; 0 while the flow does not answer."""
        return sum(self.metrics(name).get(name, {}).values())

    def wait_until(
        self, condition: Callable[[], bool], *, seconds: float, what: str, every: float = 0.02
    ) -> None:
        """Poll until the condition holds; fail when the flow ends or the time is over."""

        def holds() -> bool:
            if condition():
                return True
            if self.process.poll() is not None:
                raise FlowFailedError(
                    f"ended with {self.process.returncode} before {what}:\n{self.tail()}"
                )
            return False

        try:
            until(holds, what=what, seconds=seconds, every=every)
        except NotInTimeError as exc:
            raise FlowFailedError(f"{exc}:\n{self.tail()}") from exc

    def wait(self, *, seconds: float) -> int:
        """Wait for the end; return the exit code."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired as exc:
            raise FlowFailedError(f"still running after {seconds} s:\n{self.tail()}") from exc

    def kill(self) -> None:
        """Kill -9, at once."""
        self.process.kill()
        self.process.wait()

    def terminate(self) -> None:
        """Ask for a graceful stop."""
        self.process.send_signal(signal.SIGTERM)

    def anonymous_mib(self) -> float:
        """Return the resident memory that is this process' own, MiB; cheap to ask for."""
        return self._kib("status", "RssAnon") / 1024

    def shared_mib(self) -> float:
        """Return the other resident memory, MiB; a page shared with others counts as a share.

        The kernel looks at every page for it, which holds the process up.
        """
        return sum(self._kib("smaps_rollup", kind) for kind in ("Pss_File", "Pss_Shmem")) / 1024

    def _kib(self, table: str, name: str) -> int:
        lines = Path(f"/proc/{self.process.pid}/{table}").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1])

    def tail(self) -> str:
        """Return the end of what the flow wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4_000:]

    def close(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.kill()
        self._output.close()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return a clean environment with nothing of ours but `settings`."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {"OMP_NUM_THREADS": "1"} | dict(settings)


@contextmanager
def running_flow(
    settings: Mapping[str, str], *, log: Path, arguments: tuple[str, ...] = ()
) -> Iterator[FlowProcess]:
    """Run the flow as long as the context."""
    flow = FlowProcess(settings, log=log, arguments=arguments)
    try:
        yield flow
    finally:
        flow.close()


def run_module(
    module: str, *arguments: str, settings: Mapping[str, str], seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module`` to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def run_code(code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own: what would end ours, or change it for good."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def start_cluster(
    stack: ExitStack, settings: Mapping[str, str], *, folder: Path, processes: int
) -> list[FlowProcess]:
    """Start the flow as so many processes, which share the source's partitions."""
    addresses = ";".join(f"127.0.0.1:{free_port()}" for _ in range(processes))
    return [
        stack.enter_context(
            running_flow(
                settings,
                log=folder / f"flow-{index}.log",
                arguments=("-i", str(index), "-a", addresses) if processes > 1 else (),
            )
        )
        for index in range(processes)
    ]


def ask(settings: Mapping[str, str], question: str) -> list[dict[str, Any]]:
    """Return the rows that ``python -m lakehouse sql`` answers with."""
    done = run_module("lakehouse", "sql", question, "--format", "json", settings=settings)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def sound_account(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return what ``python -m lakehouse check`` finds, which must balance."""
    done = run_module("lakehouse", "check", "--json", settings=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
