"""The scope that each operation needs, as data."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from serving.access.keys import Scope

SCOPES: Final[Mapping[tuple[str, str], Scope | None]] = MappingProxyType(
    {
        ("POST", "/v1/decisions"): Scope.SCORE,
        ("POST", "/v1/decisions:batch"): Scope.SCORE,
        ("POST", "/score"): Scope.SCORE,
        ("GET", "/v1/decisions"): Scope.READ_DECISIONS,
        ("GET", "/v1/decisions/{event_id}"): Scope.READ_DECISIONS,
        ("GET", "/v1/applications/{application_id}"): Scope.READ_DECISIONS,
        ("GET", "/v1/decisions/{event_id}/explanation"): Scope.READ_DECISIONS,
        ("POST", "/v1/decisions/{event_id}/replay"): Scope.READ_DECISIONS,
        ("GET", "/v1/policies/current"): Scope.READ_MODELS,
        ("GET", "/v1/models"): Scope.READ_MODELS,
        ("GET", "/metrics"): Scope.READ_METRICS,
        ("GET", "/healthz"): None,
        ("GET", "/readyz"): None,
        ("GET", "/problems"): None,
        ("GET", "/openapi.json"): None,
        ("GET", "/docs"): None,
    }
)
"""The scope that each operation asks for; ``None`` is open. What is not here asks for `ADMIN`.

`HEAD` asks for what `GET` asks for. `OPTIONS` is open: it says which methods there are, no more.
"""

_BY_PATH: Final[dict[str, dict[str, Scope | None]]] = {}
for (_method, _path), _scope in SCOPES.items():
    _BY_PATH.setdefault(_path, {})[_method] = _scope
    if _method == "GET":
        _BY_PATH[_path]["HEAD"] = _scope
for _scopes in _BY_PATH.values():
    _scopes["OPTIONS"] = None

# The longer template first: an id may hold slashes.
_TEMPLATES: Final = [
    (re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(path)), re.DOTALL), path)
    for path in sorted(_BY_PATH, key=len, reverse=True)
    if "{" in path
]


def template_of(path: str) -> str | None:
    """Name the path of the table that this one is an instance of; None if there is none."""
    if path in _BY_PATH:
        return path
    return next((name for template, name in _TEMPLATES if template.fullmatch(path)), None)


def methods_of(template: str | None) -> list[str]:
    """Return the methods that a path of the table has, sorted."""
    return sorted(_BY_PATH.get(template or "", ()))


def scope_of(method: str, template: str | None) -> Scope | None:
    """Name the scope that an operation asks for; ``None`` if it is open to everybody."""
    return _BY_PATH.get(template or "", {}).get(method, Scope.ADMIN)
