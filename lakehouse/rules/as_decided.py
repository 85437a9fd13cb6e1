"""Find the rules that made a stored decision again, by the versions that it names."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import find_model, find_policy
from lakehouse.silver import reference_tables
from risk.contract.application import CONTRACT_VERSION
from risk.decision.judge import Rules
from risk.decision.reference_tables import ReferenceTables


class Cause(StrEnum):
    """What is looked at to make a decision again, in this order; the first that fails is named."""

    ARTEFACT = "artefact"
    POLICY = "policy"
    CONTRACT = "contract"
    REFERENCE = "reference"
    BYTES = "bytes"
    REFUSED = "refused"
    COLUMN = "column"


class Difference(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first thing that differs.

    Attributes
    ----------
    what
        For people: which artefact and why, the code of the refusal, or the column's name.
    stored, recalled
        The column's two values, where it is part of the verdict.
    """

    cause: Cause
    what: str
    stored: str | float | bool | None = None
    recalled: str | float | bool | None = None


class MadeBy(NamedTuple):
    """The versions that a decision names."""

    model_version: str
    model_sha256: str
    policy_version: str
    contract_version: str
    reference_version: str


_Found: TypeAlias = Rules | Difference


class Rulebook:
    """The rules of any time, each found once and kept: use one for each recall.

    Parameters
    ----------
    lake_uri
        Where models and policies are registered.
    silver_dsn
        Returns silver's connection string; asked only for reference tables other than the shipped.
    """

    def __init__(self, lake_uri: str, silver_dsn: Callable[[], str]) -> None:
        self._lake_uri = lake_uri
        self._silver_dsn = silver_dsn
        self._found: dict[MadeBy, _Found] = {}

    def __call__(self, made_by: MadeBy) -> _Found:
        """Return the rules that a decision was made by, or why they cannot be had.

        Raises
        ------
        Unavailable, Denied
            A store does not answer, or does not let us read.
        """
        if made_by not in self._found:
            self._found[made_by] = self._find(made_by)
        return self._found[made_by]

    def _find(self, made_by: MadeBy) -> _Found:
        cause = Cause.ARTEFACT
        try:
            model = find_model(self._lake_uri, made_by.model_version, made_by.model_sha256)
            cause = Cause.POLICY
            policy = find_policy(self._lake_uri, made_by.policy_version)
            if made_by.contract_version != CONTRACT_VERSION:
                return Difference(
                    Cause.CONTRACT,
                    f"decided under contract {made_by.contract_version!r}, this code has "
                    f"{CONTRACT_VERSION!r}; replay it with the code of that contract",
                )
            cause = Cause.REFERENCE
            return Rules(model, policy, self._reference(made_by.reference_version))
        except ArtefactInvalid as exc:
            return Difference(cause, str(exc))

    def _reference(self, version: str) -> ReferenceTables:
        shipped = reference_tables.shipped()
        if version == shipped.version:
            return shipped
        return reference_tables.stored(self._silver_dsn(), version)
