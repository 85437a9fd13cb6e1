"""Challengers score beside the decision, and whatever they do, it stands."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from risk.decision.judge import Rules, judge
from risk.frame.frame import Frame
from risk.models.model import Model
from risk.models.scorecard import Scorecard
from tests.risk.applications import NOON, a_model, as_bytes, assert_same_frame, rules

RAWS = [as_bytes(id=1, dti=31.0), as_bytes(id=2, dti=None), as_bytes(id=3, annual_inc=9_000)]


def _decided(rules: Rules) -> Frame:
    return judge(RAWS, rules=rules, received_at=NOON).decided


def _with(*challengers: Model) -> Rules:
    return replace(rules(), challengers=challengers)


def test_without_challengers_nothing_is_stored() -> None:
    assert _decided(rules())["challengers"].tolist() == [None] * len(RAWS)


def test_each_challengers_pd_is_stored_under_its_version() -> None:
    champion = rules().model
    decided = _decided(_with(a_model("first"), champion))
    told = [json.loads(text) for text in decided["challengers"]]
    assert [set(each) for each in told] == [{"first", champion.version}] * len(RAWS)
    assert [each[champion.version] for each in told] == decided["pd"].tolist()


def test_a_challenger_changes_nothing_else() -> None:
    alone, shadowed = _decided(rules()), _decided(_with(a_model("first")))
    del alone["challengers"], shadowed["challengers"]
    assert_same_frame(alone, shadowed)


def test_a_challenger_that_fails_leaves_null_and_the_decision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken, mad, sound = a_model("broken"), a_model('"mad"'), a_model("sound")

    answer = Scorecard.score_columns

    def scored(model: Scorecard, columns: Frame) -> object:
        if model is broken:
            raise ZeroDivisionError
        pd, points = answer(model, columns)
        return (np.array([np.nan, 1.5, 0.25]) if model is mad else pd), points

    monkeypatch.setattr(Scorecard, "score_columns", scored)
    decided = _decided(_with(broken, mad, sound))
    told = [json.loads(text) for text in decided["challengers"]]
    assert [each["broken"] for each in told] == [None] * len(RAWS)
    assert [each['"mad"'] for each in told] == [None, None, 0.25]
    assert all(isinstance(each["sound"], float) for each in told)
    assert decided["pd"].tolist() == _decided(rules())["pd"].tolist()
