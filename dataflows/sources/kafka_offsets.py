"""Ask a topic, before the flow reads it, for its partitions and the offsets that it still holds."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not in __all__
    ClusterMetadata,
)

from lakehouse.errors import Unavailable

REFUSED_AFTER_SECONDS = 4.0
"""How long a broker may refuse connections, as one does that is just coming up."""

ANSWER_WITHIN_SECONDS = 10.0
"""How long a broker that takes connections may need for an answer."""

ASK_AGAIN_AFTER_SECONDS: Final = 0.2

# The client's own errors are public constants, underscore and all.
_NO_BROKER_TAKES_US: Final = frozenset({KafkaError._ALL_BROKERS_DOWN})  # noqa: SLF001
_NOT_THERE: Final = frozenset({KafkaError._TRANSPORT, KafkaError._RESOLVE})  # noqa: SLF001
_UNREACHED: Final = _NOT_THERE | {KafkaError._TIMED_OUT}  # noqa: SLF001

# What a broker that was just started says of a partition until it has found it again.
_PASSING: Final = frozenset(
    {
        KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """The offsets a partition holds: from `low` up to, not including, `high`."""

    low: int
    high: int


def partitions_held(client: Mapping[str, object], servers: str, topic: str) -> dict[int, Held]:
    """Ask the broker for the partitions of a topic and what each of them holds.

    Raises
    ------
    Unavailable
        No broker takes connections within 4 s or answers within 10 s, the topic does not exist, or
        we may not read it.
    """
    asking = _Asking(client)
    try:
        return asking.partitions_held(servers, topic)
    finally:
        asking.consumer.close()


class _Asking:
    """A client, and what it complained about."""

    def __init__(self, client: Mapping[str, object]) -> None:
        self.complaints: list[KafkaError] = []
        self.consumer = Consumer({**client, "error_cb": self.complaints.append})

    def partitions_held(self, servers: str, topic: str) -> dict[int, Held]:
        try:
            cluster = self._patiently(
                lambda seconds: self.consumer.list_topics(topic, timeout=seconds),
                gives_up_at=_NO_BROKER_TAKES_US,
            )
        except KafkaException as error:
            raise Unavailable(
                f"broker unreachable at {servers} ({self._cause(error)}): start it, or correct the "
                "address in RISK_SOURCE and the RISK_KAFKA_ settings"
            ) from error
        return {
            part: self._held(servers, cluster, TopicPartition(topic, part))
            for part in _partitions(cluster, servers, topic)
        }

    def _held(self, servers: str, cluster: ClusterMetadata, partition: TopicPartition) -> Held:
        try:
            return Held(
                *self._patiently(
                    lambda seconds: self.consumer.get_watermark_offsets(partition, timeout=seconds),
                    gives_up_at=_NOT_THERE,
                )
            )
        except KafkaException as error:
            where = _leader(cluster, partition)
            if error.args[0].code() in _UNREACHED and where not in servers.split(","):
                raise Unavailable(
                    f"broker unreachable at {where} ({self._cause(error)}): that is where the "
                    f"broker at {servers} sends its clients (advertised.listeners); correct it "
                    "there, or let the name lead to the broker from here"
                ) from error
            raise Unavailable(
                f"the broker at {where} does not say what {partition.topic} holds "
                f"({self._cause(error)}): start again when it is well, or correct the RISK_KAFKA_ "
                "settings"
            ) from error

    def _patiently(self, ask: Callable[[float], T], *, gives_up_at: frozenset[int]) -> T:
        """Ask, and ask again for longer unless connections are refused."""
        ends_at = time.monotonic() + ANSWER_WITHIN_SECONDS
        wait_seconds = REFUSED_AFTER_SECONDS
        is_first = True
        while True:
            try:
                return ask(wait_seconds)
            except KafkaException as error:
                self.consumer.poll(0)  # hands the complaints over
                wait_seconds = ends_at - time.monotonic()
                may_pass = is_first or error.args[0].code() in _PASSING
                is_refused = gives_up_at.intersection(each.code() for each in self.complaints)
                if is_refused or not may_pass or wait_seconds <= ASK_AGAIN_AFTER_SECONDS:
                    raise
                is_first = False
                time.sleep(ASK_AGAIN_AFTER_SECONDS)

    def _cause(self, error: KafkaException) -> str:
        """Return the first complaint, which names the cause; what follows are symptoms."""
        self.consumer.poll(0)
        first = self.complaints[0] if self.complaints else error.args[0]
        return str(first.str())


def _partitions(cluster: ClusterMetadata, servers: str, topic: str) -> list[int]:
    found = cluster.topics[topic]
    if found.error is not None and found.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
        raise Unavailable(
            f"the broker at {servers} has no topic {topic!r}: create it, or start its producer, "
            "then start again"
        )
    if found.error is not None:
        raise Unavailable(f"the broker at {servers} refuses {topic!r}: {found.error.str()}")
    return sorted(found.partitions)


def _leader(cluster: ClusterMetadata, partition: TopicPartition) -> str:
    """Return where the broker says that a partition is to be read."""
    leader = cluster.topics[partition.topic].partitions[partition.partition].leader
    broker = cluster.brokers.get(leader)
    return (
        "no broker, as the partition has no leader"
        if broker is None
        else (f"{broker.host}:{broker.port}")
    )
