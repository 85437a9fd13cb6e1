import random
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk.contract.application import CONTRACT_VERSION, Limits, RejectCode, Stage
from risk.contract.columns import DECISION_COLUMNS, LINEAGE_COLUMNS
from risk.decision import judge as judging
from risk.decision.decide import decide
from risk.decision.judge import DECIDED_COLUMNS, judge
from risk.errors import ContractError
from risk.features.catalogue import OUTCOME_FIELDS
from risk.frame.frame import DTYPES, Frame, concat, take
from risk.ingest.lending_club import clean
from tests.risk.applications import (
    ABSENT,
    NOON,
    a_model,
    an_application,
    as_bytes,
    assert_same_frame,
    decided_row,
    judge_all,
    rules,
    shipped_policy,
)

_OUTCOMES = dict.fromkeys(sorted(OUTCOME_FIELDS), 1.0) | {"loan_status": "Charged Off"}

_AMOUNTS = st.floats(1, 50_000)
_PERCENTS = st.one_of(st.none(), st.floats(-1, 120), st.just(30.0))
_COUNTS = st.one_of(st.none(), st.integers(0, 5))
_MONTHS = st.sampled_from(["Jul-2015", "Nov-08", "Feb-19", None, "?"])
_PURPOSES = st.one_of(st.none(), st.sampled_from(["car", "credit_card", "🏠"]), st.text(max_size=8))


