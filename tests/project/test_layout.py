"""Folders stay small, imports run one way, and the pages name files that exist."""

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.project.tree import PACKAGES, ROOT, files, lines

MOST_MODULES = 16
PRODUCT = [path for path in files(".py") if path.relative_to(ROOT).parts[0] in PACKAGES]
PATH_IN_A_PAGE = re.compile(
    r"(?<![\w/.*-])(?:(?:[\w.-]+/)*[\w-]+\.(?:py|sql|c|h|sh|toml|md|yaml)\b"
    rf"|(?:{'|'.join(PACKAGES)}|tests|ops|docs)(?:/[\w.-]+)+)"
)
MODULE_IN_A_PAGE = re.compile(rf"(?<![\w/.])(?:{'|'.join(PACKAGES)})(?:\.\w+)+")


def test_no_folder_has_more_than_16_modules() -> None:
    modules = defaultdict(list)
    for path in PRODUCT:
        if path.name != "__init__.py":
            modules[path.parent].append(path.name)
    assert {str(f): len(m) for f, m in modules.items() if len(m) > MOST_MODULES} == {}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imports(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Return which of the modules each one imports, wherever in its text."""
    graph: dict[str, set[str]] = {name: set() for name in modules}
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                inside = [f"{node.module}.{alias.name}" for alias in node.names]
                wanted = [each if each in modules else node.module for each in inside]
            else:
                continue
            graph[name] |= modules.keys() & set(wanted) - {name}
    return graph


def _circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


def _folders(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Join the modules of each of a package's folders; its own modules stand for themselves."""
    folder = {name: ".".join(name.split(".")[:2]) for name in graph}
    joined: dict[str, set[str]] = defaultdict(set)
    for name, imported in graph.items():
        joined[folder[name]] |= {folder[each] for each in imported} - {folder[name]}
    return joined


def test_no_module_and_no_folder_imports_itself_in_a_circle() -> None:
    graph = _imports({_module(path): path for path in PRODUCT})
    assert _circle(graph) == []
    assert _circle(_folders(graph)) == []


def test_a_circle_of_two_modules_or_of_two_folders_is_found(tmp_path: Path) -> None:
    texts = {
        "risk.a.one": "from risk.b.two import x",
        "risk.b.two": "",
        "risk.b.three": "def f():\n    import risk.a.four",
        "risk.a.four": "",
    }
    modules = {name: tmp_path / name for name in texts}
    for name, text in texts.items():
        modules[name].write_text(text, encoding="utf-8")
    graph = _imports(modules)
    assert _circle(graph) == []
    assert set(_circle(_folders(graph))) == {"risk.a", "risk.b"}
    modules["risk.b.two"].write_text("import risk.a.one", encoding="utf-8")
    assert set(_circle(_imports(modules))) == {"risk.a.one", "risk.b.two"}


@pytest.mark.parametrize("page", files(".md"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    here = {path.relative_to(ROOT) for path in files()}
    here |= {parent for path in here for parent in path.parents}
    names = {path.name for path in here}
    modules = {".".join(path.with_suffix("").parts) for path in here if path.name}
    text = re.sub(r"https?://\S+", "", "\n".join(lines(page)))

    def stands(name: str) -> bool:
        beside = (page.parent / name).resolve()
        return (
            Path(name) in here
            or ("/" not in name and name in names)
            or (beside.is_relative_to(ROOT) and beside.exists())
        )

    missing = [found for found in PATH_IN_A_PAGE.findall(text) if not stands(found.rstrip("."))]
    # a module, a name in a module, or a name of a class in a module
    missing += [
        found
        for found in MODULE_IN_A_PAGE.findall(text)
        if not modules & {found, *(found.rsplit(".", n)[0] for n in (1, 2) if found.count(".") > n)}
    ]
    assert missing == []
