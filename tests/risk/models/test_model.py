"""Models of any kind, by their document."""

from __future__ import annotations

import pytest

from risk.errors import ModelError
from risk.models.document import to_json
from risk.models.inputs import model_columns
from risk.models.model import Model, parse_model
from tests.risk.applications import a_model, figures
from tests.risk.boostings import a_boosting
from tests.risk.logistics import a_logistic


def test_a_document_without_a_kind_is_a_scorecard() -> None:
    model = a_model()
    assert b'"kind"' not in to_json(model)
    assert parse_model(to_json(model)) == model
    assert model.kind == "scorecard"


@pytest.mark.parametrize("model", [a_model(), a_boosting(), a_logistic()], ids=lambda m: m.kind)
def test_every_kind_answers_of_each_of_its_features(model: Model) -> None:
    columns = model_columns(figures(dti_pct=[10.0, 30.0]))
    one = {name: column[:1] for name, column in columns.items()}
    assert [part.feature for part in model.parts] == list(model.features)
    assert model.shortfalls(columns).shape == (2, len(model.features))
    assert len(model.contributions(one)) == len(model.features)
    assert hash(model) == hash(parse_model(to_json(model)))


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (b'{"kind": "neural"}', "found 'neural'"),
        (b"\x80\x04K\x01.", "expected what risk.models.model.to_json writes"),
        (b'{"kind": 3}', "expected what risk.models.model.to_json writes"),
    ],
    ids=["another-kind", "a-pickle", "no-text"],
)
def test_what_is_no_model_is_refused_by_name(document: bytes, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        parse_model(document)
