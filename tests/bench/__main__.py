"""Run a bench by its name: ``python -m tests.bench NAME [OPTIONS]``; without a name, list them."""

import ast
import runpy
import sys
from pathlib import Path


def benches() -> dict[str, str]:
    """Return the first line of each bench's docstring by its name."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        found[path.stem] = said.partition("\n")[0]
    return found


def main(arguments: list[str]) -> int:
    """Run the bench that is asked for; return the exit code."""
    known = benches()
    if not arguments:
        width = max(map(len, known), default=0)
        print("\n".join(f"{name:<{width}}  {about}" for name, about in known.items()))
        return 0
    name, *rest = arguments
    if name not in known:
        print(f"no bench is called {name!r}; there is {', '.join(known)}", file=sys.stderr)
        return 2
    sys.argv = [f"bench {name}", *rest]
    runpy.run_module(f"tests.bench.{name}", run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
