"""Hold the model, policy and reference tables that decide now, and follow their changes.

A thread looks every two seconds at the reference tables in silver and at the registry in the lake.
A new version is loaded, verified and tried by scoring once. Only then does one assignment put it in
force. A version that cannot be used is refused, reported once and counted, and the old one stays in
force.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

import numpy as np
import structlog

from lakehouse.background import Background
from lakehouse.errors import ArtefactInvalid, LakehouseError
from lakehouse.registry.artefacts import find_policy
from lakehouse.registry.watch import ModelsInForce, RegistryWatch
from lakehouse.settings.settings import Settings
from lakehouse.silver import reference_tables
from lakehouse.telemetry import RULES_IN_FORCE, RULES_REFUSED
from risk.contract.application import ENVELOPES, Envelope, Limits
from risk.decision.decide import decide
from risk.decision.judge import Rules
from risk.decision.reference_tables import ReferenceTables, join
from risk.frame.frame import complete
from risk.models.model import Model
from risk.policy.document import Policy

LOOK_EVERY_SECONDS: Final = 2.0
_CLOSE_WITHIN_SECONDS: Final = 2.0

log = structlog.get_logger()
T = TypeVar("T")


class RulesInForce:
    """Rules that follow the reference tables and the registry while a process runs.

    Parameters
    ----------
    policy, models, tables
        What holds at first.
    current_models, current_tables
        Take what is in force, return it or its replacement.
    close
        Gives back what these two hold.
    look_every_seconds
        How long a change may take to be seen.
    """

    def __init__(
        self,
        policy: Policy,
        models: ModelsInForce,
        tables: ReferenceTables,
        *,
        current_models: Callable[[ModelsInForce], ModelsInForce],
        current_tables: Callable[[ReferenceTables], ReferenceTables],
        close: Callable[[], None],
        look_every_seconds: float = LOOK_EVERY_SECONDS,
    ) -> None:
        self._models = models
        self._rules = Rules(
            model=models.champion,
            policy=policy,
            reference=tables,
            challengers=models.challengers,
        )
        self._current_models = current_models
        self._current_tables = current_tables
        self._close = close
        self._said: set[tuple[str, str]] = set()
        self._background = Background("rules", self.look, every_seconds=look_every_seconds)
        _show(self._rules)
        self._report(dict(models.refused))

    def __call__(self) -> Rules:
        """Return the rules in force now: no I/O, no lock, from any thread."""
        return self._rules

    def watch(self) -> None:
        """Begin to follow changes, in a thread that ends with the process or with `close`."""
        self._background.start()

    def close(self) -> None:
        """Stop following; the rules in force stay so."""
        self._background.stop()
        self._background.join(_CLOSE_WITHIN_SECONDS)
        self._close()

    def check(self) -> None:
        """Return while changes are followed; raise a `LakehouseError` if not."""
        self._background.check()

    def look(self) -> None:
        """Look for changes once, and put them in force; what fails is said, never raised."""
        failures: dict[str, Exception] = {}
        rules, models = self._rules, self._models
        tables = _asked("reference tables", self._current_tables, rules.reference, failures)
        self._models = _asked("registry", self._current_models, models, failures)
        if tables is not rules.reference or self._models is not models:
            self._put_in_force(tables)
        self._report(failures | dict(self._models.refused))

    def _put_in_force(self, tables: ReferenceTables) -> None:
        changed = replace(
            self._rules,
            model=self._models.champion,
            challengers=self._models.challengers,
            reference=tables,
        )
        if changed != self._rules:
            self._rules = changed
            _show(changed)
            log.info("rules_changed", **versions_of(changed))

    def _report(self, failures: dict[str, Exception]) -> None:
        named = {(subject, _code_of(exc)): exc for subject, exc in failures.items()}
        for (subject, code), exc in named.items():
            if (subject, code) not in self._said:
                RULES_REFUSED.labels(code).inc()
                log.warning("rules_refused", subject=subject, code=code, error=str(exc))
        self._said = set(named)


def open_rules(settings: Settings, dsn: str, *, keeps_reference: bool = True) -> RulesInForce:
    """Return the rules that the settings, the registry and silver put in force.

    Parameters
    ----------
    keeps_reference
        Whether the shipped reference tables are kept in silver under their version, which asks for
        the right to write there; whoever stores decisions must keep them.

    Raises
    ------
    ArtefactInvalid
        Policy, champion or reference tables cannot be used; a challenger that cannot is left out.
    Unavailable, Denied, SchemaDiffers
        Lake or silver do not answer, or are not what this code expects.
    """
    policy = find_policy(settings.lake_uri, settings.policy)
    begin = reference_tables.begin if keeps_reference else reference_tables.in_force
    tables = begin(dsn)
    registry = RegistryWatch(
        settings.lake_uri, settings.model, prove=partial(_prove, policy=policy, tables=tables)
    )
    models = registry.begin()
    watch = reference_tables.ReferenceWatch(dsn)
    return RulesInForce(
        policy,
        models,
        tables,
        current_models=registry,
        current_tables=watch,
        close=watch.close,
    )


def limits_of(settings: Settings) -> Limits:
    """Return how an event may look, as the settings say."""
    match settings.envelope:
        case "none":
            envelopes: frozenset[Envelope] = frozenset()
        case "any":
            envelopes = ENVELOPES
        case one:
            envelopes = frozenset({Envelope(one)})
    return Limits(
        max_bytes=settings.max_event_bytes,
        is_native=settings.native == "on",
        envelopes=envelopes,
    )


def rules_without_silver(settings: Settings) -> Rules:
    """Return the rules that the settings and the registry put in force, with the shipped tables.

    Raises
    ------
    ArtefactInvalid
        Policy or champion cannot be used; a challenger that cannot is left out.
    Unavailable, Denied
        The lake does not answer, or does not let us read.
    """
    policy = find_policy(settings.lake_uri, settings.policy)
    tables = reference_tables.shipped()
    models = RegistryWatch(
        settings.lake_uri, settings.model, prove=partial(_prove, policy=policy, tables=tables)
    ).begin()
    return Rules(models.champion, policy, tables, models.challengers)


def _prove(model: Model, *, policy: Policy, tables: ReferenceTables) -> None:
    """Decide an application of which nothing is known: builds every lookup, shows the worst."""
    frame = complete({"amount_usd": np.array([10_000.0])})
    try:
        decided = decide(join(tables, frame), model=model, policy=policy)
    except Exception as exc:
        raise ArtefactInvalid(
            f"model {model.version}: {type(exc).__name__} while scoring an empty application; "
            "correct the model, or the code that reads it"
        ) from exc
    probability, points = float(decided["pd"][0]), float(decided["points"][0])
    if not (0.0 <= probability <= 1.0 and np.isfinite(points)):
        raise ArtefactInvalid(
            f"model {model.version}: expected a PD from 0 to 1 and finite points for an empty "
            f"application, found {probability} and {points}; correct the model"
        )


def _asked(subject: str, current: Callable[[T], T], known: T, failures: dict[str, Exception]) -> T:
    try:
        return current(known)
    except Exception as exc:  # noqa: BLE001  (whatever it is, what is in force must serve on)
        failures[subject] = exc
        return known


def _code_of(exc: Exception) -> str:
    return exc.code if isinstance(exc, LakehouseError) else "internal"


def _show(rules: Rules) -> None:
    """Let the metrics say which versions are in force."""
    RULES_IN_FORCE.clear()
    for kind, versions in versions_of(rules).items():
        named = versions if isinstance(versions, list) else [versions]
        for version in named:
            RULES_IN_FORCE.labels(kind.removesuffix("s"), str(version)).set(1)


def versions_of(rules: Rules) -> dict[str, object]:
    """Return what the rules are, by version, for a log line."""
    return {
        "model": rules.model.version,
        "challengers": [challenger.version for challenger in rules.challengers],
        "policy": rules.policy.version,
        "reference": rules.reference.version,
    }
