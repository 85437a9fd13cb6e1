"""compose.yaml and the image, judged by structure: no engine is needed."""

import re
from typing import Any, Final

import pytest
import yaml

from lakehouse.settings.settings import PREFIX, Settings, variable_of
from tests.project.tree import PACKAGES, ROOT

COMPOSE: Final = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
DOCKERFILE: Final = (ROOT / "ops" / "Dockerfile").read_text(encoding="utf-8")
EXACT_TAG: Final = re.compile(r"[\w./-]+:(v?\d+\.\d+\.?[\w.-]*|RELEASE\.[\dTZ-]+)")
# What writes outside its volumes, and the comment in compose.yaml says where.
WRITABLE: Final = {"redpanda"}

each_service = pytest.mark.parametrize("name", SERVICES)


def _images(name: str) -> list[str]:
    service = SERVICES[name]
    inline = service.get("build", {}).get("dockerfile_inline", "")
    return [service["image"], *re.findall(r"^FROM (\S+)", inline, re.MULTILINE)]


@each_service
def test_a_services_image_has_an_exact_tag(name: str) -> None:
    assert [image for image in _images(name) if not EXACT_TAG.fullmatch(image)] == []


@each_service
def test_a_service_is_an_ordinary_user_without_privileges(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name not in WRITABLE)


@each_service
def test_a_service_listens_on_loopback_only(name: str) -> None:
    ports = SERVICES[name].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@each_service
def test_whoever_waits_for_a_service_waits_for_what_it_can_tell(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        is_one_shot = how["condition"] == "service_completed_successfully"
        assert is_one_shot is ("healthcheck" not in SERVICES[other])


@each_service
def test_a_secret_comes_from_outside_and_has_no_default(name: str) -> None:
    environment = SERVICES[name].get("environment", {})
    for variable, value in environment.items():
        if re.search(r"PASSWORD|SECRET|PEPPER|ACCESS_KEY|ROOT_USER|DSN|MC_HOST", variable):
            assert re.search(r"\$\{\w+:\?", value), f"{variable} must be asked for"
        assert not re.search(r"\$\{\w+(:?-|\})", str(value)), f"{variable} must have no default"


def test_the_example_of_env_names_each_secret_and_gives_none() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    example = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert {line for line in example if not line.startswith("#")} == {f"{name}=" for name in asked}


@pytest.mark.parametrize("name", ["score", "api", "migrate"])
def test_the_house_is_told_only_settings_that_exist(name: str) -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    told = {name for name in SERVICES[name]["environment"] if name.startswith(PREFIX)}
    assert told <= known


def test_the_image_is_built_from_the_lock_on_an_exact_base_for_an_ordinary_user() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1
    assert EXACT_TAG.fullmatch(bases.pop())
    assert "COPY ops/requirements.lock /tmp/requirements.lock" in DOCKERFILE
    assert re.search(r"--require-hashes \\\n +--requirement /tmp/requirements.lock", DOCKERFILE)
    assert re.findall(r"^USER (.*)", DOCKERFILE, re.MULTILINE)[-1] == SERVICES["score"]["user"]


def test_the_image_holds_the_compiled_code_made_for_it() -> None:
    made = "/tmp/compiled/risk/ingest/native/libflat.so"
    assert "apt-get install --yes --no-install-recommends gcc libc6-dev" in DOCKERFILE
    assert f"RUN /tmp/compiled/ops/compile.sh \\\n    && test -s {made}\n" in DOCKERFILE
    assert f"COPY --from=packages {made} risk/ingest/native/\n" in DOCKERFILE
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {"!ops/compile.sh", "risk/ingest/native/libflat.so*"} <= {*ignored}


def test_the_image_holds_every_package_whose_dependencies_it_has() -> None:
    packages = {*PACKAGES} - {"ui"}  # its dependencies are an extra
    assert set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)) == packages
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    assert all(f"!{package}/" in ignored for package in packages)
