"""Serve the stores' metrics: ``python -m lakehouse exporter``."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from lakehouse.lake.session import Lake
from lakehouse.signals.collector import StoreCollector
from lakehouse.telemetry import listen_for_scrapes


@contextmanager
def exporting(silver_dsn: str, lake: Lake, address: str) -> Iterator[int]:
    """Serve ``/metrics`` at `address` (``HOST:PORT``) while the block runs; yield the port.

    Raises
    ------
    SettingsInvalid
        The address cannot be listened on.
    """
    registry = CollectorRegistry()
    PlatformCollector(registry=registry)
    ProcessCollector(registry=registry)
    registry.register(StoreCollector(silver_dsn, lake))
    server, thread = listen_for_scrapes(
        "RISK_EXPORTER_ADDRESS", address, example="127.0.0.1:9096", registry=registry
    )
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
