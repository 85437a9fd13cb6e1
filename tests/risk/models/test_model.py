"""Models of any kind, by their document."""

from __future__ import annotations

import pytest

from risk.errors import ModelError
from risk.models import scorecard
from risk.models.model import parse_model, score, to_json
from tests.risk.applications import a_model, figures


def test_a_document_without_a_kind_is_a_scorecard() -> None:
    model = a_model()
    assert parse_model(scorecard.to_json(model)) == model
    assert to_json(model) == scorecard.to_json(model)
    frame = figures(dti_pct=[10.0, 30.0])
    assert score(model, frame)[0].tolist() == scorecard.score(model, frame)[0].tolist()


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
