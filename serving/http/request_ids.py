"""Give every request an id, a count and a time, and an answer even to an unexpected error."""

import re
import secrets
import time
from itertools import count
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.http.metrics import REQUEST_SECONDS, REQUESTS
from serving.http.paths import routed_path
from serving.http.problems import Problem, send_problem

NO_OPERATION: Final = "none"
"""Under which requests are counted that reach no operation."""

_FIT: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NAME: Final = b"x-request-id"
_METHODS: Final = frozenset({"DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT"})

# Random once a process, counted from there: as unique, and without a system call each.
_PROCESS: Final = secrets.token_hex(8)
_numbers: Final = count(1)

log = structlog.get_logger()


def next_request_id() -> str:
    """Return an id that no other request has."""
    return f"{_PROCESS}-{next(_numbers):x}"


class Requests:
    """Give each request its id and count its answer; the outermost middleware.

    The client's ``X-Request-Id`` is kept where it is 1 to 64 letters, digits, ``.``, ``_`` or
    ``-``, else replaced; it is answered in the same header and stands in every problem. An
    exception becomes a problem too: its text, which may quote an applicant, is not logged.
    What answers `GET` answers `HEAD`, whose body is left out here.

    Parameters
    ----------
    root_path
        The public prefix of every path, where a proxy leaves it there.
    """

    def __init__(self, app: ASGIApp, *, root_path: str = "") -> None:
        self._app = app
        self._root_path = root_path
        self._counts: dict[tuple[str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}
        scope["path"] = routed_path(scope, self._root_path)
        scope["root_path"] = self._root_path  # the page of the document looks for it there
        request_id = scope["request_id"] = _id_in(scope)
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((_NAME, request_id.encode()))
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            log.error(  # noqa: TRY400  (a traceback may quote an applicant)
                "request_failed",
                request_id=request_id,
                operation=_operation(scope),
                error=type(error).__name__,
                where=_where(error),
            )
            if status:
                raise
            failed = Problem(500, "internal", "an unexpected error; ours, not the request's")
            await send_problem(answer, failed, scope)
        finally:
            self._count(_operation(scope), status, time.perf_counter() - began)

    def _count(self, operation: str, status: int, seconds: float) -> None:
        counts = self._counts.get((operation, status))
        if counts is None:
            counts = (REQUESTS.labels(operation, str(status)), REQUEST_SECONDS.labels(operation))
            self._counts[operation, status] = counts
        counts[0].inc()
        counts[1].observe(seconds)


def _id_in(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == _NAME and _FIT.fullmatch(value):
            return str(value, "ascii")
    return next_request_id()


def _operation(scope: Scope) -> str:
    """Return method and template of the path, which name no applicant; one name for the rest."""
    template = scope.get("template")
    if template is None and "route" in scope:
        template = scope["route"].path
    if template is None or scope["method"] not in _METHODS:
        return NO_OPERATION
    return f"{scope['method']} {template}"


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
