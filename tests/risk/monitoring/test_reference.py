from typing import Any

import msgspec
import numpy as np
import pytest

from lakehouse.registry.artefacts import load_model
from risk.errors import ModelError
from risk.fitting.reference_population import WATCHED_NUMBERS, describe
from risk.models.model import Model
from risk.monitoring.reference import Numbers, Reference, ReferenceTexts, parse_reference, to_json


@pytest.fixture(scope="module")
def reference(champion: Model, loans: Any) -> Reference:
    return describe(champion, loans)


def test_a_reference_reads_as_it_was_written(reference: Reference) -> None:
    assert parse_reference(to_json(reference)) == reference
    assert len(reference.sha256) == 64


def test_every_feature_is_counted_whole(reference: Reference, champion: Model) -> None:
    assert {bins.feature for bins in reference.features} >= {
        "points",
        "pd",
        *WATCHED_NUMBERS,
        *champion.features,
    }
    assert {sum(bins.counts) for bins in reference.features} == {4_000}
    fico = reference.bins("fico")
    assert isinstance(fico, Numbers)
    assert len(fico.points) == len(fico.counts)
    assert set(fico.deciles) < set(fico.edges)
    assert reference.bins("dti_pct").points == () or "dti_pct" in champion.features


def test_a_feature_that_has_no_value_has_one_bin_and_the_missing(reference: Reference) -> None:
    found = reference.bins("public_records")
    assert (found.counts[-1], len(found.counts)) == (4_000, len(found.counts))
    with pytest.raises(ModelError, match="found no_such"):
        reference.bins("no_such")


def test_texts_that_only_the_model_names_have_a_bin(champion: Model, loans: Any) -> None:
    fewer = {**loans, "purpose": np.full(4_000, "credit_card", dtype=object)}
    found = describe(champion, fewer).bins("purpose")
    assert isinstance(found, ReferenceTexts)
    assert found.values[0] == "credit_card"
    assert len(found.values) > 1
    assert found.counts[0] == 4_000
    assert len(found.points) == len(found.counts)


@pytest.mark.parametrize(
    "change",
    [
        {"edges": (2.0, 1.0)},
        {"deciles": (7.0,)},
        {"counts": (4_000, 0)},
        {"counts": (4_000, 1, 0)},
        {"counts": (4_001, -1, 0)},
        {"points": (1,)},
    ],
)
def test_a_document_that_contradicts_itself_is_refused(
    reference: Reference, change: dict[str, Any]
) -> None:
    sound = Numbers(feature="x", edges=(1.0,), deciles=(1.0,), counts=(4_000, 0, 0))
    broken = msgspec.structs.replace(sound, **change)
    with pytest.raises(ModelError, match="x: expected"):
        msgspec.structs.replace(reference, features=(broken,))


def test_a_text_named_twice_is_refused(reference: Reference) -> None:
    broken = ReferenceTexts(feature="x", values=("a", "a"), counts=(4_000, 0, 0, 0))
    with pytest.raises(ModelError, match="different texts"):
        msgspec.structs.replace(reference, features=(broken,))


@pytest.mark.parametrize("document", [b"{", b"\xff", b"{}"])
def test_what_is_no_reference_is_refused(document: bytes) -> None:
    with pytest.raises(ModelError, match="reference document"):
        parse_reference(document)


def test_a_model_of_another_kind_gives_its_bins_no_points(loans: Any) -> None:
    found = describe(load_model("boosting-1"), loans)
    assert {bins.points for bins in found.features} == {()}
