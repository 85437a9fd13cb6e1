"""Serve Prometheus metrics over HTTP, on loopback unless the settings say otherwise."""

import errno

import structlog
from prometheus_client import start_http_server

from lakehouse.errors import SettingsInvalid

log = structlog.get_logger()


def serve_metrics(address: str, *, process: int = 0) -> int:
    """Serve ``/metrics`` at `address` (``HOST:PORT``) from a thread; return the port.

    Process N of a flow listens N ports above, so that each is a target of its own. A port in use is
    no reason not to score: another one is taken, and the log says which.

    Raises
    ------
    SettingsInvalid
        The host is none of this machine's addresses, or the port is none.
    """
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    wanted = int(port) + process if int(port) else 0
    try:
        server, _ = start_http_server(wanted, addr=host)
    except (OSError, OverflowError) as error:
        if not isinstance(error, OSError) or error.errno != errno.EADDRINUSE:
            raise SettingsInvalid(
                f"RISK_METRICS_ADDRESS: cannot listen on {address} ({error}); expected "
                "an address of this machine and a free port, as in 127.0.0.1:9101"
            ) from error
        server, _ = start_http_server(0, addr=host)
        log.warning("metrics_port_in_use", wanted=f"{host}:{wanted}", serving=server.server_port)
    return int(server.server_port)
