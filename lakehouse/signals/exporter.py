"""Serve the stores' metrics: ``python -m lakehouse exporter``."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import start_http_server

from lakehouse.errors import SettingsInvalid
from lakehouse.lake.session import Lake
from lakehouse.signals.collector import StoreCollector


@contextmanager
def exporting(silver_dsn: str, lake: Lake, address: str) -> Iterator[int]:
    """Serve ``/metrics`` at `address` (``HOST:PORT``) while the block runs; yield the port.

    Raises
    ------
    SettingsInvalid
        The address cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    PlatformCollector(registry=registry)
    ProcessCollector(registry=registry)
    registry.register(StoreCollector(silver_dsn, lake))
    try:
        server, thread = start_http_server(int(port), addr=host.strip("[]"), registry=registry)
    except (OSError, OverflowError, ValueError) as error:
        raise SettingsInvalid(
            f"RISK_EXPORTER_ADDRESS: cannot listen on {address} ({error}); expected an address of "
            "this machine and a free port, as in 127.0.0.1:9096"
        ) from error
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
