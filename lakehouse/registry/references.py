"""Load a model's reference: the population of its fit, as counts, in a document beside the model.

It is a separate document, so a model that is in use keeps its bytes and its checksum. It names the
model by that checksum, and is refused beside any other model.
"""

from pathlib import Path
from typing import Final

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import SHIPPED, read_document, save_document
from lakehouse.registry.store import RegistryStore
from risk.errors import RiskError
from risk.models.model import Model
from risk.monitoring.reference import Reference, parse_reference, to_json

REFERENCES: Final = "references"
"""Folder of the references, in the folder of the models that training writes."""


def find_reference(lake_uri: str, model: Model) -> Reference:
    """Return a model's reference, shipped or registered with it.

    Raises
    ------
    ArtefactInvalid
        There is none, it was altered, or it is another model's.
    Unavailable, Denied
        It is not shipped, and the lake does not answer or does not let us read.
    """
    folder = SHIPPED / REFERENCES
    if (folder / f"{model.version}.json").exists():
        shipped = read_document("reference", model.version, folder)
        return parse_reference_of(model.sha256, shipped, where=str(folder / model.version))
    document = RegistryStore(lake_uri).reference(model.version)
    if document is None:
        raise ArtefactInvalid(
            f"model {model.version} has no reference, neither shipped nor registered in "
            f"{lake_uri}: drift is measured from the population a model was fitted on. Register "
            "the model with the folder `references` that python -m dataflows.train writes beside it"
        )
    return parse_reference_of(model.sha256, document, where=lake_uri)


def parse_reference_of(sha256: str, document: bytes, *, where: str) -> Reference:
    """Read a reference and make sure of whose it is.

    Raises
    ------
    ArtefactInvalid
        It is none, or another model's.
    """
    try:
        reference = parse_reference(document)
    except RiskError as exc:
        raise ArtefactInvalid(f"{where}: {exc}") from exc
    if reference.model_sha256 != sha256:
        raise ArtefactInvalid(
            f"{where}: expected the reference of the model {sha256[:12]}..., found that of "
            f"{reference.model_version} ({reference.model_sha256[:12]}...); train writes both"
        )
    return reference


def save_reference(reference: Reference, *, folder: Path) -> Path:
    """Write a reference and its checksum; return the document's path."""
    return save_document(reference.model_version, to_json(reference), folder)
