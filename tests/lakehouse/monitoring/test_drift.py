from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from lakehouse.errors import ArtefactInvalid
from lakehouse.lake.filters import Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring.drift import drift
from lakehouse.registry.artefacts import load_model
from lakehouse.registry.changes import Change, register_model
from lakehouse.registry.references import find_reference, save_reference
from lakehouse.registry.store import RegistryStore
from risk.models.document import to_json
from risk.models.model import Model, parse_model
from risk.monitoring.reference import to_json as reference_json
from tests.lakehouse.history import DECIDED_AT, decide_rows


def test_a_period_is_compared_with_the_training_population(tmp_path: Path) -> None:
    uri = str(tmp_path)
    gone = {"fico": None, "purpose": "boat"}
    usual = {"fico": 700.0, "purpose": "car", "term_months": 36.0, "income_usd": 60_000.0}
    decide_rows(
        uri,
        *({**usual, "applied_on": date(2018, 1, 5), "pd": 0.1} for _ in range(60)),
        *({**usual, "applied_on": date(2018, 2, 5), **gone} for _ in range(40)),
    )
    lake = Lake(uri)
    reference = find_reference(uri, load_model())
    january, february = drift(lake, reference)
    only = drift(lake, reference, Filters(purposes=("car",)), grain=Grain.YEAR)
    lake.close()
    assert (january.period, january.shift.decisions) == (date(2018, 1, 1), 60)
    assert [each.shift.decisions for each in only] == [60]
    by_name = {each.feature: each for each in february.shift.features}
    assert by_name["fico"].missing_share == 1.0
    assert by_name["fico"].is_alarm
    assert by_name["purpose"].unseen_share == 1.0
    assert january.counts["term_months"].sum() == 60
    assert by_name["term_months"].points == pytest.approx(
        {each.feature: each for each in january.shift.features}["term_months"].points
    )


def test_an_empty_lake_has_no_periods(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "none"))
    assert drift(lake, find_reference(str(tmp_path), load_model())) == []
    lake.close()


@pytest.mark.parametrize("version", ["scorecard-1", "boosting-1", "price-aware-1"])
def test_every_shipped_model_has_its_reference(version: str, tmp_path: Path) -> None:
    model = load_model(version)
    reference = find_reference(str(tmp_path), model)
    assert (reference.model_sha256, reference.loans) == (model.sha256, 14_542)
    assert reference.mean_pd == pytest.approx(0.1325, abs=1e-3)
    assert np.isfinite(reference.mean_points)


def renamed_champion(version: str) -> Model:
    document = to_json(load_model()).replace(b'"scorecard-1"', f'"{version}"'.encode())
    return parse_model(document)


def test_a_registered_model_keeps_its_reference(tmp_path: Path) -> None:
    uri, model = str(tmp_path), renamed_champion("scorecard-2")
    reference = find_reference(uri, load_model())
    own = msgspec.structs.replace(reference, model_version=model.version, model_sha256=model.sha256)
    store, change = RegistryStore(uri), Change(by="tests", at=DECIDED_AT)
    with pytest.raises(ArtefactInvalid, match="has no reference"):
        find_reference(uri, model)
    with pytest.raises(ArtefactInvalid, match="expected the reference of the model"):
        register_model(store, to_json(model), change, reference=reference_json(reference))
    with pytest.raises(ArtefactInvalid, match="reference document"):
        register_model(store, to_json(model), change, reference=b"{")
    register_model(store, to_json(model), change, reference=reference_json(own))
    assert find_reference(uri, model) == own


def test_an_altered_reference_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_model()
    reference = find_reference(str(tmp_path), model)
    path = save_reference(reference, folder=tmp_path / "references")
    monkeypatch.setattr("lakehouse.registry.references.SHIPPED", tmp_path)
    assert find_reference(str(tmp_path), model) == reference
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ArtefactInvalid, match="the reference was altered"):
        find_reference(str(tmp_path), model)
