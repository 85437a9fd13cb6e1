"""Read the address of a Kafka topic."""

import re
from dataclasses import dataclass

from lakehouse.errors import SettingsInvalid

TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
PLACE = re.compile(r"(?P<servers>[^/?#]*)(?:/(?P<topic>[^?#]*))?(?P<rest>.*)", re.DOTALL)
MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class KafkaSource:
    """A topic; `servers` is what librdkafka calls ``bootstrap.servers``."""

    servers: str
    topic: str

    def __str__(self) -> str:
        return f"kafka://{self.servers}/{self.topic}"


def parse_kafka(url: str, *, name: str) -> KafkaSource:
    """Read ``kafka://HOST:PORT[,HOST2:PORT2]/TOPIC``.

    Raises
    ------
    SettingsInvalid
        It is not of that form, or it carries a user, a password or parameters.
    """
    scheme, separator, rest = url.strip().partition("://")
    if not separator or scheme.lower() != "kafka":
        raise SettingsInvalid(f"{name} is no Kafka topic: expected kafka://HOST:PORT/TOPIC")
    place = PLACE.fullmatch(rest)
    servers, topic = (place["servers"], place["topic"] or "") if place else ("", "")
    if "@" in rest:
        raise SettingsInvalid(
            f"{name} carries a user or a password: expected kafka://HOST:PORT/TOPIC, and the user "
            "and password in the RISK_KAFKA_ settings, which are never logged"
        )
    for server in servers.split(","):
        found = SERVER.fullmatch(server)
        if found is None or not 0 < int(found["port"]) <= MAX_PORT:
            raise SettingsInvalid(
                f"{name}: {server!r} is no broker: expected HOST:PORT with a port of 1 to "
                f"{MAX_PORT}, as in kafka://localhost:9092/loan_applications"
            )
    if not TOPIC.fullmatch(topic):
        raise SettingsInvalid(
            f"{name}: {topic!r} is no topic: expected 1 to 249 letters, digits, '.', '_' or '-' "
            f"after the brokers, as in kafka://{servers}/loan_applications"
        )
    if place and place["rest"]:
        raise SettingsInvalid(
            f"{name}: {place['rest']!r} after the topic is not understood: a Kafka URL has no "
            "parameters; TLS and SASL are RISK_KAFKA_ settings"
        )
    return KafkaSource(servers, topic)