@st.composite
def _events(draw: st.DrawFn) -> Any:
    """Return an event: most stand, some are refused at each stage."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([None, b"", b"{", b'{"id": 1, "id": 2}', as_bytes(dti=True)]))
    return as_bytes(
        id=draw(st.integers(0, 99)),
        loan_amnt=draw(st.one_of(_AMOUNTS, st.just(None))),
        annual_inc=draw(_AMOUNTS),
        dti=draw(_PERCENTS),
        revol_util=draw(st.one_of(_PERCENTS.filter(lambda p: p is None or p >= 0), st.just("7%"))),
        delinq_2yrs=draw(_COUNTS),
        inq_last_6mths=draw(_COUNTS),
        earliest_cr_line=draw(_MONTHS),
        purpose=draw(_PURPOSES),
        application_type=draw(st.sampled_from(["Individual", "Joint App"])),
        dti_joint=draw(_PERCENTS),
    )


_BATCHES = st.lists(_events(), max_size=12)


@settings(max_examples=60)
@given(_BATCHES, st.sampled_from(["standard-1", "reference-1"]))
def test_a_batch_is_judged_as_its_events_are_alone(raws: list[bytes | None], policy: str) -> None:
    together = judge_all(raws, policy=policy)
    alone = [judge_all([raw], policy=policy) for raw in raws]
    for row, verdicts in enumerate(alone):
        verdicts.decided["row"] += row
    if raws:
        assert_same_frame(together.decided, concat([each.decided for each in alone]))
    assert together.rejects == [
        replace(reject, row=row) for row, each in enumerate(alone) for reject in each.rejects
    ]


@settings(max_examples=60)
@given(_BATCHES, st.randoms(use_true_random=False))
def test_the_order_of_events_changes_no_verdict(
    raws: list[bytes | None], chance: random.Random
) -> None:
    order = list(range(len(raws)))
    chance.shuffle(order)
    straight, shuffled = judge_all(raws), judge_all([raws[row] for row in order])
    shuffled.decided["row"] = np.array(order, dtype=np.int64)[shuffled.decided["row"]]
    back = take(shuffled.decided, np.argsort(shuffled.decided["row"]))
    assert_same_frame(straight.decided, back)
    found = {order[reject.row]: (reject.code, reject.reason) for reject in shuffled.rejects}
    assert found == {reject.row: (reject.code, reject.reason) for reject in straight.rejects}


@settings(max_examples=60)
@given(_BATCHES)
def test_every_event_is_decided_or_refused_once(raws: list[bytes | None]) -> None:
    verdicts = judge_all(raws)
    rows = [*verdicts.decided["row"].tolist(), *(reject.row for reject in verdicts.rejects)]
    assert sorted(rows) == list(range(len(raws)))
    assert [r.row for r in verdicts.rejects] == sorted(r.row for r in verdicts.rejects)


def test_a_decision_has_every_stored_column_but_its_lineage() -> None:
    decided = judge_all([as_bytes()]).decided
    lineage = {column.name for column in LINEAGE_COLUMNS}
    stored = [column.name for column in DECISION_COLUMNS if column.name not in lineage]
    assert list(decided) == ["row", *stored]
    for column in DECIDED_COLUMNS:
        assert decided[column.name].dtype == DTYPES[column.kind], column.name
        if not column.nullable and column.kind == "text":
            assert decided[column.name][0] is not None, column.name


@pytest.mark.parametrize("raws", [[], [None], [b"{"]], ids=["no events", "tombstone", "poison"])
def test_when_nothing_is_decided_the_columns_are_there_all_the_same(
    raws: list[bytes | None],
) -> None:
    decided = judge_all(raws).decided
    assert_same_frame(take(judge_all([as_bytes()]).decided, slice(0, 0)), decided)


def test_a_decision_says_what_gave_it() -> None:
    row = decided_row()
    model = a_model()
    assert (row["model_version"], row["model_sha256"]) == (model.version, model.sha256)
    assert (row["policy_version"], row["contract_version"]) == ("standard-1", CONTRACT_VERSION)


def test_stream_and_frame_give_the_same_decision() -> None:
    frame = clean(an_application(), received_at=NOON).frame
    direct = decide(frame, model=a_model(), policy=shipped_policy("standard-1"))
    row = decided_row()
    for name in ("pd", "points", "tier", "reasons", "content_hash", "dti_band"):
        assert direct[name][0] == row[name]


@pytest.mark.parametrize("policy", ["standard-1", "reference-1"])
def test_no_outcome_field_can_change_a_decision(policy: str) -> None:
    plain = judge_all([as_bytes(id=1), as_bytes(id=2, dti=None)], policy=policy)
    leaking = judge_all(
        [as_bytes(id=1, **_OUTCOMES), as_bytes(id=2, dti=None, **_OUTCOMES)], policy=policy
    )
    assert_same_frame(plain.decided, leaking.decided)
    assert plain.rejects == leaking.rejects


def test_a_joint_application_is_decided_on_both_applicants_figures() -> None:
    joint: dict[str, Any] = {
        "application_type": "Joint App",
        "dti": 45,
        "dti_joint": 12,
        "annual_inc_joint": 9e4,
    }
    standard, reference = decided_row(**joint), decided_row(policy="reference-1", **joint)
    assert (standard["tier"], standard["dti_pct"], standard["income_usd"]) == ("Low", 12.0, 9e4)
    assert (reference["tier"], reference["dti_pct"]) == ("Elevated", 45.0)
    assert standard["content_hash"] == reference["content_hash"]


def test_an_arrival_for_each_event_is_an_arrival_for_all() -> None:
    raws = [as_bytes(id=1), b"{", as_bytes(id=2, event_time="2026-03-01T12:30:00Z")]
    arrivals = np.full(3, np.datetime64("2026-03-01T12:00:00", "us"))
    each = judge(raws, rules=rules(), received_at=arrivals)
    assert_same_frame(each.decided, judge_all(raws).decided)
    assert each.rejects == judge_all(raws).rejects
    arrivals[2] += np.timedelta64(30, "m")
    assert len(judge(raws, rules=rules(), received_at=arrivals).rejects) == 1


def test_the_callers_mistakes_are_raised() -> None:
    with pytest.raises(ContractError, match="zone"):
        judge([as_bytes()], rules=rules(), received_at=NOON.replace(tzinfo=None))
    with pytest.raises(ContractError, match="one instant or 1"):
        judge([as_bytes()], rules=rules(), received_at=np.zeros(2, dtype="datetime64[us]"))


def test_limits_reach_every_stage() -> None:
    ahead = as_bytes(event_time=(NOON + timedelta(hours=1)).isoformat())
    assert judge_all([ahead], limits=Limits(max_ahead_minutes=90)).rejects == []
    assert judge_all([ahead], limits=Limits(max_bytes=10)).rejects[0].code is RejectCode.TOO_LARGE


def _failing_on(amount: float, failure: BaseException) -> Any:
    def decide_or_fail(frame: Frame, **rest: Any) -> Any:
        if amount in frame["amount_usd"]:
            raise failure
        return decide(frame, **rest)

    return decide_or_fail


def test_an_unexpected_error_refuses_the_event_that_causes_it_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(judging, "decide", _failing_on(13.0, ZeroDivisionError("secret 13")))
    raws = [as_bytes(id=n, loan_amnt=13.0 if n in {3, 8} else 5.0) for n in range(11)]
    verdicts = judge_all([*raws, None])
    assert verdicts.decided["row"].tolist() == [n for n in range(11) if n not in {3, 8}]
    assert [(r.row, r.stage, r.code) for r in verdicts.rejects] == [
        (3, Stage.DECIDE, RejectCode.INTERNAL),
        (8, Stage.DECIDE, RejectCode.INTERNAL),
        (11, Stage.DECODE, RejectCode.TOMBSTONE),
    ]
    assert verdicts.rejects[0].reason.startswith("ZeroDivisionError")
    assert "secret" not in verdicts.rejects[0].reason


def test_a_stop_is_not_an_error_of_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "decide", _failing_on(13.0, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        judge_all([as_bytes(loan_amnt=13.0)])


@pytest.mark.parametrize(
    ("probability", "points"),
    [(np.nan, 600.0), (np.inf, 600.0), (-0.1, 600.0), (1.1, 600.0), (0.5, np.nan), (0.5, np.inf)],
)
def test_a_score_that_makes_no_sense_refuses_its_row(
    monkeypatch: pytest.MonkeyPatch, probability: float, points: float
) -> None:
    def decide_badly(frame: Frame, **rest: Any) -> Any:
        decided = decide(frame, **rest)
        is_second = frame["application_id"] == "2"
        decided["pd"] = np.where(is_second, probability, decided["pd"])
        decided["points"] = np.where(is_second, points, decided["points"])
        return decided

    monkeypatch.setattr(judging, "decide", decide_badly)
    verdicts = judge_all([as_bytes(id=n) for n in (1, 2, 3)])
    assert verdicts.decided["row"].tolist() == [0, 2]
    (reject,) = verdicts.rejects
    assert (reject.row, reject.code) == (1, RejectCode.SCORE_NOT_FINITE)


def test_a_missing_figure_is_a_band_not_a_reason_to_refuse() -> None:
    row = decided_row(dti=None, revol_util=None, int_rate=None, earliest_cr_line=ABSENT)
    assert (row["dti_band"], row["util_band"], row["rate_band"]) == ("Missing",) * 3
    assert row["reasons"] == "DTI_MISSING|REVOL_UTIL_MISSING"


def test_several_threads_may_share_the_rules() -> None:
    shared = rules()
    raws = [as_bytes(id=n, **{f"extra_{n % 7}": n}) for n in range(200)]
    expected = judge_all(raws).decided
    found = []

    def work() -> None:
        found.append(judge(raws, rules=shared, received_at=NOON).decided)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    for decided in found:
        assert_same_frame(decided, expected)
