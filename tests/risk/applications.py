"""Applications, rules and verdicts with meaning, for the tests of the domain."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from risk.contract.application import CONTRACT_VERSION, Limits, Reject
from risk.decision.judge import Rules, Verdicts, judge
from risk.decision.reference_tables import ReferenceTables
from risk.frame.frame import Frame, complete
from risk.ingest.application_columns import Applications
from risk.ingest.decode import decode
from risk.ingest.lending_club import Cleaned, clean
from risk.models.document import Fit, PointScale
from risk.models.scorecard import Scorecard
from risk.models.scorecard_document import Bin, Groups, Step, Steps, TextGroup
from risk.policy.document import Policy, parse_policy

SHIPPED = Path(__file__).parents[2] / "lakehouse" / "shipped"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

ABSENT: Any = object()
"""As a field's value: the field is not there at all."""

_EVENT: dict[str, Any] = {
    "id": 53595000,
    "event_time": "2026-03-01T11:59:00+00:00",
    "issue_d": "Jul-2015",
    "loan_amnt": 15000.0,
    "term": " 36 months",
    "int_rate": "11.53%",
    "installment": 494.86,
    "grade": "B",
    "sub_grade": "B5",
    "emp_length": "10+ years",
    "home_ownership": "RENT",
    "annual_inc": 34221.0,
    "verification_status": "Verified",
    "purpose": "credit_card",
    "zip_code": "921xx",
    "addr_state": "CA",
    "dti": 12.5,
    "delinq_2yrs": 0.0,
    "earliest_cr_line": "Apr-1997",
    "fico_range_low": 710.0,
    "fico_range_high": 714.0,
    "inq_last_6mths": 1.0,
    "open_acc": 9.0,
    "pub_rec": 0.0,
    "revol_bal": 13099.0,
    "revol_util": "23.2",
    "total_acc": 25.0,
    "application_type": "Individual",
    "annual_inc_joint": None,
    "dti_joint": None,
}


def an_event(**changes: Any) -> dict[str, Any]:
    """Return an application event that stands, but for the changes."""
    event = _EVENT | changes
    return {field: value for field, value in event.items() if value is not ABSENT}


def as_bytes(**changes: Any) -> bytes:
    """Return `an_event` as its producer sends it."""
    return json.dumps(an_event(**changes)).encode()


def an_application(**changes: Any) -> Applications:
    """Return `an_event` as it is read."""
    decoded = decode([as_bytes(**changes)], limits=Limits())
    assert decoded.rejects == []
    return decoded.applications


def cleaned(*, received_at: datetime = NOON, **changes: Any) -> Cleaned:
    """Return what cleaning makes of one event."""
    return clean(an_application(**changes), received_at=received_at)


def clean_row(**changes: Any) -> dict[str, Any]:
    """Return the clean columns of one event that stands."""
    outcome = cleaned(**changes)
    assert outcome.rejects == []
    return {name: column[0] for name, column in outcome.frame.items()}


def refusal(raw: bytes | None, **limits: Any) -> Reject:
    """Return why judging an event refuses it."""
    verdicts = judge_all([raw], limits=Limits(**limits))
    assert len(verdicts.rejects) == 1, verdicts.decided
    return verdicts.rejects[0]


def a_model(version: str = "test-1") -> Scorecard:
    """Return a small scorecard: DTI and purpose, known and unknown."""

    def evidence(points: int) -> dict[str, Any]:
        return {"points": points, "woe": 0.0, "loans": 10, "defaults": 1}

    return Scorecard(
        version=version,
        contract_version=CONTRACT_VERSION,
        features=("dti_pct", "purpose"),
        scale=PointScale(pdo=20.0, anchor_points=600.0, anchor_odds=20.0),
        base_points=600,
        characteristics=(
            Steps(
                feature="dti_pct",
                direction="rises",
                steps=(Step(upto=20.0, **evidence(15)), Step(upto=None, **evidence(-15))),
                missing=Bin(**evidence(-5)),
            ),
            Groups(
                feature="purpose",
                groups=(TextGroup(values=("credit_card",), **evidence(10)),),
                unseen=Bin(**evidence(0)),
                missing=Bin(**evidence(-10)),
            ),
        ),
        fit=Fit(
            data_sha256="0" * 64,
            loans=20,
            defaults=2,
            first_month="2010-01",
            last_month="2010-02",
            calibration_intercept=0.0,
            calibration_slope=1.0,
            left_out=(),
            libraries=(),
        ),
    )


@cache
def shipped_policy(name: str) -> Policy:
    return parse_policy((SHIPPED / "policies" / f"{name}.json").read_bytes())


@cache
def shipped_tables() -> ReferenceTables:
    states = csv.DictReader((SHIPPED / "reference" / "states.csv").read_text().splitlines())
    purposes = csv.DictReader((SHIPPED / "reference" / "purposes.csv").read_text().splitlines())
    return ReferenceTables(
        "test-tables",
        {row["state"]: row["region"] for row in states},
        {row["purpose"]: row["group"] for row in purposes},
    )


def rules(policy: str = "standard-1") -> Rules:
    return Rules(a_model(), shipped_policy(policy), shipped_tables())


def judge_all(
    raws: Sequence[bytes | None],
    *,
    policy: str = "standard-1",
    received_at: datetime = NOON,
    limits: Limits | None = None,
) -> Verdicts:
    return judge(raws, rules=rules(policy), received_at=received_at, limits=limits or Limits())


def decided_row(*, policy: str = "standard-1", **changes: Any) -> dict[str, Any]:
    """Return the decision on one event that stands."""
    verdicts = judge_all([as_bytes(**changes)], policy=policy)
    assert verdicts.rejects == []
    return {name: column[0] for name, column in verdicts.decided.items()}


def figures(**columns: Any) -> Frame:
    """Return a frame of clean applications with these columns, the others missing."""
    arrays = {name: np.array(values) for name, values in columns.items()}
    return complete(arrays)


def assert_same_frame(left: Frame, right: Frame) -> None:
    """Compare to the last bit: same columns, types and values, missing ones included."""
    assert left.keys() == right.keys()
    for name, column in left.items():
        assert column.dtype == right[name].dtype, name
        if column.dtype == object:
            assert column.tolist() == right[name].tolist(), name
        else:
            assert column.tobytes() == right[name].tobytes(), name


def is_missing(value: Any) -> bool:
    """Tell None, NaN and NaT from what is there."""
    if value is None:
        return True
    return bool(np.isnat(value) if isinstance(value, np.datetime64) else np.isnan(value))
