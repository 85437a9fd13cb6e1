"""Configure librdkafka from the settings, and log its errors.

librdkafka prints to standard error by default. Here its errors become log lines, each kind at most
once in 30 s; the rest of its log goes to level debug.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError

from lakehouse.settings.settings import Settings

REPEAT_AFTER_SECONDS: Final = 30.0
CALLED_BACK_TOO: Final = frozenset({"FAIL", "ERROR"})  # facilities whose lines error_cb gets too

log = structlog.get_logger()


class Complaints:
    """Log a client's errors, each kind at most once in 30 s; pass one as ``error_cb``.

    The client calls it from ``poll``, ``consume`` or ``flush``.
    """

    def __init__(self, servers: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._servers = servers
        self._clock = clock
        self._logged_at: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Log `error` unless one of its kind was logged a moment ago."""
        code, now = error.code(), self._clock()
        if now - self._logged_at.get(code, -REPEAT_AFTER_SECONDS) >= REPEAT_AFTER_SECONDS:
            self._logged_at[code] = now
            log.warning("broker_error", servers=self._servers, code=error.name(), what=error.str())


class _LibraryLog:
    """Take librdkafka's own log lines; it knows of a logger only that it has `log`."""

    @staticmethod
    def log(_level: int, pattern: str, *values: object) -> None:
        if not CALLED_BACK_TOO.intersection(values):
            log.debug("librdkafka", line=pattern % values)


def client_configuration(settings: Settings, servers: str) -> dict[str, Any]:
    """Return librdkafka's configuration for any client of the brokers `servers`.

    Security comes from the ``RISK_KAFKA_`` settings. The value holds the password, if there is
    one: never log it.
    """
    configuration: dict[str, Any] = {
        "bootstrap.servers": servers,
        "client.id": "credit-risk-monitor",
        "security.protocol": settings.kafka_security_protocol,
        "logger": _LibraryLog(),
        "error_cb": Complaints(servers),
    }
    if settings.kafka_security_protocol.startswith("sasl_"):
        configuration |= {
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password.get_secret_value(),
        }
    if settings.kafka_security_protocol.endswith("ssl"):
        files = {
            "ssl.ca.location": settings.kafka_ca_path,
            "ssl.certificate.location": settings.kafka_certificate_path,
            "ssl.key.location": settings.kafka_key_path,
        }
        configuration |= {name: path for name, path in files.items() if path}
    return configuration
