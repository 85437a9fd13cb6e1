"""What the broker says of a topic as a whole: its id, its partitions, whether it is compacted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not in __all__
    AdminClient,
    ConfigResource,
    ResourceType,
)

from lakehouse.errors import Unavailable

ANSWER_WITHIN_SECONDS: Final = 10.0
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
