"""Serve Prometheus metrics over HTTP, on loopback unless the settings say otherwise."""

import errno
from functools import partial

import structlog

from lakehouse.errors import SettingsInvalid
from lakehouse.telemetry import listen_for_scrapes

log = structlog.get_logger()

_listen = partial(listen_for_scrapes, "RISK_METRICS_ADDRESS", example="127.0.0.1:9101")


def serve_metrics(address: str, *, process: int = 0) -> int:
    """Serve ``/metrics`` at `address` (``HOST:PORT``) from a thread; return the port.

    Process N of a flow listens N ports above, so each process is a target of its own. If the port
    is in use, the flow takes another one and logs which, because it should score all the same.

    Raises
    ------
    SettingsInvalid
        The host is none of this machine's addresses, or the port is none.
    """
    host, _, port = address.rpartition(":")
    wanted = f"{host}:{int(port) + process if int(port) else 0}"
    try:
        server, _ = _listen(wanted)
    except SettingsInvalid as refused:
        if getattr(refused.__cause__, "errno", None) != errno.EADDRINUSE:
            raise
        server, _ = _listen(f"{host}:0")
        log.warning("metrics_port_in_use", wanted=wanted, serving=server.server_port)
    return int(server.server_port)
