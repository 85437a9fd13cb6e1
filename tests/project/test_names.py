"""What holds for the names in the product's modules."""

import ast
from collections import defaultdict

from tests.project.tree import PACKAGES, ROOT


def test_no_two_modules_define_a_public_class_of_one_name() -> None:
    """A reader who searches for a class finds one."""
    homes: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in homes.items() if len(paths) > 1} == {}
