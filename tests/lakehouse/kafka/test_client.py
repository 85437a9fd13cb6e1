from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, Producer
from structlog.testing import CapturingLogger

from lakehouse.kafka import client
from lakehouse.kafka.client import Complaints, client_configuration
from lakehouse.settings.settings import Settings

CLOSED = "127.0.0.1:9"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    logger = CapturingLogger()
    monkeypatch.setattr(client, "log", logger)
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
