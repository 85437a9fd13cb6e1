"""justw, with interpreters that only pretend: what it finds, makes, keeps and says."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.tree import ROOT

TOOLS = (
    "sh",
    "cat",
    "chmod",
    "cksum",
    "cp",
    "cut",
    "date",
    "dirname",
    "grep",
    "ln",
    "mkdir",
    "mv",
    "rm",
    "sha256sum",
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


class Clone:
    """A folder with justw and a lock, and a PATH that holds nothing else but what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a clone"
        self.bin = folder / "bin"
        self.trace = folder / "pip was called"
        self.broken = folder / "pip is broken"
        self.root.mkdir()
        self.bin.mkdir()
        shutil.copy(ROOT / "justw", self.root)
        (self.root / "ops").mkdir()
        shutil.copy(ROOT / "ops" / "compile.sh", self.root / "ops")
        self.sources = [
            self.root / "risk" / "ingest" / "native" / name for name in ("flat.c", "flat_time.h")
        ]
        self.library = self.root / "risk" / "ingest" / "native" / "libflat.so"
        self.library.parent.mkdir(parents=True)
        for source in self.sources:
            source.touch()
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

    def add_compiler(self, *, is_broken: bool = False) -> None:
        """Put a C compiler on PATH; its product says how it was called."""
        calls = shlex.quote(str(self.root / "cc was called"))
        made = (
            "exit 1"
            if is_broken
            else 'for word; do [ "$last" != -o ] || out=$word; last=$word; done'
        )
        self._script(
            self.bin / "cc",
            f'#!/bin/sh\nlast=\necho called >>{calls}\n{made}\necho "$*" >"$out"\n',
        )

    @property
    def compilations(self) -> int:
        calls = self.root / "cc was called"
        return len(calls.read_text().splitlines()) if calls.exists() else 0

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
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.mark.parametrize("version", ["3.11.0", "3.12.9"])
def test_it_makes_the_environment_and_runs_the_recipe(clone: Clone, version: str) -> None:
    clone.add("python3", version)
    code, out, err = clone.run("sql", "select 1")
    assert (code, out) == (0, f"just --justfile {clone.root}/justfile sql select 1\n")
    assert f"justw: making .venv with Python {version}" in err
    assert "--require-hashes -r" in clone.trace.read_text()


def test_it_is_silent_and_installs_nothing_when_nothing_changed(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.run()
    code, _, err = clone.run()
    assert (code, err, clone.installs) == (0, "", 1)


def test_a_changed_lock_is_installed(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.run()
    (clone.root / "requirements.lock").write_text("two==2.0 \\\n    --hash=sha256:0\n")
    assert clone.run()[0] == 0
    assert clone.installs == 2


def test_an_environment_that_was_moved_is_made_again(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.run()
    clone.root = clone.root.rename(clone.root.with_name("elsewhere"))
    assert clone.run()[0] == 0
    assert clone.installs == 2


@pytest.mark.parametrize(
    ("name", "version"), [("python3", "3.13.0"), ("python", "2.7.18"), ("python3", "3.10.9")]
)
def test_an_unfit_python_is_named_with_what_to_do(clone: Clone, name: str, version: str) -> None:
    clone.add(name, version)
    code, out, err = clone.run("test")
    assert (code, out) == (1, "")
    assert f"only {version} ({clone.bin}/{name}) was found" in err
    assert "JUSTW_PYTHON=" in err


def test_no_python_at_all_is_said(clone: Clone) -> None:
    code, _, err = clone.run("test")
    assert code == 1
    assert "Python 3.11 or 3.12 is needed, and no Python was found on PATH" in err


def test_a_shim_that_does_not_run_is_passed_over(clone: Clone) -> None:
    clone._script(clone.bin / "python3.12", "#!/bin/sh\nexit 127\n")
    clone.add("python3", "3.11.4")
    assert clone.run()[0] == 0


def test_a_failed_install_says_what_pip_said_and_is_tried_again(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.broken.touch()
    code, out, err = clone.run("test")
    assert (code, out) == (1, "")
    assert "ERROR: no network" in err
    clone.broken.unlink()
    assert clone.run("test")[0] == 0


def test_two_runs_at_once_install_once(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    runs = [clone.start("test") for _ in range(4)]
    for run in runs:
        assert run.communicate(timeout=60)[0].startswith("just ")
    assert ([run.returncode for run in runs], clone.installs) == ([0] * 4, 1)


def test_it_compiles_what_changed_and_only_that(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.add_compiler()
    _, _, err = clone.run()
    assert "no C compiler" not in err
    assert "SOURCE_SHA256" in clone.library.read_text()
    for number, source in enumerate(clone.sources, start=1):
        os.utime(source)
        clone.run()
        assert clone.compilations == number
        source.write_text("changed")
        os.utime(source, (0, 0))
        clone.run()
        assert clone.compilations == number + 1
    assert {*clone.library.parent.iterdir()} == {*clone.sources, clone.library}


def test_without_a_c_compiler_it_says_so_once_and_goes_on(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    code, out, err = clone.run("sql")
    assert code == 0
    assert "sql" in out
    assert "no C compiler (cc) here: events are read without it, to the same values" in err
    assert not clone.library.exists()
    assert clone.run()[2] == ""


def test_a_c_compiler_that_fails_is_no_obstacle(clone: Clone) -> None:
    clone.add("python3.12", "3.12.1")
    clone.add_compiler(is_broken=True)
    code, out, err = clone.run("sql")
    assert code == 0
    assert "sql" in out
    assert (
        "cc cannot compile risk/ingest/native/flat.c; events are read without it, at a lower rate"
        in err
    )
    assert {*clone.library.parent.iterdir()} == {*clone.sources}
