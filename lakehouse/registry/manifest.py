"""A registered model's manifest: what its document must turn out to be when it is read again."""

from __future__ import annotations

from datetime import datetime

import msgspec

from lakehouse.errors import ArtefactInvalid
from risk.models.model import Model

__all__ = ["Manifest", "manifest_of", "refuse_if_differs"]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model's document was when it was registered.

    Attributes
    ----------
    kind
        Of model: ``scorecard``, ...
    features
        In the model's order.
    libraries
        Name and version of what computed the model.
    uses_lender_fields
        Whether it looks at what the lender decided (rate, grade, instalment); such a model may
        challenge, never be champion.
    """

    version: str
    sha256: str
    kind: str
    features: tuple[str, ...]
    contract_version: str
    libraries: tuple[tuple[str, str], ...]
    uses_lender_fields: bool
    registered_at: datetime
    registered_by: str


def manifest_of(model: Model, *, at: datetime, by: str) -> Manifest:
    """Return what a model says about itself."""
    return Manifest(
        version=model.version,
        sha256=model.sha256,
        kind=model.kind,
        features=tuple(model.features),
        contract_version=model.contract_version,
        libraries=model.fit.libraries,
        uses_lender_fields=model.uses_lender_fields,
        registered_at=at,
        registered_by=by,
    )


def refuse_if_differs(model: Model, manifest: Manifest, where: str) -> None:
    """Refuse a model that is not what its manifest says.

    Raises
    ------
    ArtefactInvalid
        The message names the first thing that differs.
    """
    found = manifest_of(model, at=manifest.registered_at, by=manifest.registered_by)
    for name in Manifest.__struct_fields__:
        expected, is_so = getattr(manifest, name), getattr(found, name)
        if expected != is_so:
            raise ArtefactInvalid(
                f"{where}: its manifest expects {name} {expected!r}, the document has {is_so!r}; "
                "restore both"
            )
