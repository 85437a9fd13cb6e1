"""What holds for the files of the project, whoever wrote them."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.project.tree import GENERATED, PACKAGES, ROOT, files, lines, offending

LONGEST_MODULE = 400
LARGEST_FILE = 1_000_000
HERE = Path(__file__)
EVERYWHERE = {Path(place) for place in ("/", "/home", "/opt", "/srv", "/tmp", "/var/tmp")}
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted|maven\.org|/maven2|npmjs\.|crates\.io|proxy\.golang|deb\.debian"
    r"|--(extra-)?index-url|--find-links|--trusted-host"
)


def test_no_module_is_longer_than_400_lines() -> None:
    ours = [path for path in files(".py") if ROOT / GENERATED not in path.parents]
    long = {path.name: len(lines(path)) for path in ours}
    assert {name: count for name, count in long.items() if count > LONGEST_MODULE} == {}


def test_no_file_is_larger_than_a_megabyte() -> None:
    assert [path.name for path in files() if path.stat().st_size > LARGEST_FILE] == []


def test_what_justw_makes_is_tracked_by_nobody_not_even_as_a_link() -> None:
    """A tracked link takes the place of everybody's environment with the next checkout."""
    asked = ["git", "ls-files", ".venv", ".venv.lock"]
    tracked = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert tracked.stdout == ""


def test_no_file_names_a_package_registry() -> None:
    others = [path for path in files() if path != HERE]
    assert offending(others, REGISTRY.search) == []


def test_no_file_names_a_path_of_this_machine() -> None:
    ours = ROOT if ROOT.parent in EVERYWHERE else ROOT.parent
    places = [f"{place}/" for place in (ours, Path.home()) if place not in EVERYWHERE]
    assert offending(files(), lambda line: any(place in line for place in places)) == []


def test_only_tests_know_the_shared_folder() -> None:
    product = [
        path
        for path in files()
        if path.relative_to(ROOT).parts[0] not in {"tests", ".ci"} and path.suffix != ".lock"
    ]
    assert offending(product, lambda line: "../shared" in line) == []


def test_every_package_that_has_code_is_guarded_by_the_import_rules() -> None:
    guarded = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = [package for package in PACKAGES if any((ROOT / package).glob("*.py"))]
    assert sorted(guarded["tool"]["importlinter"]["root_packages"]) == packages


@pytest.mark.parametrize("page", files(".md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        goal = (page.parent / name).resolve() if name else page
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            broken.append(target)
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = [line.lstrip("#").strip() for line in lines(page) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in headings}


PICTURE = re.compile(
    r"\b(this|the|our) (house|mill|cellar|door|room|attic|kitchen|ladder)s?\b(?! for)",
    re.IGNORECASE,
)
RIDDLE = re.compile(
    r"\b(by (\w+ )?leave|be it that|moods? of|in earnest|unheard|rides? along|in a blink"
    r"|what others took|nobody would miss)\b",
    re.IGNORECASE,
)


def test_pages_and_docstrings_speak_of_packages_and_commands() -> None:
    """No picture stands for a package, a command or the project: a newcomer reads it literally."""
    written = files(".md", ".py", ".toml", ".yaml", ".sh", "justfile")
    assert offending([path for path in written if path != HERE], PICTURE.search) == []


def test_the_product_and_its_pages_say_things_in_common_words() -> None:
    """Phrases that newcomers had to read twice."""
    ours = [path for path in files(".md", ".py", ".sql") if ROOT / "tests" not in path.parents]
    assert offending(ours, RIDDLE.search) == []


def test_ruff_and_mypy_leave_out_what_is_generated_and_nothing_else_of_the_project() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tools["ruff"]["extend-exclude"] == [GENERATED]
    left_out = [rf"^{name}/" for name in (r"\.venv", GENERATED, "var", "build")]
    assert tools["mypy"]["exclude"] == left_out
