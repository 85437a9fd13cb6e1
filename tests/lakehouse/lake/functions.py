"""The functions that a module defines for others."""

from types import FunctionType, ModuleType


def functions_of(module: ModuleType) -> set[str]:
    """Return the names of a module's own public functions."""
    return {
        name
        for name, value in vars(module).items()
        if isinstance(value, FunctionType)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
