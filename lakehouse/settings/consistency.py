"""Check settings together: contradictions between them, and weak secrets."""

from typing import Any, Final

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.secret import password_of, refuse_weak

_SHORTEST_SECRET: Final = 32


def refuse_contradictions(settings: Any) -> None:
    """Refuse settings that contradict each other, and secrets that are weak.

    Raises
    ------
    SettingsInvalid
        Which two, or which secret, and what to do.
    """
    has_sasl = settings.kafka_security_protocol.startswith("sasl_")
    if has_sasl and not (settings.kafka_username and settings.kafka_password):
        raise SettingsInvalid(
            f"RISK_KAFKA_SECURITY_PROTOCOL is {settings.kafka_security_protocol}, which logs in: "
            "set RISK_KAFKA_USERNAME and RISK_KAFKA_PASSWORD too"
        )
    if not has_sasl and (settings.kafka_username or settings.kafka_password):
        raise SettingsInvalid(
            "RISK_KAFKA_USERNAME or RISK_KAFKA_PASSWORD is set, but nobody logs in with "
            f"RISK_KAFKA_SECURITY_PROTOCOL {settings.kafka_security_protocol}: set it to sasl_ssl, "
            "or unset them"
        )
    if bool(settings.kafka_certificate_path) != bool(settings.kafka_key_path):
        raise SettingsInvalid(
            "RISK_KAFKA_CERTIFICATE_PATH and RISK_KAFKA_KEY_PATH belong together: set both, or none"
        )
    refuse_weak("RISK_KAFKA_PASSWORD", settings.kafka_password.get_secret_value())
    for field in ("api_pepper", "ui_secret", "alerts_token"):
        secret = getattr(settings, field).get_secret_value()
        if secret and len(secret) < _SHORTEST_SECRET:
            raise SettingsInvalid(
                f"RISK_{field.upper()} is shorter than {_SHORTEST_SECRET} characters; make one, "
                "for example with `openssl rand -base64 32`"
            )
    if not settings.is_silver_embedded:
        refuse_weak("the password in RISK_SILVER_DSN", password_of(settings.silver_dsn))
