"""A topic as a whole: its id, its partitions, whether it is compacted; and creating it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not in __all__
    AdminClient,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from lakehouse.errors import Unavailable
from lakehouse.kafka.address import KafkaSource

ANSWER_WITHIN_SECONDS: Final = 10.0
BROKER_DEFAULT_REPLICATION: Final = -1
NO_ID: Final = "AAAAAAAAAAAAAAAAAAAAAA"
# A broker that does not know the request, or does not let us ask it, will not answer later either.
_WILL_NOT_SAY: Final = frozenset(
    {
        KafkaError._UNSUPPORTED_FEATURE,  # noqa: SLF001
        KafkaError._NOT_IMPLEMENTED,  # noqa: SLF001
        KafkaError.UNSUPPORTED_VERSION,
        KafkaError.INVALID_REQUEST,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """A topic at one moment.

    Attributes
    ----------
    topic_id
        Another one if the topic is deleted and recreated (KIP-516); ``None`` where the broker gives
        none.
    partitions
        How many.
    is_compacted
        Whether the broker removes events that a later one of the same key replaces; ``None`` where
        it does not say.
    """

    topic_id: str | None
    partitions: int | None
    is_compacted: bool | None = None


class TopicInspector:
    """Asks for the facts of one topic, through a client that is kept."""

    def __init__(self, client: Mapping[str, Any], topic: str) -> None:
        self._topic = topic
        self._admin = AdminClient({k: v for k, v in client.items() if k != "group.id"})

    def facts(self) -> TopicFacts:
        """Return the topic's id and how many partitions it has.

        Raises
        ------
        Unavailable
            The broker does not answer within 10 s, or has no such topic.
        """
        asked = self._admin.describe_topics(
            TopicCollection([self._topic]), request_timeout=ANSWER_WITHIN_SECONDS
        )
        try:
            found = asked[self._topic].result()
        except KafkaException as exc:
            if exc.args[0].code() in _WILL_NOT_SAY:
                return TopicFacts(None, None)
            raise Unavailable(
                f"the broker does not describe topic {self._topic} ({exc.args[0].str()}): start "
                "it, or correct the address in RISK_SOURCE and the RISK_KAFKA_ settings"
            ) from exc
        topic_id = str(found.topic_id)
        return TopicFacts(None if topic_id == NO_ID else topic_id, len(found.partitions))

    def is_compacted(self) -> bool | None:
        """Tell whether the topic is compacted; ``None`` where the broker does not say."""
        resource = ConfigResource(ResourceType.TOPIC, self._topic)
        asked = self._admin.describe_configs([resource], request_timeout=ANSWER_WITHIN_SECONDS)
        try:
            policy = asked[resource].result().get("cleanup.policy")
        except KafkaException:
            return None
        return None if policy is None else "compact" in (policy.value or "")


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
