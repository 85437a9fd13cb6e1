"""The compiled code as such: its compiler's warnings, its versions, and what it does to memory."""

import ctypes
import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from risk.ingest.application_columns import TEXTS
from risk.ingest.event_buffer import Packed
from risk.ingest.native import interface
from risk.ingest.native.interface import Keys
from risk.ingest.native.reader import keys_in, read_flat
from tests.project.tree import ROOT
from tests.risk import flat_fuzz
from tests.risk.applications import as_bytes
from tests.risk.feeds import needs_compiled
from tests.risk.flat_checked import damaged
from tests.risk.simulated import a_simulator

SOURCE = ROOT / "risk" / "ingest" / "native" / "flat.c"
CHECKSUM = f'-DSOURCE_SHA256="{interface.source_sha256()}"'
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) here")


def _compiled(source: Path, target: Path, *options: str) -> Path:
    subprocess.run(
        ["cc", *options, CHECKSUM, "-fPIC", "-shared", "-o", target, source],
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


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the reader's sources, in which `load` looks."""
    for name in ("flat.c", "flat_time.h"):
        shutil.copy(SOURCE.with_name(name), tmp_path)
    monkeypatch.setattr(interface, "files", lambda _: tmp_path)
    return tmp_path


def test_code_of_these_very_sources_is_called(sources: Path) -> None:
    _compiled(sources / "flat.c", sources / "libflat.so")
    assert interface.load() is not None


def test_code_of_other_sources_is_not_called_however_new_it_is(sources: Path) -> None:
    made = _compiled(sources / "flat.c", sources / "libflat.so")
    with (sources / "flat_time.h").open("a") as header:
        header.write("/* changed */\n")
    os.utime(sources / "flat_time.h", (0, 0))
    with pytest.raises(OSError, match=r"libflat\.so was made from other sources: expected"):
        interface.Library(str(made))
    assert interface.load() is None


@pytest.mark.parametrize("source", ["int read_flat(void) { return 0; }\n", None])
def test_what_is_not_this_code_is_not_called(sources: Path, source: str | None) -> None:
    if source:
        (sources / "other.c").write_text(source)
        _compiled(sources / "other.c", sources / "libflat.so")
    assert interface.load() is None


def test_the_script_compiles_again_what_was_made_from_other_sources(sources: Path) -> None:
    folder = sources / "risk" / "ingest" / "native"
    folder.mkdir(parents=True)
    (sources / "ops").mkdir()
    shutil.copy(ROOT / "ops" / "compile.sh", sources / "ops")
    for name in ("flat.c", "flat_time.h"):
        (sources / name).rename(folder / name)
    library = folder / "libflat.so"

    def made() -> int:
        subprocess.run(["sh", sources / "ops" / "compile.sh"], check=True)
        return library.stat().st_ino

    first = made()
    assert made() == first
    with (folder / "flat.c").open("a") as source:
        source.write("/* changed */\n")
    os.utime(folder / "flat.c", (0, 0))
    assert made() != first


def _crafted(word: Callable[[int], str], events: int) -> list[bytes]:
    """Return a producer's events in which every field of texts holds another word."""
    fields = [field for field in TEXTS if field not in {"event_id", "id", "loan_id"}]
    words = map(word, itertools.count())
    return [
        as_bytes(id=n, loan_amnt=1.0, **{f: next(words) for f in fields}) for n in range(events)
    ]


@needs_compiled
def test_texts_made_to_collide_cost_at_most_three_times_as_much_as_others() -> None:
    """Fowler, Noll and Vo's hash has no key, so that anybody can make such texts."""

    def place(text: str) -> int:
        value = 2166136261
        for byte in text.encode():
            value = (value ^ byte) * 16777619 & 0xFFFFFFFF
        return (value ^ value >> 15) & 8191

    # All of one place in the table of 8,192; steps of letters, so that they are found quickly.
    colliding = [w for w in map("{:07x}".format, range(4_000_000)) if place(w) < 2]
    crafted = _crafted(lambda n: colliding[n % len(colliding)], 400)
    ordinary = _crafted("{:07x}".format, 400)
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(15):
        for is_crafted, events in ((True, crafted), (False, ordinary)):
            packed = Packed.of(events)
            start = time.process_time()
            found = read_flat(packed, np.arange(len(events)), 4_096)
            seconds[is_crafted].append(time.process_time() - start)
            assert found is not None
            assert len(found[0]) == len(events)
    assert min(seconds[True]) < 3 * min(seconds[False])


def test_the_fuzzer_finds_nothing_in_a_second_and_a_planted_error_at_once(tmp_path: Path) -> None:
    inputs = flat_fuzz.corpus(tmp_path / "corpus")
    sound = flat_fuzz.build(tmp_path, "cc")
    assert subprocess.run([sound, "1", *inputs], check=False).returncode == 0
    text = SOURCE.read_text()
    planted = text.replace("end - at >= SIXTEEN; at +=", "end - at >= 1; at +=")
    assert planted != text
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "flat.c").write_text(planted)
    faulty = flat_fuzz.build(broken, "cc", source=broken / "flat.c")
    done = subprocess.run([faulty, "20", *inputs], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "AddressSanitizer" in done.stderr


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
