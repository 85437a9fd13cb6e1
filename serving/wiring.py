"""Open what the API needs, by the settings, before the first request."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from lakehouse.kafka.address import parse_kafka
from lakehouse.kafka.client import client_configuration
from lakehouse.postgres.migrate import migrate
from lakehouse.rules.in_force import limits_of, open_rules
from lakehouse.security.api_keys import list_keys
from lakehouse.security.audit_chain import AuditWriter
from lakehouse.settings.settings import Settings
from lakehouse.silver import claims
from lakehouse.silver.idempotency import IdempotencyKeys
from lakehouse.silver.reader import DecisionReader
from risk.contract.application import Limits
from risk.decision.judge import Rules
from serving.access.auth import Authenticator, KeyGate
from serving.access.keys import ensure_first_key, load_pepper
from serving.access.limits import BodyLimit, RateLimit
from serving.audit.entries import AuditTrail
from serving.audit.log import AuditCounts, AuditLog
from serving.decisions.history import Dossiers
from serving.decisions.idempotency import Once
from serving.decisions.recording import Recorder
from serving.http.metrics import AUDITED, exposition
from serving.routes.stored import Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What answering needs, all of it ready.

    Attributes
    ----------
    recorder
        None where there is no topic to record to.
    checks
        What readiness looks at, by name.
    middlewares
        What stands before the routes, outermost first.
    cors
        What answers pages of other origins, before anything else does; empty if none may ask.
    """

    rules: Callable[[], Rules]
    limits: Limits
    now: Callable[[], datetime]
    reads: Reads
    dossiers: Dossiers
    recorder: Recorder | None
    once: Once
    trail: AuditTrail
    checks: Mapping[str, Callable[[], object]]
    middlewares: tuple[Middleware, ...]
    metrics: Callable[[], bytes]
    has_docs: bool
    root_path: str = ""
    cors: tuple[Middleware, ...] = ()


def open_parts(
    settings: Settings,
    env: Mapping[str, str],
    stack: ExitStack,
    *,
    now: Callable[[], datetime],
) -> Parts:
    """Open what the settings name; `stack` closes it, last in first out.

    Raises
    ------
    LakehouseError
        What failed, where, and what to do.
    """
    dsn = stack.enter_context(claims.open_silver(settings))
    migrate(dsn)
    # The API stores no decision, and so needs no right to write reference tables.
    rules = open_rules(settings, dsn, keeps_reference=False)
    stack.callback(rules.close)
    rules.watch()
    ensure_first_key(settings, dsn, at=now())
    keys = Authenticator(partial(list_keys, dsn), load_pepper(settings), now=now)
    stack.callback(keys.close)
    keys.start()
    counts = AuditCounts(*(AUDITED.labels(outcome) for outcome in ("written", "spooled", "lost")))
    audit = AuditLog(AuditWriter(dsn), settings.home / "audit", counts)
    stack.callback(audit.close)
    audit.start()
    reader = DecisionReader(dsn)
    stack.callback(reader.close)
    reads = Reads(reader)
    stack.callback(reads.close)
    dossiers = Dossiers(settings.lake_uri, dsn)
    stack.callback(dossiers.close)
    once = Once(IdempotencyKeys(dsn))
    stack.callback(once.close)
    recorder = _recorder(settings, stack)
    checks: dict[str, Callable[[], object]] = {
        "silver": reader.ping,
        "audit": audit.check,
        "keys": keys.check,
        "rules": rules.check,
    }
    if recorder is not None:
        checks["broker"] = recorder.ping
    return Parts(
        rules=rules,
        limits=limits_of(settings),
        now=now,
        reads=reads,
        dossiers=dossiers,
        recorder=recorder,
        once=once,
        trail=AuditTrail(audit, now=now),
        checks=checks,
        middlewares=(
            Middleware(KeyGate, authenticator=keys),
            Middleware(RateLimit, workers=settings.api_workers),
            Middleware(BodyLimit),
        ),
        metrics=partial(exposition, env),
        has_docs=settings.api_docs == "on"
        or (settings.api_docs == "auto" and settings.is_silver_embedded),
        root_path=settings.api_root_path,
        cors=cors_for(settings),
    )


def cors_for(settings: Settings) -> tuple[Middleware, ...]:
    """Return what lets the pages of the settings' origins ask from a browser."""
    origins = [origin.strip() for origin in settings.api_cors_origins.split(",") if origin.strip()]
    if not origins:
        return ()
    taken = ["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key", "X-Request-Id"]
    shown = ["Idempotent-Replayed", "Link", "RateLimit", "Retry-After", "X-Request-Id"]
    return (
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=taken,
            expose_headers=shown,
        ),
    )


def _recorder(settings: Settings, stack: ExitStack) -> Recorder | None:
    url, name = settings.record_to, "RISK_RECORD_TO"
    if not url and settings.source.startswith("kafka://"):
        url, name = settings.source, "RISK_SOURCE"
    if not url:
        return None
    target = parse_kafka(url, name=name)
    recorder = Recorder(client_configuration(settings, target.servers), target.topic)
    stack.callback(recorder.close)
    return recorder
