"""Every setting of the product: its default, its bounds and its meaning.

A command calls ``Settings.from_env(os.environ)`` once, at its start, and passes the value on; no
other code reads the environment. The environment variable of a field is ``RISK_`` and its name in
capitals. A secret may also come from a file, named by the same variable with ``_FILE``. S3 itself
is configured by the usual ``AWS_*`` variables.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.allowed_values import values_of
from lakehouse.settings.consistency import refuse_contradictions
from lakehouse.settings.secret import read_secret

PREFIX: Final = "RISK_"
_FILE: Final = "_FILE"
_SERVICE_HOST: Final = "_SERVICE_HOST"


def _about(description: str, **bounds: Any) -> Any:
    return Field(description=description, **bounds)


def _address(description: str) -> Any:
    return _about(description, pattern=r"^(\[[0-9a-fA-F:]+\]|[^:\s]+):[0-9]{1,5}$")


class Settings(BaseModel):
    """What one process was told; see each field's description, or docs/settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: Annotated[
        str,
        _about(
            "Where applications come from: `kafka://HOST:PORT/TOPIC`, `file://PATH` or a bare path "
            "(JSONL, CSV or Parquet; plain or compressed; a folder, or a pattern as in "
            "`file://data/LoanStats_2018Q*.csv`: docs/files.md), or "
            "`sim://?rate=&seed=&limit=&scenario=`."
        ),
    ] = "sim://?rate=200&seed=1"
    home: Annotated[
        Path, _about("The folder in which everything embedded lives: Postgres, the lake, logs.")
    ] = Path("var")
    silver_dsn: Annotated[
        SecretStr,
        _about(
            "The Postgres (14 or later) that holds silver, as a libpq connection string or URI; "
            "`embedded` runs one below `RISK_HOME`."
        ),
    ] = SecretStr("embedded")
    lake_uri: Annotated[
        str,
        _about(
            "Where gold lives: a folder, or `s3://BUCKET/PREFIX`, a URL, in which `%20` stands for "
            "a space; `RISK_HOME/lake` if unset.",
        ),
    ] = Field(default_factory=lambda told: str(told["home"] / "lake"))
    policy: Annotated[str, _about("The policy that decides, by name and version.")] = "standard-2"
    model: Annotated[
        str,
        _about(
            "The PD model that decides: `champion` follows the registry while the flow runs "
            "(`python -m lakehouse models`), a version stays. Challengers follow the registry "
            "either way."
        ),
    ] = "champion"
    pipeline: Annotated[
        str,
        _about(
            "The name under which this flow keeps its position and its claim; two flows that read "
            "different sources into the same stores need two names. Lower case letters, digits, "
            "`_` and `-`.",
            pattern="^[a-z][a-z0-9_-]{0,39}$",
        ),
    ] = "score"
    metrics_address: Annotated[
        str,
        _address(
            "Where Prometheus may scrape the flow, `HOST:PORT`; port 0 takes a free one. Process N "
            "of several listens N ports above.",
        ),
    ] = "127.0.0.1:9101"
    exporter_address: Annotated[
        str,
        _address("Where `python -m lakehouse exporter` serves what the stores say, `HOST:PORT`."),
    ] = "127.0.0.1:9096"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _about("The least severe line worth writing.")
    ] = "info"
    native: Annotated[Literal["on", "off"], _about("Whether compiled code may read events.")] = "on"

    envelope: Annotated[
        Literal["none", "schema-registry", "cloudevents", "any"],
        _about(
            "What events lie in: the framing of a schema registry's JSON serialiser, CloudEvents "
            "in structured mode, either, or nothing. Events without it are read too."
        ),
    ] = "none"

    file_dates: Annotated[
        Literal["refuse", "mdy", "dmy"],
        _about(
            "Whether the month or the day stands first where a file writes `12/1/2011`; `refuse` "
            "does not guess, and refuses such a file at its start."
        ),
    ] = "refuse"
    file_rates: Annotated[
        Literal["refuse", "percent", "fraction"],
        _about(
            "Whether a file whose rates all lie below 1 means percent or a fraction of one; "
            "`refuse` does not guess, and refuses such a file at its start."
        ),
    ] = "refuse"
    file_delimiter: Annotated[
        Literal["auto", "comma", "semicolon", "tab", "pipe"],
        _about("The sign between two cells of a text file; `auto` takes it from the header."),
    ] = "auto"
    file_encoding: Annotated[
        Literal["auto", "utf-8", "utf-16", "cp1252"],
        _about("How a text file writes its letters; `auto` takes it from the content."),
    ] = "auto"
    max_event_bytes: Annotated[
        int, _about("An event longer than this is quarantined unread.", ge=1024, le=64 << 20)
    ] = 1_048_576
    batch_max_messages: Annotated[
        int,
        _about(
            "The most events of one partition in a batch; what a worker reads in one turn is "
            "decided and stored together, up to 2,000 events or one batch.",
            ge=1,
            le=50_000,
        ),
    ] = 1_000
    allowed_latency_ms: Annotated[
        int,
        _about(
            "How long an event may wait for its batch to fill before it goes on alone.",
            ge=0,
            le=60_000,
        ),
    ] = 50
    retry_seconds: Annotated[
        float,
        _about(
            "How long silver and gold keep trying while their store is out before the flow ends; "
            "nothing is lost either way.",
            ge=0,
            le=86_400,
        ),
    ] = 900.0
    gold_flush_seconds: Annotated[
        int, _about("The most seconds between two commits to gold: its freshness.", ge=1, le=3_600)
    ] = 5
    gold_flush_rows: Annotated[
        int,
        _about("Rows waiting for one gold table that cause a commit at once.", ge=1, le=1_000_000),
    ] = 1_000_000
    gold_flush_mib: Annotated[
        int,
        _about(
            "MiB waiting for one gold table, as Parquet, that cause a commit at once; at most "
            "twice as much is taken in.",
            ge=1,
            le=1_024,
        ),
    ] = 32
    raw_retention_days: Annotated[
        int,
        _about(
            "Days after which maintenance forgets an event's raw bytes, in the archive and in "
            "quarantine; decisions stay, but can be replayed no more. 0 keeps the bytes for ever.",
            ge=0,
            le=36_500,
        ),
    ] = 0
    maintenance_address: Annotated[
        str,
        _address(
            "Where Prometheus may scrape `python -m lakehouse maintain --every SECONDS`, "
            "`HOST:PORT`; port 0 takes a free one.",
        ),
    ] = "127.0.0.1:9097"
    allow_position_loss: Annotated[
        str,
        _about(
            "Set to a reason (who allowed it, and why) to start although the source no longer "
            "holds the next position; the skipped range and the reason are kept in silver for "
            "the auditor. Unset, such a start is refused."
        ),
    ] = ""
    api_address: Annotated[
        str, _address("Where the API listens, `HOST:PORT`; port 0 takes a free one.")
    ] = "127.0.0.1:8000"
    api_workers: Annotated[
        int, _about("Processes that the API runs in, one core each.", ge=1, le=64)
    ] = 1
    api_docs: Annotated[
        Literal["auto", "on", "off"],
        _about(
            "Whether the API shows its OpenAPI document and a page to read it; `auto` does so "
            "where silver is embedded."
        ),
    ] = "auto"
    api_keep_alive_seconds: Annotated[
        int,
        _about(
            "How long the API keeps an idle connection open, seconds: longer than the balancer in "
            "front of it does (60 s is usual), which would meet closed connections otherwise.",
            ge=1,
            le=3_600,
        ),
    ] = 75
    api_cors_origins: Annotated[
        str,
        _about(
            "Origins whose pages may ask the API from a browser, comma-separated, such as "
            "`https://desk.example`; none if unset."
        ),
    ] = ""
    api_root_path: Annotated[
        str,
        _about(
            "The prefix under which a proxy publishes the API, such as `/risk`, whether or not it "
            "takes it away from the path.",
            pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        ),
    ] = ""
    api_trusted_proxies: Annotated[
        str,
        _about(
            "Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses or "
            "networks, comma-separated; nobody's if unset."
        ),
    ] = ""
    ui_address: Annotated[
        str, _address("Where the pages are served, `HOST:PORT`; port 0 takes a free one.")
    ] = "127.0.0.1:8050"
    ui_auth: Annotated[
        Literal["accounts", "proxy", "off"],
        _about(
            "Who may see the pages: `accounts` asks for a name and password (`python -m ui users`; "
            "where silver is embedded there is one, `admin`, its password in "
            "`RISK_HOME/ui-password`); `proxy` believes `X-Forwarded-User` and "
            "`X-Forwarded-Groups` of `RISK_UI_TRUSTED_PROXIES`; `off` lets everybody in."
        ),
    ] = "accounts"
    ui_secret: Annotated[
        SecretStr,
        _about(
            "What the pages' session cookies are signed with, the same for every server, at least "
            "32 characters; `RISK_HOME/ui-secret`, made at first use, if unset."
        ),
    ] = SecretStr("")
    ui_trusted_proxies: Annotated[
        str,
        _about(
            "Addresses or networks, comma-separated, whose headers say who asks, with "
            "`RISK_UI_AUTH=proxy`."
        ),
    ] = "127.0.0.1/32,::1/128"
    alerts_address: Annotated[
        str,
        _address("Where `python -m serving.alerts` takes alerts from Alertmanager, `HOST:PORT`."),
    ] = "127.0.0.1:9098"
    alerts_token: Annotated[
        SecretStr,
        _about(
            "What Alertmanager sends with its alerts as a bearer token, at least 32 characters; "
            "the receiver of alerts does not start without."
        ),
    ] = SecretStr("")
    record_to: Annotated[
        str,
        _about(
            "The topic that the API records to when it is asked to, `kafka://HOST:PORT/TOPIC`; "
            "`RISK_SOURCE`'s if unset and that is a topic, else nothing is recorded."
        ),
    ] = ""
    api_pepper: Annotated[
        SecretStr,
        _about(
            "What the stored hashes of API keys are keyed with, the same for every server of one "
            "silver, at least 32 characters; `RISK_HOME/api-pepper`, made at first use, if unset."
        ),
    ] = SecretStr("")
    kafka_security_protocol: Annotated[
        Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"],
        _about("How to speak to the broker."),
    ] = "plaintext"
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
        _about("How to log in to the broker, with a `sasl_` protocol."),
    ] = "SCRAM-SHA-512"
    kafka_username: Annotated[str, _about("The user to log in to the broker as.")] = ""
    kafka_password: Annotated[SecretStr, _about("That user's password.")] = SecretStr("")
    kafka_ca_path: Annotated[
        str,
        _about("The CA certificate (PEM) that signed the broker's; the system's CAs if unset."),
    ] = ""
    kafka_certificate_path: Annotated[
        str, _about("Our own certificate (PEM), where the broker asks for one.")
    ] = ""
    kafka_key_path: Annotated[str, _about("The private key (PEM) of that certificate.")] = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from `env`, or refuse.

        Kubernetes adds variables for a service whose name begins with ``risk-``, such as
        ``..._PORT=tcp://10.0.0.1:8000`` beside ``..._SERVICE_HOST``; they are ignored.

        Raises
        ------
        SettingsInvalid
            A ``RISK_`` variable is unknown, empty, malformed or out of bounds, a secret is weak, or
            two settings contradict each other. The message never shows a secret.
        """
        known = {variable_of(field): field for field in cls.model_fields}
        files = {f"{variable_of(field)}{_FILE}": variable_of(field) for field in SECRETS}
        added = tuple(
            name.removesuffix(_SERVICE_HOST) + kind
            for name in env
            if name.endswith(_SERVICE_HOST)
            for kind in ("_SERVICE_", "_PORT")
        )
        texts: dict[str, str] = {}
        for variable in sorted(name for name in env if name.startswith(PREFIX)):
            if variable in known:
                texts[known[variable]] = env[variable]
            elif variable in files:
                if files[variable] in env:
                    raise SettingsInvalid(
                        f"{files[variable]} and {variable} are both set; keep one of them"
                    )
                texts[known[files[variable]]] = read_secret(variable, env[variable])
            elif not variable.startswith(added):
                raise SettingsInvalid(_unknown(variable, [*known, *files]))
        for field, text in texts.items():
            if not text:
                raise SettingsInvalid(
                    f"{variable_of(field)} is set but empty; give it a value or unset it"
                )
        try:
            settings = cls.model_validate(texts)
        except ValidationError as exc:
            field = str(exc.errors()[0]["loc"][0])
            raise SettingsInvalid(
                f"{variable_of(field)}: expected {expected(field)}, found {texts[field]!r}"
            ) from None
        refuse_contradictions(settings)
        return settings

    @property
    def is_silver_embedded(self) -> bool:
        """Whether silver is the Postgres that the product runs itself."""
        return self.silver_dsn.get_secret_value() == "embedded"


SECRETS: Final = tuple(
    name for name, field in Settings.model_fields.items() if field.annotation is SecretStr
)
"""The fields that are never shown, and that a file may hold."""


def variable_of(field: str) -> str:
    """Name the environment variable of a field."""
    return PREFIX + field.upper()


def described() -> dict[str, dict[str, Any]]:
    """Return each field's JSON Schema: its description, default and bounds."""
    return dict(Settings.model_json_schema()["properties"])


def expected(field: str) -> str:
    """Say which values a field takes."""
    return values_of(described()[field])


def _unknown(variable: str, known: list[str]) -> str:
    close = difflib.get_close_matches(variable, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "docs/settings.md lists them all"
    return f"{variable} is no setting; {hint}"
