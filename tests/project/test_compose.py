"""compose.yaml, judged by structure, without an engine, and by Docker's client where that is."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
import yaml

from lakehouse.security.logins import LOGINS
from lakehouse.security.logins import PREFIX as DSN
from lakehouse.settings.settings import PREFIX, SECRETS, Settings, variable_of
from tests.project.tree import ROOT

TEXT: Final = (ROOT / "compose.yaml").read_text(encoding="utf-8")


class OnceEach(yaml.SafeLoader):
    """Reads YAML as Compose does: a key that stands there twice is refused."""


def _mapping(loader: OnceEach, node: yaml.MappingNode) -> dict[Any, Any]:
    names = [loader.construct_object(key) for key, _ in node.value if key.tag != MERGE]
    assert len({*names}) == len(names), f"twice: {sorted(names)}"
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


MERGE: Final = "tag:yaml.org,2002:merge"
OnceEach.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
COMPOSE: Final = yaml.load(TEXT, OnceEach)
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (ROOT / "ops" / "Dockerfile").read_text(encoding="utf-8")
EXACT_TAG: Final = re.compile(r"[\w./-]+:v?\d+\.\d+\.?[\w.-]*")
# What writes outside its volumes, and the comment in compose.yaml says where.
WRITABLE: Final = {"redpanda"}
AS_OWNER: Final = {"migrate", "admin", "backup", "metrics-key"}
# The jobs share a user.
LOGIN_OF: Final = dict.fromkeys(("maintain", "monitor", "outcomes", "reconcile", "relay"), "jobs")
# What ends when it fails, and serves nothing that could be asked.
SERVES_NOTHING: Final = {"monitor", "reconcile", "relay", "simulate"}
PRODUCT: Final = [name for name, each in SERVICES.items() if "build" in each and name != "s3"]
LONG_RUNNING: Final = [name for name, each in SERVICES.items() if each["restart"] != "no"]

each_service = pytest.mark.parametrize("name", SERVICES)


def environment_of(name: str) -> dict[str, str]:
    told: dict[str, str] = SERVICES[name].get("environment", {})
    return told


@each_service
def test_a_services_image_has_an_exact_tag(name: str) -> None:
    service = SERVICES[name]
    inline = service.get("build", {}).get("dockerfile_inline", "")
    images = [service["image"], *re.findall(r"^FROM (\S+)", inline, re.MULTILINE)]
    assert [image for image in images if not EXACT_TAG.fullmatch(image)] == []


@each_service
def test_a_service_is_an_ordinary_user_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name not in WRITABLE)


@each_service
def test_a_service_has_limits_and_its_log_has(name: str) -> None:
    service = SERVICES[name]
    assert {"mem_limit", "pids_limit"} <= service.keys()
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


@each_service
def test_a_service_listens_on_loopback_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_no_two_services_publish_one_port() -> None:
    ports = [port.split(":")[1] for each in SERVICES.values() for port in each.get("ports", [])]
    assert len({*ports}) == len(ports)


@each_service
def test_a_service_that_runs_on_is_looked_at_and_comes_back(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == ("unless-stopped" if name in LONG_RUNNING else "no")
    assert ("healthcheck" in service) is (name in LONG_RUNNING and name not in SERVES_NOTHING)


@each_service
def test_whoever_waits_for_a_service_waits_for_what_it_can_tell(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        is_one_shot = how["condition"] == "service_completed_successfully"
        assert is_one_shot is ("healthcheck" not in SERVICES[other])


def test_no_two_services_of_one_machine_listen_on_one_port() -> None:
    """As `just stack` and a person start them; process N of the flow listens N ports higher."""
    addresses = {
        name: field.default
        for name, field in Settings.model_fields.items()
        if name.endswith("_address")
    }
    ports = {name: int(str(each).rpartition(":")[2]) for name, each in addresses.items()}
    assert len({*ports.values()}) == len(ports)
    first = ports.pop("metrics_address")
    assert [name for name, port in ports.items() if first <= port < first + 64] == []


def _waits_for(name: str) -> set[str]:
    first = set(SERVICES[name].get("depends_on", {}))
    return first.union(*map(_waits_for, first))


@pytest.mark.parametrize("name", [name for name, each in SERVICES.items() if "secrets" in each])
def test_nothing_that_has_a_secret_starts_before_all_are_known_to_be_strong(name: str) -> None:
    assert name == "secrets" or "secrets" in _waits_for(name)


def test_every_secret_is_a_file_that_the_script_makes_and_is_checked(tmp_path: Path) -> None:
    subprocess.run(["sh", ROOT / "ops" / "secrets.sh", tmp_path / "made"], check=True)
    made = {path.name for path in (tmp_path / "made").iterdir()}
    declared = COMPOSE["secrets"]
    assert declared == {name: {"file": f"${{SECRETS_FOLDER:-./secrets}}/{name}"} for name in made}
    assert {*SERVICES["secrets"]["secrets"]} == made
    mounted = {each for service in SERVICES.values() for each in service.get("secrets", [])}
    assert mounted == made


@each_service
def test_a_secret_reaches_a_service_as_a_file_only(name: str) -> None:
    secret = {f"{variable_of(field)}" for field in SECRETS}
    mounted = {f"/run/secrets/{each}" for each in SERVICES[name].get("secrets", [])}
    for variable, value in environment_of(name).items():
        assert variable not in secret
        assert not re.search(
            r"(PASSWORD|SECRET|PEPPER|TOKEN|ACCESS_KEY|ACCESS_KEY_ID|DSN)$", variable
        )
        if variable.endswith("_FILE"):
            assert value in mounted, f"{variable}: {value} is not mounted"
    told = {value for value in environment_of(name).values() if value.startswith("/run/secrets/")}
    if name in PRODUCT and name not in {"secrets", "migrate", "admin"}:
        assert mounted == told, "a service has no secret that it does not use"


@pytest.mark.parametrize("name", PRODUCT)
def test_each_service_logs_in_to_postgres_as_a_user_of_its_own(name: str) -> None:
    told = environment_of(name).get("RISK_SILVER_DSN_FILE", "").removeprefix("/run/secrets/")
    if name in {"secrets", "bucket", "simulate"}:
        assert not told
    elif name in AS_OWNER:
        assert told == f"{DSN}owner"
    else:
        assert told == f"{DSN}{LOGIN_OF.get(name, name)}"


def test_migrating_makes_every_user_that_a_service_logs_in_as() -> None:
    assert SERVICES["migrate"]["command"][-2:] == ["--logins", "/run/secrets"]
    wanted = {f"{DSN}{service}" for service in LOGINS}
    assert wanted <= {*SERVICES["migrate"]["secrets"]}
    used = {environment_of(name).get("RISK_SILVER_DSN_FILE", "") for name in PRODUCT}
    assert {f"/run/secrets/{each}" for each in wanted} <= used


@pytest.mark.parametrize("name", PRODUCT)
def test_the_product_is_told_only_settings_that_exist(name: str) -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    known |= {f"{variable_of(field)}_FILE" for field in SECRETS}
    assert {each for each in environment_of(name) if each.startswith(PREFIX)} <= known


@pytest.mark.parametrize("name", PRODUCT)
def test_a_command_of_the_product_exists_and_is_in_the_image(name: str) -> None:
    service = SERVICES[name]
    command = " ".join(service["command"])
    for module in re.findall(r"python -m ((?!bytewax)[\w.]+)|bytewax\.run ([\w.]+)", command):
        found = next(filter(None, module))
        assert importlib.util.find_spec(found) is not None
        assert found.partition(".")[0] in _packages_of(service["build"]["target"])


def _packages_of(target: str) -> set[str]:
    stage = re.search(
        rf"^FROM (\w+) AS {target}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL
    )
    assert stage is not None, f"ops/Dockerfile has no target {target}"
    base = re.search(
        rf"^FROM \S+ AS {stage[1]}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL
    )
    assert base is not None
    return set(re.findall(r"^COPY (\w+) \1$", base[1] + stage[2], re.MULTILINE))


def test_what_prometheus_and_alertmanager_ask_for_is_where_compose_has_it() -> None:
    """Addresses, and the two files of secrets."""
    scraped = (ROOT / "ops" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    routed = (ROOT / "ops" / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    ports = {
        "score": environment_of("score")["RISK_METRICS_ADDRESS"],
        "api": environment_of("api")["RISK_API_ADDRESS"],
        "exporter": environment_of("exporter")["RISK_EXPORTER_ADDRESS"],
        "maintain": environment_of("maintain")["RISK_MAINTENANCE_ADDRESS"],
        "receiver": environment_of("receiver")["RISK_ALERTS_ADDRESS"],
        "alertmanager": SERVICES["alertmanager"]["ports"][0].removeprefix("127.0.0.1:"),
    }
    for name, port in re.findall(r"\b([a-z]+):(\d{4})\b", scraped + routed):
        assert name == "localhost" or ports[name].endswith(f":{port}"), f"{name}:{port}"
    assert "credentials_file: /run/secrets/metrics_key" in scraped
    assert "metrics-key:/run/secrets:ro" in SERVICES["prometheus"]["volumes"]
    made = SERVICES["metrics-key"]
    assert made["volumes"] == ["metrics-key:/home/risk/keys"]
    assert "mv /home/risk/keys/new /home/risk/keys/metrics_key" in made["command"][-1]
    assert "credentials_file: /run/secrets/alerts_token" in routed
    assert SERVICES["alertmanager"]["secrets"] == ["alerts_token"]


def test_the_recipe_starts_everything_that_runs_on() -> None:
    recipe = re.search(
        r'^up \*services:.*?== "" \{ "([^"]+)"',
        (ROOT / "justfile").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    assert recipe is not None
    named = {*recipe[1].split()}
    wanted = {name for name in LONG_RUNNING if "profiles" not in SERVICES[name]}
    assert named | {other for name in named for other in _waits_for(name)} >= wanted
    assert named <= wanted


def test_the_example_of_env_names_each_variable_of_the_file() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) | {"COMPOSE_PROFILES"}  # Compose's own
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert {line.partition("=")[0] for line in example if not line.startswith("#")} == asked


@pytest.mark.parametrize("profiles", [[], ["--profile", "simulate", "--profile", "jobs"]])
def test_docker_compose_takes_the_file(profiles: list[str], tmp_path: Path) -> None:
    docker = shutil.which("docker")
    asked = [docker or "docker", "compose", "version"]
    if docker is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("docker with its compose plugin is not on this machine")
    env = ROOT / ".env.example"
    told = ["--env-file", str(env), "--file", str(ROOT / "compose.yaml"), *profiles]
    done = subprocess.run(
        [docker, "compose", *told, "config", "--quiet"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.server
def test_the_bucket_is_made_once(s3_server: str) -> None:
    command = SERVICES["bucket"]["command"]
    assert command[:2] == ["python", "-c"]
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
    told = {**os.environ, **keys, "AWS_ENDPOINT_URL": s3_server}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", command[2]], env=told, timeout=120, check=True)
    store = boto3.client(
        "s3",
        endpoint_url=s3_server,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    assert [each["Name"] for each in store.list_buckets()["Buckets"]].count("lake") == 1
    store.delete_bucket(Bucket="lake")
