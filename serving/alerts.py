"""Receive alerts from Alertmanager and keep them in silver: ``python -m serving.alerts``.

``POST /alerts`` takes Alertmanager's webhook (version 4) with ``RISK_ALERTS_TOKEN`` as bearer
token. While silver is away the answer is 503 and Alertmanager sends again, so nothing is lost. An
alert that is sent twice is stored once.
"""

import asyncio
import hmac
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from lakehouse.errors import LakehouseError, SettingsInvalid
from lakehouse.postgres.migrate import require_current
from lakehouse.settings.settings import Settings
from lakehouse.signals.alerts import Alert, Notification, store_alerts
from lakehouse.silver.claims import open_silver
from lakehouse.telemetry import configure_logging
from lakehouse.terminal import command
from serving.http.bounded_http import BoundedHttp
from serving.http.problems import Problem, response_to

BODY_BYTES: Final = 1 << 20
"""The most that a notification may hold: about a thousand alerts."""

_VERSION: Final = "4"
_BEARER: Final = b"Bearer "
_GRACE_SECONDS: Final = 10

log = structlog.get_logger()

Store = Callable[[tuple[Alert, ...]], None]


def create_app(token: str, store: Store) -> Starlette:
    """Return the application that hands alerts to `store` if they come with `token`."""
    expected = token.encode()

    async def take(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode("latin-1")
        is_bearer = given.startswith(_BEARER)
        if not (is_bearer and hmac.compare_digest(given[len(_BEARER) :], expected)):
            raise Problem(
                401,
                "unauthenticated",
                "expected `Authorization: Bearer` with the receiver's RISK_ALERTS_TOKEN",
                headers={"www-authenticate": "Bearer"},
            )
        alerts = _alerts_in(await _body(request))
        try:
            await asyncio.to_thread(store, alerts)
        except LakehouseError as error:
            log.warning("alerts_not_stored", code=error.code, said=str(error), alerts=len(alerts))
            raise Problem(
                503, error.code, "silver did not take the alerts; send them again"
            ) from error
        log.info("alerts_stored", alerts=len(alerts))
        return Response(status_code=204)

    async def say_alive(_: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    return Starlette(
        routes=[
            Route("/alerts", take, methods=["POST"]),
            Route("/healthz", say_alive, methods=["GET"]),
        ],
        exception_handlers={Problem: _answer},
    )


@command
def main() -> int:
    """Read the settings and serve; what can be expected to fail is one line."""
    _serve(Settings.from_env(os.environ))
    return 0


def _serve(settings: Settings) -> None:
    token = settings.alerts_token.get_secret_value()
    if not token:
        raise SettingsInvalid(
            "RISK_ALERTS_TOKEN is not set: whoever reaches the receiver could store alerts; make "
            "one, for example with `openssl rand -hex 32`, and give Alertmanager the same"
        )
    configure_logging(to_terminal=sys.stderr.isatty(), level=settings.log_level)
    with open_silver(settings) as dsn:
        require_current(dsn)
        host, _, port = settings.alerts_address.rpartition(":")
        uvicorn.run(
            create_app(token, lambda alerts: store_alerts(dsn, alerts, datetime.now(UTC))),
            host=host.strip("[]"),
            port=int(port),
            http=BoundedHttp,
            loop="uvloop",
            lifespan="off",
            access_log=False,
            log_level="warning",
            server_header=False,
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES:
                raise Problem(
                    413,
                    "body_too_large",
                    f"expected at most {BODY_BYTES:,} bytes: set max_alerts in Alertmanager",
                    headers={"connection": "close"},
                )
    except ClientDisconnect as gone:
        raise Problem(400, "invalid_request", "the request ended before its body did") from gone
    return bytes(body)


def _alerts_in(body: bytes) -> tuple[Alert, ...]:
    try:
        notification = msgspec.json.decode(body, type=Notification)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # msgspec's words name the field and the type that was expected, never a value.
        raise Problem(
            400, "invalid_request", f"not a notification of Alertmanager: {error}"
        ) from error
    if notification.version != _VERSION:
        raise Problem(
            400, "invalid_request", f"expected Alertmanager's webhook in version {_VERSION}"
        )
    return notification.alerts


async def _answer(request: Request, problem: Exception) -> Response:
    if not isinstance(problem, Problem):
        raise problem
    return response_to(problem, request.scope)


if __name__ == "__main__":
    sys.exit(main())
