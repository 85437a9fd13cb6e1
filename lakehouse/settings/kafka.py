"""The Kafka brokers as the settings name them, for the packages that speak to them.

Plain values: this package does not know the client.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.settings import Settings

TOPIC = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}")
SERVER = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")
PLACE = re.compile(r"(?P<servers>[^/?#]*)(?:/(?P<topic>[^?#]*))?(?P<rest>.*)", re.DOTALL)
MAX_PORT = 65_535

IDEMPOTENT: Final[Mapping[str, str | int | bool]] = {
    "enable.idempotence": True,
    "acks": "all",
    "queue.buffering.max.kbytes": 65_536,
}
"""What every producer of applications is set to: each event is in the topic once, on all replicas
in sync, in the order of sending within its partition, whatever was retried."""


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


def broker_configuration(settings: Settings, servers: str) -> dict[str, Any]:
    """Return librdkafka's address and security for any client of the brokers `servers`.

    Security comes from the ``RISK_KAFKA_`` settings. The value holds the password, if there is
    one: never log it.
    """
    configuration: dict[str, Any] = {
        "bootstrap.servers": servers,
        "client.id": "credit-risk-monitor",
        "security.protocol": settings.kafka_security_protocol,
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
