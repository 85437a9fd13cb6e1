"""Read a request's path: below the public prefix, in decoded segments."""

from urllib.parse import quote, unquote

from starlette.types import Scope


def routed_path(scope: Scope, root_path: str = "") -> str:
    """Return the path to route by: decoded, but for ``%2F`` and ``%25`` within a segment.

    A slash that belongs to an id stays encoded, so that no id changes which operation, and whose
    scope, a request asks for. `id_from` decodes the rest. A proxy may leave `root_path` in front of
    the path or take it away.
    """
    raw: bytes | None = scope.get("raw_path")
    path = str(scope["path"]) if raw is None else raw.decode("ascii", "replace")
    if raw is not None and "%" in path:
        path = path.replace("%25", "%2525").replace("%2F", "%252F").replace("%2f", "%252F")
        path = unquote(path)
    if root_path and path.startswith(f"{root_path}/"):
        path = path[len(root_path) :]
    return path


def id_from(segment: str) -> str:
    """Return the id that a routed path holds."""
    return unquote(segment)


def url_of(identity: str) -> str:
    """Return an id as one segment of a path."""
    return quote(identity, safe="")
