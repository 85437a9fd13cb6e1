"""Gold's own threads give way: what comes in is decided before a commit is compressed."""

import sys
from pathlib import Path

import pytest

from tests.flow import run_code

# A process of its own: the library starts its threads once, at its first call.
_PRIORITIES = """
import os
from pathlib import Path
from lakehouse.gold import open_gold
from lakehouse.lake_store import probe
from lakehouse.postgres import Patience
from tests.lakehouse.gold_cases import raw_rows

tasks = Path("/proc/self/task")

def workers():
    found = {}
    for task in tasks.iterdir():
        try:
            stat = (task / "stat").read_text()
        except OSError:  # a thread that ended meanwhile
            continue
        if "(tokio-rt-worker)" in stat:
            found[task.name] = niceness(stat)
    return found

def niceness(stat):
    # `nice` is field 19; the second one is a name in brackets.
    return int(stat.rpartition(")")[2].split()[16])

lake = LAKE
probe(lake)
of_the_probe = workers()  # another library's, which does little
writer = open_gold(lake, pipeline="score", patience=Patience(1.0))["raw_events"]
writer.append("loan_applications", 0, 3, raw_rows(range(3)))
writer.flush()
own = niceness((tasks / str(os.getpid()) / "stat").read_text())
print({nice - own for task, nice in workers().items() if task not in of_the_probe})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority on Linux only")
def test_gold_writes_at_a_lower_priority_than_the_flow(tmp_path: Path) -> None:
    done = run_code(f"LAKE = {str(tmp_path / 'lake')!r}\n{_PRIORITIES}")
    assert (done.stdout, done.returncode) == ("{10}\n", 0), done.stderr
