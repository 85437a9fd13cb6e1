from pathlib import Path

import pytest

from lakehouse import shipped_simulation
from lakehouse.errors import ArtefactInvalid
from lakehouse.shipped_simulation import load_simulation_parameters
from risk.simulation.parameters import SimulationParameters
from tests.risk.applications import SHIPPED

_DOCUMENT = SHIPPED / "simulation" / "lending-club-1.json"


def test_the_shipped_parameters_can_be_used() -> None:
    parameters = load_simulation_parameters()
    assert isinstance(parameters, SimulationParameters)
    assert parameters.version == "lending-club-1"
    assert parameters.loans > 25_000
    assert _DOCUMENT.stat().st_size < 300_000


def test_parameters_that_are_not_shipped_are_refused_with_those_that_are() -> None:
    with pytest.raises(ArtefactInvalid, match="'mars' are not shipped: expected one of lending-cl"):
        load_simulation_parameters("mars")


@pytest.mark.parametrize("spoilt", [(b'"loans"', b'"moans"'), (b'"years":[2012,', b'"years":[')])
def test_an_altered_document_is_refused(
    spoilt: tuple[bytes, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shipped" / "simulation"
    folder.mkdir(parents=True)
    (folder / "other.json").write_bytes(_DOCUMENT.read_bytes().replace(*spoilt))
    monkeypatch.setattr(shipped_simulation, "files", lambda _room: tmp_path)
    with pytest.raises(ArtefactInvalid, match=r"other\.json: "):
        load_simulation_parameters("other")
