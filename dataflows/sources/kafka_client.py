"""Configure librdkafka from the settings, log its errors, and create topics.

librdkafka prints to standard error unless told otherwise; here its errors become log lines, each
kind at most once in 30 s, and the rest of its own log goes to level debug.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from lakehouse.errors import Unavailable
from lakehouse.settings.kafka import KafkaSource, broker_configuration
from lakehouse.settings.settings import Settings

ANSWER_WITHIN_SECONDS: Final = 10.0
REPEAT_AFTER_SECONDS: Final = 30.0
BROKER_DEFAULT_REPLICATION: Final = -1
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
    return broker_configuration(settings, servers) | {
        "logger": _LibraryLog(),
        "error_cb": Complaints(servers),
    }


def ensure_topic(configuration: dict[str, Any], target: KafkaSource, *, partitions: int) -> int:
    """Create the topic with `partitions` partitions unless it exists; return how many it has.

    Raises
    ------
    Unavailable
        No broker answers within 10 s, or the broker refuses to create the topic.
    """
    errors: list[KafkaError] = []
    admin = AdminClient(configuration | {"error_cb": errors.append})
    try:
        # All topics are asked for: asking for one would let the broker create it, its own way.
        known = admin.list_topics(timeout=ANSWER_WITHIN_SECONDS).topics.get(target.topic)
    except KafkaException as error:
        admin.poll(0)
        raise Unavailable(
            f"broker unreachable at {target.servers}: {_cause(errors, error)}; "
            "start it, or correct the address and the RISK_KAFKA_ settings"
        ) from error
    if known is not None:
        return len(known.partitions)
    topic = NewTopic(target.topic, partitions, BROKER_DEFAULT_REPLICATION)
    try:
        admin.create_topics([topic], request_timeout=ANSWER_WITHIN_SECONDS)[target.topic].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise Unavailable(
                f"the broker at {target.servers} does not create topic {target.topic}: "
                f"{_text(error)}; create it yourself, or let this user create topics"
            ) from error
        return len(admin.list_topics(timeout=ANSWER_WITHIN_SECONDS).topics[target.topic].partitions)
    return partitions


def _cause(errors: list[KafkaError], error: KafkaException) -> str:
    """Return the first error's text, which names the cause; what follows are symptoms."""
    return errors[0].str() if errors else _text(error)


def _text(error: KafkaException) -> str:
    return str(error.args[0].str())
