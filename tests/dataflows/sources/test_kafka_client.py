from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaError, Producer
from structlog.testing import CapturingLogger

from dataflows.sources import kafka_client
from dataflows.sources.kafka_client import Complaints, client_configuration, ensure_topic
from lakehouse.errors import Unavailable
from lakehouse.settings.kafka import KafkaSource
from lakehouse.settings.settings import Settings
from tests.servers.broker import Broker

CLOSED = "127.0.0.1:9"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    logger = CapturingLogger()
    monkeypatch.setattr(kafka_client, "log", logger)
    return logger


def test_plaintext_needs_brokers_only() -> None:
    configuration = client_configuration(Settings(), "a:1,b:2")
    assert configuration["bootstrap.servers"] == "a:1,b:2"
    assert configuration["security.protocol"] == "plaintext"
    assert not [name for name in configuration if name.startswith(("sasl.", "ssl."))]


def test_login_and_certificates_come_from_the_settings() -> None:
    settings = Settings.from_env(
        {
            "RISK_KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
            "RISK_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256",
            "RISK_KAFKA_USERNAME": "scorer",
            "RISK_KAFKA_PASSWORD": "correct-horse-battery",
            "RISK_KAFKA_CA_PATH": "ca.pem",
            "RISK_KAFKA_CERTIFICATE_PATH": "scorer.pem",
            "RISK_KAFKA_KEY_PATH": "scorer.key",
        }
    )
    configuration = client_configuration(settings, "a:1")
    assert {name: configuration[name] for name in configuration if name.startswith("s")} == {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": "scorer",
        "sasl.password": "correct-horse-battery",
        "ssl.ca.location": "ca.pem",
        "ssl.certificate.location": "scorer.pem",
        "ssl.key.location": "scorer.key",
    }


@pytest.mark.usefixtures("logged")
def test_the_library_takes_the_configuration_and_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    settings = Settings.from_env(
        {
            "RISK_KAFKA_SECURITY_PROTOCOL": "sasl_plaintext",
            "RISK_KAFKA_USERNAME": "scorer",
            "RISK_KAFKA_PASSWORD": "correct-horse-battery",
        }
    )
    Producer(client_configuration(settings, CLOSED)).poll(0)
    assert capfd.readouterr() == ("", "")


def test_an_error_of_one_kind_is_logged_once_in_half_a_minute(logged: CapturingLogger) -> None:
    now = [0.0]
    complain = Complaints("a:1", clock=lambda: now[0])
    for at, code in [
        (0.0, KafkaError._TRANSPORT),
        (1.0, KafkaError._TRANSPORT),
        (2.0, KafkaError._RESOLVE),
        (29.9, KafkaError._TRANSPORT),
        (30.0, KafkaError._TRANSPORT),
    ]:
        now[0] = at
        complain(KafkaError(code))
    assert [call.kwargs["code"] for call in logged.calls] == [
        "_TRANSPORT",
        "_RESOLVE",
        "_TRANSPORT",
    ]


def test_an_unreachable_broker_is_one_error_that_says_where_and_why_and_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], logged: CapturingLogger
) -> None:
    monkeypatch.setattr(kafka_client, "ANSWER_WITHIN_SECONDS", 1.0)
    configuration = client_configuration(Settings(), CLOSED)
    with pytest.raises(Unavailable) as unreachable:
        ensure_topic(configuration, KafkaSource(CLOSED, "loans"), partitions=3)
    assert unreachable.value.exit_code == 4
    assert str(unreachable.value).startswith("broker unreachable at 127.0.0.1:9: ")
    assert "Connection refused" in str(unreachable.value)
    assert capfd.readouterr() == ("", "")
    assert not logged.calls


def test_a_missing_topic_is_created_and_one_that_exists_is_left_as_it_is(
    broker: Broker, new_topic: Callable[..., str]
) -> None:
    configuration = client_configuration(Settings(), broker.address)
    existing = KafkaSource(broker.address, new_topic(partitions=2))
    missing = KafkaSource(broker.address, f"{existing.topic}-missing")
    assert ensure_topic(configuration, existing, partitions=5) == 2
    assert ensure_topic(configuration, missing, partitions=5) == 5
    assert ensure_topic(configuration, missing, partitions=7) == 5


def test_a_topic_that_the_broker_refuses_to_create_is_an_error_that_says_so(
    apache_kafka: Broker,
) -> None:
    configuration = client_configuration(Settings(), apache_kafka.address)
    impossible = KafkaSource(apache_kafka.address, "loans")
    with pytest.raises(Unavailable, match="does not create topic loans: "):
        ensure_topic(configuration, impossible, partitions=0)
