"""justw, with interpreters that only pretend: what it finds, makes, keeps and says."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

TOOLS = (
    "sh",
    "cat",
    "chmod",
    "cksum",
    "cp",
    "date",
    "dirname",
    "grep",
    "ln",
    "mkdir",
    "rm",
    "tail",
    "tee",
)
# Answers justw's questions for the version in its name; does the rest by leaving traces.
PRETENDER = """\
#!/bin/sh
case "$*" in
*"sys.version_info"*) echo "{version} cpython" ;;
*fcntl*) exec {python} "$@" ;;
"-m venv"*)
    for venv; do :; done
    mkdir -p "$venv/bin" && cp "$0" "$venv/bin/python"
    ;;
"-m pip"*)
    echo "$*" >>{trace}
    [ ! -e {broken} ] || {{ echo "ERROR: no network"; exit 1; }}
    echo "Collecting one==1.0"
    cp {just} "$(dirname "$0")/just"
    ;;
esac
"""


class House:
    """A folder with justw and a lock, and a PATH that holds nothing else but what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a house"
        self.bin = folder / "bin"
        self.trace = folder / "pip was called"
        self.broken = folder / "pip is broken"
        self.root.mkdir()
        self.bin.mkdir()
        shutil.copy(ROOT / "justw", self.root)
        (self.root / "justfile").touch()
        (self.root / "requirements.lock").write_text("one==1.0 \\\n    --hash=sha256:0\n")
        for tool in TOOLS:
            (self.bin / tool).symlink_to(str(shutil.which(tool)))
        self.just = self._script(folder / "just", '#!/bin/sh\necho "just $*"\n')

    def _script(self, path: Path, text: str) -> Path:
        path.write_text(text)
        path.chmod(0o755)
        return path

    def add(self, name: str, version: str) -> None:
        """Put an interpreter on PATH that says it is `version`."""
        paths = {"trace": self.trace, "broken": self.broken, "just": self.just}
        quoted = {word: shlex.quote(str(path)) for word, path in paths.items()}
        python = shlex.quote(sys.executable)
        self._script(self.bin / name, PRETENDER.format(version=version, python=python, **quoted))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "justw", *arguments],
            cwd="/",
            env={**os.environ, "PATH": str(self.bin), "JUSTW_PYTHON": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    @property
    def installs(self) -> int:
        return len(self.trace.read_text().splitlines()) if self.trace.exists() else 0


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.mark.parametrize("version", ["3.11.0", "3.12.9"])
def test_it_makes_the_environment_and_runs_the_recipe(house: House, version: str) -> None:
    house.add("python3", version)
    code, out, err = house.run("sql", "select 1")
    assert (code, out) == (0, f"just --justfile {house.root}/justfile sql select 1\n")
    assert f"justw: making .venv with Python {version}" in err
    assert "--require-hashes -r" in house.trace.read_text()


def test_it_is_silent_and_installs_nothing_when_nothing_changed(house: House) -> None:
    house.add("python3.12", "3.12.1")
    house.run()
    code, _, err = house.run()
    assert (code, err, house.installs) == (0, "", 1)


def test_a_changed_lock_is_installed(house: House) -> None:
    house.add("python3.12", "3.12.1")
    house.run()
    (house.root / "requirements.lock").write_text("two==2.0 \\\n    --hash=sha256:0\n")
    assert house.run()[0] == 0
    assert house.installs == 2


def test_an_environment_that_was_moved_is_made_again(house: House) -> None:
    house.add("python3.12", "3.12.1")
    house.run()
    house.root = house.root.rename(house.root.with_name("elsewhere"))
    assert house.run()[0] == 0
    assert house.installs == 2


@pytest.mark.parametrize(
    ("name", "version"), [("python3", "3.13.0"), ("python", "2.7.18"), ("python3", "3.10.9")]
)
def test_an_unfit_python_is_named_with_what_to_do(house: House, name: str, version: str) -> None:
    house.add(name, version)
    code, out, err = house.run("test")
    assert (code, out) == (1, "")
    assert f"only {version} ({house.bin}/{name}) was found" in err
    assert "JUSTW_PYTHON=" in err


def test_no_python_at_all_is_said(house: House) -> None:
    code, _, err = house.run("test")
    assert code == 1
    assert "Python 3.11 or 3.12 is needed, and no Python was found on PATH" in err


def test_a_shim_that_does_not_run_is_passed_over(house: House) -> None:
    house._script(house.bin / "python3.12", "#!/bin/sh\nexit 127\n")
    house.add("python3", "3.11.4")
    assert house.run()[0] == 0


def test_a_failed_install_says_what_pip_said_and_is_tried_again(house: House) -> None:
    house.add("python3.12", "3.12.1")
    house.broken.touch()
    code, out, err = house.run("test")
    assert (code, out) == (1, "")
    assert "ERROR: no network" in err
    house.broken.unlink()
    assert house.run("test")[0] == 0


def test_two_runs_at_once_install_once(house: House) -> None:
    house.add("python3.12", "3.12.1")
    runs = [house.start("test") for _ in range(4)]
    for run in runs:
        assert run.communicate(timeout=60)[0].startswith("just ")
    assert ([run.returncode for run in runs], house.installs) == ([0] * 4, 1)
