"""Which scope each operation asks for: said once, as data."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from serving.access.keys import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SCOPES", "scope_of"]

SCOPES: Final[Mapping[tuple[str, str], Scope | None]] = MappingProxyType(
    {
        ("POST", "/v1/decisions"): Scope.SCORE,
        ("POST", "/v1/decisions:batch"): Scope.SCORE,
        ("POST", "/score"): Scope.SCORE,
        ("GET", "/v1/decisions/{event_id}"): Scope.READ_DECISIONS,
        ("GET", "/v1/applications/{application_id}"): Scope.READ_DECISIONS,
        ("GET", "/v1/decisions/{event_id}/explanation"): Scope.READ_DECISIONS,
        ("POST", "/v1/decisions/{event_id}/replay"): Scope.READ_DECISIONS,
        ("GET", "/v1/policies/current"): Scope.READ_MODELS,
        ("GET", "/v1/models"): Scope.READ_MODELS,
        ("GET", "/metrics"): Scope.READ_METRICS,
        ("GET", "/healthz"): None,
        ("GET", "/readyz"): None,
        ("GET", "/openapi.json"): None,
        ("GET", "/docs"): None,
    }
)
"""The scope that each operation asks for; ``None`` is open. What is not here asks for `ADMIN`."""

_EXACT: Final = {operation: scope for operation, scope in SCOPES.items() if "{" not in operation[1]}
_TEMPLATES: Final = [
    (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), scope)
    for (method, path), scope in SCOPES.items()
    if "{" in path
]


def scope_of(method: str, path: str) -> Scope | None:
    """Name the scope that an operation asks for; ``None`` if it is open to everybody."""
    method = "GET" if method == "HEAD" else method
    if (method, path) in _EXACT:
        return _EXACT[method, path]
    for wanted_method, template, scope in _TEMPLATES:
        if method == wanted_method and template.fullmatch(path):
            return scope
    return Scope.ADMIN
