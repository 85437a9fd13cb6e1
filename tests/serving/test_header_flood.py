"""While strangers send headers without end, another client is served as in calm."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np

from tests.risk.applications import as_bytes
from tests.serving.api_server import ApiServer, running_api

ASKED = 150
ROUNDS = 3
TIMES_CALM = 3.0

FLOOD = """
import socket, sys
host, port = sys.argv[1].split(":")
header = b"x: " + b"y" * 65_000
print("flooding", flush=True)
while True:
    with socket.create_connection((host, int(port)), timeout=10) as client:
        try:
            client.sendall(b"GET / HTTP/1.1\\r\\nhost: h\\r\\n")
            for _ in range(400):  # 25 MiB of one header, without a key
                client.sendall(header if _ == 0 else header[3:])
        except OSError:
            pass
"""


def p99_ms(api: ApiServer) -> float:
    took = []
    with httpx.Client(base_url=api.url, headers={"X-API-Key": api.key}) as client:
        for _ in range(ASKED):
            began = time.perf_counter()
            assert client.post("/v1/decisions", content=as_bytes()).status_code == 200
            took.append((time.perf_counter() - began) * 1000)
    return float(np.percentile(took, 99))


def test_anothers_p99_stays_below_three_times_its_calm_value(tmp_path: Path) -> None:
    """The machine is busy at times, which has nothing to do with the flood: the best of three."""
    found = []
    with running_api(tmp_path / "home") as api:
        p99_ms(api)
        for _ in range(ROUNDS):
            calm = p99_ms(api)
            flood = subprocess.Popen(
                [sys.executable, "-c", FLOOD, api.address], stdout=subprocess.PIPE
            )
            try:
                assert flood.stdout is not None
                assert flood.stdout.readline() == b"flooding\n"
                found.append(p99_ms(api) / calm)
            finally:
                flood.kill()
                flood.wait()
                assert flood.stdout is not None
                flood.stdout.close()
            if found[-1] < TIMES_CALM:
                break
    assert min(found) < TIMES_CALM, found
