"""A short path to the operations that are asked for thousands of times a second.

The framework's path to a route (exit stacks, exception wrappers, matching, twice) costs a tenth of
a decision. The framework still owns these routes: it documents them and answers wrong methods. A
request whose path equals one of them goes straight to its function.
"""

from collections.abc import Awaitable, Callable, Sequence

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.http.problems import Problem, response_to


class HotRoutes:
    """Answers these routes itself, the innermost middleware of all.

    Parameters
    ----------
    routes
        Of paths without parameters, whose functions take the request and nothing else.
    """

    def __init__(self, app: ASGIApp, *, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = {
            (method, route.path): route
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on what is no hot route."""
        route = self._routes.get((scope.get("method", ""), scope.get("path", "")))
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        function: Callable[[Request], Awaitable[Response]] = route.endpoint
        try:
            response = await function(Request(scope, receive))
        except Problem as problem:
            response = response_to(problem, scope)
        await response(scope, receive, send)
