"""The API as a process, as `just api` starts it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.flow import ROOT, environment
from tests.servers.process import free_port
from tests.waiting import until_it_answers


@dataclass(frozen=True)
class ApiServer:
    """A running API."""

    address: str
    home: Path
    log: Path
    pid: int

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def key(self) -> str:
        return (self.home / "api-key").read_text(encoding="utf-8").strip()


@contextmanager
def running_api(home: Path, settings: Mapping[str, str] | None = None) -> Iterator[ApiServer]:
    """Run the API as long as the context; yield once it answers."""
    home.mkdir(parents=True, exist_ok=True)
    address, log = f"127.0.0.1:{free_port()}", home / "api.log"
    ours = {"RISK_HOME": str(home), "RISK_API_ADDRESS": address, **(settings or {})}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.app"],
            cwd=ROOT,
            env=environment(ours),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until_it_answers(address, process, log)
        yield ApiServer(address, home, log, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
