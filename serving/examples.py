"""Examples in the OpenAPI document: simulated applications, and the API's answers to them.

The functions that answer requests make them, with the shipped champion and policy, at a fixed time.
So the examples are true, and the same in every document.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import msgspec

from lakehouse.registry.artefacts import load_model, load_policy
from lakehouse.shipped_simulation import load_simulation_parameters
from lakehouse.silver.reference_tables import shipped
from risk.contract.application import Limits, LoanApplication, Tier
from risk.decision.judge import Rules, judge
from risk.decision.reference_tables import join
from risk.explain.explanation import explain
from risk.ingest.decode import decode
from risk.ingest.lending_club import clean
from risk.simulation.simulator import Simulator
from serving.decisions.schemas import (
    ApplicationPage,
    BatchAnswer,
    BatchItem,
    DecisionPage,
    Lineage,
    decided_answers,
    problem_of,
)
from serving.http.problems import sent
from serving.routes.catalogue import models_of
from serving.routes.health import Health
from serving.routes.history import Replay
from serving.routes.legacy_score import scored_of

POLICY: Final = "standard-2"
_SENT_AT: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_AT: Final = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
_SCOPE: Final = {"request_id": "desk-7"}
_LOOKED_AT: Final = 200


@dataclass(frozen=True, slots=True)
class Examples:
    """What the document shows.

    Attributes
    ----------
    bodies, answers
        By operationId.
    """

    bodies: Mapping[str, Any]
    answers: Mapping[str, Any]


@cache
def examples() -> Examples:
    """Return the examples; made once."""
    rules = Rules(load_model(), load_policy(POLICY), shipped())
    one, two = _first_of(Tier.WATCHLIST, rules), _first_of(Tier.LOW, rules)
    refused = {name: value for name, value in two.items() if name != "loan_amnt"}
    return Examples(
        bodies={
            "decide": one,
            "decide_batch": {"applications": [one, refused]},
            "score": {"event": one},
        },
        answers=msgspec.to_builtins(_answers(_bytes(one), _bytes(refused), rules), str_keys=True),
    )


def _answers(one: bytes, refused: bytes, rules: Rules) -> dict[str, Any]:
    verdicts = judge([one], rules=rules, received_at=_AT)
    (_, decision), *_ = decided_answers(verdicts.decided, rules.policy, _AT)
    (reject,) = judge([refused], rules=rules, received_at=_AT).rejects
    problem = problem_of(reject)
    lineage = Lineage("loan_applications", 0, 41)
    stored = msgspec.structs.replace(decision, lineage=lineage, challengers={"boosting-1": 0.5123})
    return {
        "decide": decision,
        "decide_batch": BatchAnswer(
            (
                BatchItem(0, decision.event_id, 200, decision=decision),
                BatchItem(1, _id_of(refused), problem.status, problem=sent(problem, _SCOPE)),
            )
        ),
        "score": scored_of(verdicts.decided, decision, is_strict=True),
        "list_decisions": DecisionPage((stored,), None),
        "read_decision": stored,
        "read_application": ApplicationPage(decision.application_id, (stored,), None),
        "explain_decision": _explained(one, rules),
        "replay_decision": Replay(
            decision.event_id, **msgspec.structs.asdict(lineage), matches=True, difference=None
        ),
        "read_policy": rules.policy,
        "read_models": models_of(rules),
        "healthz": Health("ok"),
        "readyz": Health("ok", {"silver": "ok", "audit": "ok", "keys": "ok", "rules": "ok"}),
        "read_metrics": '# TYPE risk_api_decided_total counter\nrisk_api_decided_total{tier="Low"} '
        "41.0\n",
    }


def _explained(raw: bytes, rules: Rules) -> Any:
    cleaned = clean(decode([raw], limits=Limits()).applications, received_at=_AT, limits=Limits())
    frame = join(rules.reference, cleaned.frame)
    return explain(frame, model=rules.model, policy=rules.policy)


@cache
def _simulated() -> tuple[dict[str, Any], ...]:
    """Return simulated applications, with the fields that are looked at."""
    simulator = Simulator(
        load_simulation_parameters(), seed=7, started_at=_SENT_AT, rate_per_second=1.0
    )
    known = {field.encode_name for field in msgspec.structs.fields(LoanApplication)}
    events = (msgspec.json.decode(event) for event in simulator.events(0, _LOOKED_AT))
    return tuple(
        {name: value for name, value in event.items() if name in known and value is not None}
        for event in events
    )


def _first_of(tier: Tier, rules: Rules) -> dict[str, Any]:
    events = _simulated()
    decided = judge([*map(_bytes, events)], rules=rules, received_at=_AT).decided
    row = decided["tier"].tolist().index(tier.value)
    return events[int(decided["row"][row])]


def _bytes(event: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(event)


def _id_of(raw: bytes) -> str:
    return str(msgspec.json.decode(raw)["id"])
