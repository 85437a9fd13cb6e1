"""ops/kubernetes: what a cluster is told is valid, hardened, and names what the product has."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from lakehouse.security.logins import LOGINS
from lakehouse.security.logins import PREFIX as DSN
from lakehouse.settings.settings import PREFIX, SECRETS, Settings, variable_of
from tests.project.tree import ROOT

FOLDER: Final = ROOT / "ops" / "kubernetes"
KUSTOMIZATION: Final = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))
VERSIONS: Final = ("1.29", "1.32", "1.37")

Resource = dict[str, Any]


def _resources(text: str) -> list[Resource]:
    return [each for each in yaml.safe_load_all(text) if each]


RESOURCES: Final = [
    each
    for name in KUSTOMIZATION["resources"]
    for each in _resources((FOLDER / name).read_text(encoding="utf-8"))
]


def name_of(resource: Resource) -> str:
    return f"{resource['kind']}/{resource['metadata']['name']}"


def template_of(resource: Resource) -> Resource | None:
    """Return the template of the pods that a resource makes; None where it makes none."""
    spec = resource.get("spec", {})
    found: Resource | None = spec.get("jobTemplate", {}).get("spec", spec).get("template")
    return found


PODS: Final[dict[str, Resource]] = {
    name_of(each): template for each in RESOURCES if (template := template_of(each))
}
SERVERS: Final = [name for name in PODS if name.split("/")[0] in {"Deployment", "StatefulSet"}]

each_pod = pytest.mark.parametrize("name", PODS)


def container_of(name: str) -> Resource:
    (container,) = PODS[name]["spec"]["containers"]
    found: Resource = container
    return found


def told(name: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container_of(name)["env"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("resource", RESOURCES, ids=name_of)
def test_a_resource_is_what_the_schema_of_kubernetes_says(resource: Resource, version: str) -> None:
    kubernetes_validate.validate(resource, version, strict=True)


def test_a_field_that_the_schema_does_not_know_is_found() -> None:
    broken = RESOURCES[0] | {"spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[0], strict=True)


def test_kustomize_renders_it_whole() -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not on this machine")
    done = subprocess.run(
        [kubectl, "kustomize", FOLDER], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rendered = _resources(done.stdout)
    settings = [each for each in rendered if each["kind"] == "ConfigMap"]
    assert len(rendered) == len(RESOURCES) + 1 == len(RESOURCES) + len(settings)
    for each in rendered:
        kubernetes_validate.validate(each, VERSIONS[-1], strict=True)
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "risk"
        template = template_of(each)
        if template is not None:
            (container,) = template["spec"]["containers"]
            assert container["image"].endswith(":0.1.0")
            name = container["envFrom"][0]["configMapRef"]["name"]
            assert name == settings[0]["metadata"]["name"] != "settings"


@each_pod
def test_a_pod_is_an_ordinary_user_without_privileges(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["enableServiceLinks"] is False
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 10001
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container_of(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container_of(name)["resources"]["limits"].keys() == {"memory"}
    assert container_of(name)["resources"]["requests"].keys() == {"cpu", "memory"}


@each_pod
def test_a_pods_own_labels_are_what_selects_it(name: str) -> None:
    resource = next(each for each in RESOURCES if name_of(each) == name)
    labels = PODS[name]["metadata"]["labels"]
    assert labels == {"app.kubernetes.io/name": resource["metadata"]["name"]}
    if name in SERVERS:
        assert resource["spec"]["selector"] == {"matchLabels": labels}


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_looked_at_reached_and_not_taken_away_whole(name: str) -> None:
    service = name.split("/")[1]
    assert {"startupProbe", "livenessProbe"} <= container_of(name).keys()
    names = {name_of(each): each for each in RESOURCES}
    selector = {"app.kubernetes.io/name": service}
    assert names[f"PodDisruptionBudget/{service}"]["spec"]["selector"]["matchLabels"] == selector
    assert names[f"Service/{service}"]["spec"]["selector"] == selector
    ports = {each["name"]: each["containerPort"] for each in container_of(name)["ports"]}
    for port in names[f"Service/{service}"]["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]
    listens = [value for key, value in told(name).items() if key.endswith("_ADDRESS")]
    assert listens == [f"0.0.0.0:{ports['http']}"]


def test_what_may_not_run_twice_does_not() -> None:
    for each in RESOURCES:
        if each["kind"] == "CronJob":
            assert each["spec"]["concurrencyPolicy"] == "Forbid"
            assert each["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0


@each_pod
def test_a_pod_is_told_only_settings_that_exist(name: str) -> None:
    known = {variable_of(field) for field in Settings.model_fields}
    known |= {f"{variable_of(field)}_FILE" for field in SECRETS}
    common = dict(each.split("=", 1) for each in KUSTOMIZATION["configMapGenerator"][0]["literals"])
    names = {*told(name), *common}
    assert {each for each in names if each.startswith(PREFIX)} <= known
    Settings.from_env({key: common[key] for key in common if key.startswith(PREFIX)})


@each_pod
def test_a_pods_secrets_are_files_that_it_mounts_and_no_more(name: str, tmp_path: Path) -> None:
    subprocess.run(["sh", ROOT / "ops" / "secrets.sh", tmp_path / "made"], check=True)
    (mounted,) = [each["secret"] for each in PODS[name]["spec"]["volumes"] if "secret" in each]
    keys = {each["key"]: each["path"] for each in mounted["items"]}
    assert keys.keys() <= {path.name for path in (tmp_path / "made").iterdir()}
    wanted = {
        value.removeprefix("/run/secrets/")
        for key, value in told(name).items()
        if key.endswith("_FILE")
    }
    if name == "Job/migrate":
        wanted |= {f"{DSN}{service}" for service in LOGINS}
    assert {*keys.values()} == wanted
    login = told(name)["RISK_SILVER_DSN_FILE"].removeprefix(f"/run/secrets/{DSN}")
    service = name.split("/")[1]
    others = {"migrate": "owner"} | dict.fromkeys(
        ("maintain", "monitor", "reconcile", "relay"), "jobs"
    )
    assert login == others.get(service, service)


@each_pod
def test_a_pods_command_exists_and_its_image_has_it(name: str) -> None:
    words = " ".join(container_of(name)["args"]).split()
    module = words[words.index("-m") + 1]
    module = "dataflows.score" if module == "bytewax.run" else module
    assert importlib.util.find_spec(module) is not None
    targets = {"ui": "-ui", "dataflows.monitor": "-monitor"}
    assert container_of(name)["image"] == f"credit-risk-monitor{targets.get(module, '')}"
    assert container_of(name)["image"] in {each["name"] for each in KUSTOMIZATION["images"]}


def test_nothing_is_reached_that_no_policy_names() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in RESOURCES
        if each["kind"] == "NetworkPolicy"
    }
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, spec in policies.items():
        for rule in spec.get("ingress", []):
            assert rule["from"], name
            assert rule["ports"], name


@pytest.mark.parametrize(
    ("processes", "pod", "expected"),
    [
        ("1", "score-0", "|"),
        ("2", "score-1", "score-0.score:9001;score-1.score:9001|1"),
        ("3", "score-0", "score-0.score:9001;score-1.score:9001;score-2.score:9001|0"),
    ],
)
def test_the_flows_processes_find_each_other(
    processes: str, pod: str, expected: str, tmp_path: Path
) -> None:
    stub = tmp_path / "python"
    stub.write_text(
        '#!/bin/sh\necho "${BYTEWAX_ADDRESSES:-}|${BYTEWAX_PROCESS_ID:-}|$*"\n', encoding="utf-8"
    )
    stub.chmod(0o755)
    done = subprocess.run(
        container_of("StatefulSet/score")["args"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "PROCESSES": processes, "HOSTNAME": pod},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected}|-m bytewax.run dataflows.score\n"


def test_the_flow_has_as_many_replicas_as_it_is_told_processes() -> None:
    (score,) = [each for each in RESOURCES if name_of(each) == "StatefulSet/score"]
    assert told("StatefulSet/score")["PROCESSES"] == str(score["spec"]["replicas"])
    assert score["spec"]["podManagementPolicy"] == "Parallel"
