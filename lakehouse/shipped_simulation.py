"""Load the simulator's parameters that are shipped with the code."""

from importlib.resources import files

import msgspec

from lakehouse.errors import ArtefactInvalid
from risk.errors import RiskError
from risk.simulation.parameters import SimulationParameters


def load_simulation_parameters(name: str = "lending-club-1") -> SimulationParameters:
    """Return the shipped parameters of that name.

    Raises
    ------
    ArtefactInvalid
        None are shipped under that name, or the document is not sound.
    """
    folder = files("lakehouse") / "shipped" / "simulation"
    document = folder / f"{name}.json"
    if not document.is_file():
        shipped = ", ".join(sorted(entry.name.removesuffix(".json") for entry in folder.iterdir()))
        raise ArtefactInvalid(
            f"simulation parameters {name!r} are not shipped: expected one of {shipped}"
        )
    try:
        return msgspec.json.decode(document.read_bytes(), type=SimulationParameters)
    except (msgspec.DecodeError, RiskError) as exc:
        raise ArtefactInvalid(f"{document}: {exc}") from exc
