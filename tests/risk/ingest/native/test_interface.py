"""The compiled code as such: its compiler's warnings, its versions, and what it does to memory."""

import ctypes
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from risk.ingest.event_buffer import Packed
from risk.ingest.native import interface
from risk.ingest.native.interface import Keys
from risk.ingest.native.reader import keys_in
from tests.project.tree import ROOT
from tests.risk.flat_checked import damaged
from tests.risk.simulated import a_simulator

SOURCE = ROOT / "risk" / "ingest" / "native" / "flat.c"
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) here")


def _compiled(source: Path, target: Path, *options: str) -> Path:
    subprocess.run(
        ["cc", *options, "-fPIC", "-shared", "-o", target, source],
        check=True,
        capture_output=True,
        text=True,
    )
    return target


# With it, nothing is done sixteen bytes at a time, as on a machine that cannot.
ONE_BY_ONE = "-DONE_BY_ONE"


@pytest.mark.parametrize("options", [(), (ONE_BY_ONE,)])
def test_the_compiler_has_nothing_to_say(tmp_path: Path, options: tuple[str, ...]) -> None:
    _compiled(SOURCE, tmp_path / "strict.so", *STRICT, "-O2", *options)


def test_code_for_another_version_is_not_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.c"
    other.write_text("int flat_interface(void) { return 0; }\nint read_flat(void) { return 0; }\n")
    _compiled(other, tmp_path / "libflat.so")
    with pytest.raises(OSError, match=r"libflat\.so was made for another version of this code"):
        interface.Library(str(tmp_path / "libflat.so"))
    monkeypatch.setattr(interface, "__file__", str(tmp_path / "interface.py"))
    assert interface.load() is None
    (tmp_path / "libflat.so").unlink()
    assert interface.load() is None


@pytest.mark.parametrize("options", [(), (ONE_BY_ONE,)])
def test_no_byte_beside_an_event_is_touched(tmp_path: Path, options: tuple[str, ...]) -> None:
    sanitizer = subprocess.run(
        ["cc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    if not Path(sanitizer).is_absolute():
        pytest.skip("this compiler has no address sanitizer")
    library = _compiled(
        SOURCE,
        tmp_path / "checked.so",
        "-g",
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover",
        *options,
    )
    checked = subprocess.run(
        [sys.executable, "-m", "tests.risk.flat_checked", library],
        cwd=ROOT,
        env=os.environ
        | {"LD_PRELOAD": sanitizer, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert checked.returncode == 0, checked.stderr
    read, events = map(int, checked.stdout.split())
    assert 0 < read < events


def test_the_structures_are_as_large_as_the_compilers(tmp_path: Path) -> None:
    sizes = tmp_path / "sizes.c"
    sizes.write_text(
        f'#include "{SOURCE}"\n'
        "int key_size(void) { return (int)sizeof(struct key); }\n"
        "int outputs_size(void) { return (int)sizeof(struct outputs); }\n"
    )
    library = ctypes.CDLL(str(_compiled(sizes, tmp_path / "sizes.so")))
    assert library.key_size() == ctypes.sizeof(interface.Key)
    assert library.outputs_size() == ctypes.sizeof(interface.Outputs)


def test_sixteen_bytes_at_a_time_or_one_by_one_the_same_is_read(tmp_path: Path) -> None:
    events = [*a_simulator().events(0, 2_000), *damaged(random.Random(3))]
    packed = Packed.of(events)
    one_by_one = _compiled(SOURCE, tmp_path / "one.so", "-O2", ONE_BY_ONE)
    at_a_time = _compiled(SOURCE, tmp_path / "many.so", "-O2")
    for keys in (Keys.of(keys_in(events[0])), Keys.of(keys_in(events[2_000]))):
        found, expected = (
            interface.Library(str(path)).read(packed.starts, packed.sizes, keys)
            for path in (at_a_time, one_by_one)
        )
        is_read = expected.is_read
        assert 0 < np.count_nonzero(is_read) < len(events)
        assert found.is_read.tolist() == is_read.tolist()
        assert found.codes[is_read].tolist() == expected.codes[is_read].tolist()
        assert found.numbers[is_read].tobytes() == expected.numbers[is_read].tobytes()
        assert found.texts.tobytes() == expected.texts.tobytes()
