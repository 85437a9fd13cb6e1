"""The image: from hashed locks, for an ordinary user, each target with no more than it needs."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.project.test_compose import DOCKERFILE, EXACT_TAG, SERVICES
from tests.project.test_lock import EXTRAS, RUNTIME, pins
from tests.project.tree import PACKAGES, ROOT

LOCKS: Final = {"core": RUNTIME, "ui": "ops/ui.lock", "monitor": "ops/monitor.lock"}
# What is no module of the core: what only the target `monitor` runs, and a library in C.
PASSED_BY: Final = ("dataflows.monitor", "risk.ingest.native.libflat")
NOT_IN_CORE: Final = ("argon2", "dash", "evidently", "itsdangerous", "pandas", "plotly")

IMPORT_ALL: Final = """
import importlib, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {refused!r}:
            raise ImportError(f"{{name}} is not in this image")

sys.meta_path.insert(0, Refuse())
for package in {packages!r}:
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not found.name.endswith("__main__") and not found.name.startswith({passed!r}):
            importlib.import_module(found.name)
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def stages() -> dict[str, str]:
    """Return what each stage of the Dockerfile does, by its name."""
    found = re.findall(
        r"^FROM \S+ AS ([\w-]+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL
    )
    return dict(found)


def test_the_image_is_built_on_one_exact_base_for_an_ordinary_user() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) - stages().keys()
    assert len(bases) == 1
    assert EXACT_TAG.fullmatch(bases.pop())
    for target in LOCKS:
        assert re.findall(r"^USER (.*)", stages()[target], re.MULTILINE) == [
            SERVICES["score"]["user"]
        ]


@pytest.mark.parametrize("target", LOCKS)
def test_a_target_is_built_from_its_hashed_lock(target: str) -> None:
    lock = LOCKS[target]
    copied = Path(lock).name
    stage = stages()["packages" if target == "core" else f"packages-{target}"]
    assert f"COPY {lock} /tmp/{copied}\n" in stage
    wanted = rf"--no-deps --require-hashes \\\n +--requirement /tmp/{copied}\b"
    assert re.search(wanted, stage)
    assert f"COPY --from=packages-{target} /opt/venv /opt/venv\n" in stages()[target]


def test_the_image_holds_the_compiled_code_made_for_it() -> None:
    made = "/tmp/compiled/risk/ingest/native/libflat.so"
    assert "apt-get install --yes --no-install-recommends gcc libc6-dev" in stages()["packages"]
    assert f"RUN /tmp/compiled/ops/compile.sh \\\n    && test -s {made}\n" in DOCKERFILE
    assert f"COPY --from=packages {made} risk/ingest/native/\n" in stages()["product"]


def test_the_build_may_see_what_it_copies_and_nothing_compiled_elsewhere() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    for path in {each for line in copied for each in line.split()}:
        assert (ROOT / path).exists()
        top = f"!{path.split('/')[0]}/" if path.split("/")[0] in PACKAGES else f"!{path}"
        assert top in ignored
    assert "risk/ingest/native/libflat.so*" in ignored


def test_core_and_ui_hold_every_package_of_the_project() -> None:
    core = set(re.findall(r"^COPY (\w+) \1$", stages()["product"], re.MULTILINE))
    assert core == {*PACKAGES} - {"ui"}
    assert re.findall(r"^COPY (\w+) \1$", stages()["ui"], re.MULTILINE) == ["ui"]


@pytest.mark.parametrize("target", ["ui", "monitor"])
def test_a_targets_lock_is_the_cores_with_what_its_extra_asks_for(target: str) -> None:
    assert pins(RUNTIME).items() <= pins(LOCKS[target]).items()
    assert pins(LOCKS[target]).items() <= pins("requirements.lock").items()
    named = {re.split(r"[<>=]", text)[0] for text in EXTRAS[target]}
    assert named <= pins(LOCKS[target]).keys() - pins(RUNTIME).keys()


def test_the_core_imports_none_of_what_only_other_targets_have() -> None:
    """Every module of its packages is imported, where those cannot be."""
    script = IMPORT_ALL.format(
        refused={*NOT_IN_CORE}, packages=sorted({*PACKAGES} - {"ui"}), passed=PASSED_BY
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {"bytewax", "fastapi", "serving"} <= {*done.stdout.split()}
    assert not {*NOT_IN_CORE} & {*done.stdout.split()}


def _enter(told: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "ops" / "entrypoint.sh", *command],
        env={"PATH": os.environ["PATH"], **told},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_entrypoint_takes_the_keys_of_s3_from_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("it's a $key\n", encoding="utf-8")
    told = {"AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "key"), "AWS_REGION": "us-east-1"}
    done = _enter(
        told, "sh", "-c", 'echo "$AWS_SECRET_ACCESS_KEY|$AWS_REGION|$*"; exit 7', "-", "a"
    )
    assert (done.returncode, done.stdout) == (7, "it's a $key|us-east-1|a\n")


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_key_in_its_file_nothing_starts(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "key").write_text(text, encoding="utf-8")
    done = _enter({"AWS_ACCESS_KEY_ID_FILE": str(tmp_path / "key")}, "echo", "started")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("settings_invalid: AWS_ACCESS_KEY_ID_FILE: ")
    assert done.stderr.count("\n") == 1
