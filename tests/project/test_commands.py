"""Every command that a page tells people to run is run by a test or by CI."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.project.tree import ROOT

JUST: Final = Path(sys.executable).parent / "just"
PAGES: Final = [
    page
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    if "adr" not in page.parts and page.name != "CHANGELOG.md"
]
RECIPE: Final = re.compile(r"\./justw ([a-z][\w-]*)")
MODULE: Final = re.compile(r"python -m (bytewax\.run [\w.]+|[a-z][\w.]*(?: (?!--)[a-z][a-z-]*)*)")
VERBS: Final = {"keys", "audit", "models", "policies", "quarantine", "reference", "users"}

# What runs each: a file that starts the command, or calls its `main` with these words.
RUN_BY: Final = {
    "bytewax.run dataflows.score": "tests/flow.py",
    "dataflows.backtest": "tests/dataflows/test_backtest.py",
    "dataflows.demo": "tests/dataflows/test_demo.py",
    "dataflows.history": "tests/dataflows/test_history.py",
    "dataflows.monitor": "tests/ops/test_services_as_their_users.py",
    "dataflows.outcomes": "tests/dataflows/test_outcomes.py",
    "dataflows.produce": "tests/dataflows/test_produce.py",
    "dataflows.relay": "tests/dataflows/test_relay.py",
    "dataflows.replay_decision": "tests/dataflows/test_replay_decision.py",
    "dataflows.train": "tests/dataflows/test_train.py",
    "dataflows.verdict": "tests/dataflows/test_verdict.py",
    "lakehouse alerts": "tests/lakehouse/monitoring/test_alert_backtest.py",
    "lakehouse backup": "tests/faults/test_restore.py",
    "lakehouse check": "tests/flow.py",
    "lakehouse cutoffs": "tests/lakehouse/monitoring/test_simulator.py",
    "lakehouse erase": "tests/lakehouse/test_erasure.py",
    "lakehouse exporter": "tests/ops/test_services_as_their_users.py",
    "lakehouse maintain": "tests/faults/test_restore.py",
    "lakehouse migrate": "tests/faults/test_restore.py",
    "lakehouse models": "tests/lakehouse/registry/test_command.py",
    "lakehouse models list": "tests/lakehouse/registry/test_command.py",
    "lakehouse models rollback": "tests/lakehouse/registry/test_command.py",
    "lakehouse models sql": "tests/lakehouse/registry/test_sql_command.py",
    "lakehouse policies sql": "tests/lakehouse/registry/test_sql_command.py",
    "lakehouse quarantine": "tests/faults/test_restore.py",
    "lakehouse quarantine list": "tests/faults/test_restore.py",
    "lakehouse quarantine replay": "tests/faults/test_restore.py",
    "lakehouse quarantine show": "tests/faults/test_restore.py",
    "lakehouse reconcile": "tests/faults/test_restore.py",
    "lakehouse restore": "tests/faults/test_restore.py",
    "lakehouse rewind": "tests/faults/test_restore.py",
    "lakehouse sql": "tests/flow.py",
    "serving audit verify": "tests/serving/access/test_keys.py",
    "serving keys create": "tests/stack/whole_path.py",
    "serving keys list": "tests/serving/access/test_keys.py",
    "serving keys revoke": "tests/serving/access/test_keys.py",
    "serving.alerts": "tests/serving/test_alerts.py",
    "serving.app": "tests/serving/api_server.py",
    "tests.bench": "tests/serving/test_overload.py",
    "tests.faults": "tests/faults/test_suite.py",
    "tests.faults.simulator": "tests/faults/test_simulator.py",
    "tests.stack": "tests/ops/test_stack.py",
    "ui": "tests/ops/test_services_as_their_users.py",
    "ui users": "tests/ops/test_services_as_their_users.py",
    "ui users create": "tests/stack/__main__.py",
    "ui users list": "tests/ops/test_services_as_their_users.py",
}
# Recipes that start no module of ours, and who runs them.
OTHER_RECIPES: Final = {
    "check": ".ci/run",
    "test": ".ci/run",
    "test-long": "CONTRIBUTING.md",
    "lock": "tests/project/test_lock.py",
    # The machines of the tests have no engine: what these start is judged by its structure.
    "up": "tests/project/test_compose.py",
    "down": "tests/project/test_compose.py",
    "logs": "tests/project/test_compose.py",
}


def words_of(command: str) -> str:
    """Return a command without what it is given: ``lakehouse models list``, ``lakehouse check``."""
    words = command.split()
    if words[0] == "bytewax.run":
        return command
    deep = len(words) > 1 and words[1] in VERBS
    kept = 1 if "." in words[0] else 3 if deep else 2
    return " ".join(words[:kept])


def named_on_pages() -> Iterator[tuple[str, str]]:
    """Yield each command that a page names, and the page."""
    recipes = modules_by_recipe()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for recipe in RECIPE.findall(text):
            if recipe not in OTHER_RECIPES:
                yield recipes[recipe], page.name
        for command in MODULE.findall(text):
            yield words_of(command), page.name


def modules_by_recipe() -> dict[str, str]:
    """Return what each recipe runs, as ``RUN_BY`` names it."""
    dumped = subprocess.run(
        [JUST, "--justfile", ROOT / "justfile", "--dump", "--dump-format", "json"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = {}
    for name, recipe in json.loads(dumped.stdout)["recipes"].items():
        text = "".join(
            part if isinstance(part, str) else "python" for line in recipe["body"] for part in line
        )
        if command := MODULE.search(text):
            found[name] = words_of(command[1])
    return found


def test_every_command_of_a_page_is_run_by_somebody() -> None:
    unknown = sorted({f"{name} ({page})" for name, page in named_on_pages() if name not in RUN_BY})
    assert unknown == []


def test_who_runs_a_command_names_it() -> None:
    for command, path in RUN_BY.items():
        text = (ROOT / path).read_text(encoding="utf-8")
        last = command.split()[-1].rpartition(".")[2]
        assert re.search(rf"\b{last}\b", text), f"{path} does not name {command}"


def test_who_runs_another_recipe_is_there() -> None:
    assert [path for path in OTHER_RECIPES.values() if not (ROOT / path).is_file()] == []
