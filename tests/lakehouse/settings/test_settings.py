"""Settings are read once, checked whole, documented, and keep their secrets."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.page import settings_page
from lakehouse.settings.settings import Settings, variable_of

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"


def test_nothing_needs_to_be_set() -> None:
    settings = Settings.from_env({"PATH": "/bin", "AWS_REGION": "eu-west-1"})
    assert settings == Settings()
    assert settings.is_silver_embedded
    assert settings.source.startswith("sim://")


def test_the_lake_lies_in_the_home_unless_it_is_set() -> None:
    assert Settings.from_env({"RISK_HOME": "/srv/risk"}).lake_uri == "/srv/risk/lake"
    assert Settings.from_env({"RISK_LAKE_URI": "s3://bucket/risk"}).lake_uri == "s3://bucket/risk"


def test_values_are_read_as_what_they_are() -> None:
    settings = Settings.from_env(
        {"RISK_HOME": "elsewhere", "RISK_GOLD_FLUSH_ROWS": "500", "RISK_RETRY_SECONDS": "1.5"}
    )
    assert settings.home == Path("elsewhere")
    assert (settings.gold_flush_rows, settings.retry_seconds) == (500, 1.5)


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("RISK_GOLD_FLUSH_SECOND", "3", "did you mean RISK_GOLD_FLUSH_SECONDS?"),
        ("RISK_QUANTUM_FLUX", "3", "docs/settings.md lists them all"),
        ("RISK_HOME_FILE", "x", "RISK_HOME_FILE is no setting"),
        ("RISK_HOME", "", "RISK_HOME is set but empty"),
        (
            "RISK_GOLD_FLUSH_ROWS",
            "many",
            "expected a whole number from 1 to 1,000,000, found 'many'",
        ),
        ("RISK_GOLD_FLUSH_ROWS", "0", "expected a whole number from 1"),
        ("RISK_RETRY_SECONDS", "nan", "expected a number from 0 to 86,400, found 'nan'"),
        ("RISK_PIPELINE", "Score 2", "expected text such as score, found 'Score 2'"),
        ("RISK_METRICS_ADDRESS", "9101", "expected text such as 127.0.0.1:9101"),
        ("RISK_KAFKA_SECURITY_PROTOCOL", "tls", "expected one of plaintext, ssl, sasl_plaintext"),
        ("RISK_KAFKA_PASSWORD_FILE", "/no/such", "cannot read a secret from '/no/such'"),
        ("RISK_KAFKA_CA_PATH", "", "RISK_KAFKA_CA_PATH is set but empty"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(
    variable: str, text: str, message: str
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        Settings.from_env({variable: text})
    assert message in str(refused.value)
    assert refused.value.exit_code == 2


IN_A_POD = {
    "RISK_API_SERVICE_HOST": "10.0.0.1",
    "RISK_API_SERVICE_PORT": "8000",
    "RISK_API_SERVICE_PORT_HTTP": "8000",
    "RISK_API_PORT": "tcp://10.0.0.1:8000",
    "RISK_API_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "RISK_API_PORT_8000_TCP_ADDR": "10.0.0.1",
}


def test_what_kubernetes_says_of_a_service_is_passed_by() -> None:
    assert Settings.from_env(IN_A_POD) == Settings()


@pytest.mark.parametrize("variable", ["RISK_API_PORT", "RISK_API_WORKER", "RISK_FLOW_PORT"])
def test_what_only_looks_like_it_is_refused(variable: str) -> None:
    of_a_service = IN_A_POD if variable != "RISK_API_PORT" else {}
    with pytest.raises(SettingsInvalid, match=f"{variable} is no setting"):
        Settings.from_env({**of_a_service, variable: "8000"})


def test_settings_do_not_change_once_they_are_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().policy = "mine-1"


LOGIN = {
    "RISK_KAFKA_SECURITY_PROTOCOL": "sasl_ssl",
    "RISK_KAFKA_USERNAME": "flow",
    "RISK_KAFKA_PASSWORD": "correct horse",
}


@pytest.mark.parametrize("missing", ["RISK_KAFKA_USERNAME", "RISK_KAFKA_PASSWORD"])
def test_a_login_needs_both_user_and_password(missing: str) -> None:
    with pytest.raises(SettingsInvalid, match="set RISK_KAFKA_USERNAME and RISK_KAFKA_PASSWORD"):
        Settings.from_env({name: text for name, text in LOGIN.items() if name != missing})


def test_a_password_that_would_be_used_by_nobody_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="nobody logs in"):
        Settings.from_env({**LOGIN, "RISK_KAFKA_SECURITY_PROTOCOL": "ssl"})


@pytest.mark.parametrize("variable", ["RISK_KAFKA_CERTIFICATE_PATH", "RISK_KAFKA_KEY_PATH"])
def test_a_certificate_needs_its_key(variable: str) -> None:
    with pytest.raises(SettingsInvalid, match="set both, or none"):
        Settings.from_env({variable: "/etc/tls/flow.pem"})


class TestSecrets:
    DSN = "postgresql://flow:correct-horse@db.internal:5432/risk"

    def test_no_secret_is_shown(self) -> None:
        settings = Settings.from_env({**LOGIN, "RISK_SILVER_DSN": self.DSN})
        shown = f"{settings!r} {settings} {settings.silver_dsn} {settings.kafka_password!r}"
        assert "horse" not in shown
        assert "db.internal" not in shown
        assert settings.silver_dsn.get_secret_value() == self.DSN

    def test_a_secret_may_lie_in_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "dsn").write_text(f"{self.DSN}\n", encoding="utf-8")
        settings = Settings.from_env({"RISK_SILVER_DSN_FILE": str(tmp_path / "dsn")})
        assert settings.silver_dsn == SecretStr(self.DSN)

    def test_an_empty_secret_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "dsn").touch()
        with pytest.raises(SettingsInvalid, match="RISK_SILVER_DSN is set but empty"):
            Settings.from_env({"RISK_SILVER_DSN_FILE": str(tmp_path / "dsn")})

    def test_a_secret_given_twice_is_refused(self) -> None:
        both = {"RISK_SILVER_DSN": self.DSN, "RISK_SILVER_DSN_FILE": "/run/secrets/dsn"}
        with pytest.raises(SettingsInvalid, match="both set; keep one"):
            Settings.from_env(both)

    @pytest.mark.parametrize("password", ["admin", "risk", "Password", "changeme"])
    def test_a_password_that_everybody_knows_is_refused(self, password: str) -> None:
        with pytest.raises(SettingsInvalid, match="choose another"):
            Settings.from_env({"RISK_SILVER_DSN": f"postgresql://flow:{password}@db/risk"})
        with pytest.raises(SettingsInvalid, match="choose another"):
            Settings.from_env({**LOGIN, "RISK_KAFKA_PASSWORD": password})

    def test_a_malformed_connection_string_is_refused_without_showing_it(self) -> None:
        with pytest.raises(SettingsInvalid, match="neither `embedded` nor") as refused:
            Settings.from_env({"RISK_SILVER_DSN": "correct-horse"})
        assert "correct-horse" not in str(refused.value)
        assert refused.value.__cause__ is None

    def test_a_password_may_come_from_where_libpq_looks(self) -> None:
        dsn = "host=db.internal user=flow dbname=risk"
        assert Settings.from_env({"RISK_SILVER_DSN": dsn}).silver_dsn.get_secret_value() == dsn


def test_the_page_of_settings_is_up_to_date() -> None:
    """Else: python -m lakehouse.settings.page > docs/settings.md."""
    assert PAGE.read_text(encoding="utf-8") == settings_page()


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_on_the_page(field: str) -> None:
    assert f"`{variable_of(field)}`" in PAGE.read_text(encoding="utf-8")
