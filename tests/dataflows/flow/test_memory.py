"""Each in a process of its own: what `settle` sets up lasts as long as the process."""

from __future__ import annotations

import sys

import pytest

from tests.flow import run_code


def said(code: str) -> list[str]:
    done = run_code(f"import ctypes, gc\nfrom dataflows.flow import memory\n{code}")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_what_was_loaded_is_left_alone_by_the_collector() -> None:
    assert said("""
memory.settle()
print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0] == memory.COLLECT_AFTER_OBJECTS)
""") == ["True", "True"]


def test_another_c_library_has_only_the_collector_told() -> None:
    assert said("""
ctypes.CDLL = lambda _name: object()
memory.settle()
print(gc.get_freeze_count() > 10_000)
""") == ["True"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc's malloc")
def test_a_block_that_was_freed_is_used_again_without_page_faults_unless_it_is_large() -> None:
    smaller, large = (
        said(f"""
import resource
memory.settle()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    before = faults()
    block = bytearray(b"x") * ({size})
    del block
    print(faults() - before)
""")
        for size in ("memory.LARGE_BYTES // 2", "memory.LARGE_BYTES * 2")
    )
    pages = (2 << 20) // 4096
    assert int(smaller[-1]) < pages // 10
    assert int(large[-1]) >= 4 * pages
