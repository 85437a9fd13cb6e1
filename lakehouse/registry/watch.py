"""Follow the registry: which models are in force, each verified before it is used.

A bad artefact affects only itself. If a champion cannot be used, the one before stays in force; a
challenger that cannot be used is left out. Both are tried again at every look, so restoring the
artefact is enough.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lakehouse.errors import ArtefactInvalid
from lakehouse.registry.artefacts import CHAMPION, find_model, load_model, registered_model
from lakehouse.registry.log import State, fold
from lakehouse.registry.store import RegistryStore
from risk.models.model import Model

FOLLOW = "champion"
"""As a model's version: whichever the registry says is champion."""


@dataclass(frozen=True, slots=True)
class ModelsInForce:
    """The models that score.

    Attributes
    ----------
    challengers
        In the order in which they were appointed.
    refused
        By version, why a model that should be among them is not.
    """

    champion: Model
    challengers: tuple[Model, ...] = ()
    refused: Mapping[str, ArtefactInvalid] = field(default_factory=dict)


class RegistryWatch:
    """What the registry says, read on from where it was read last: one small request a look.

    Both calls raise `ArtefactInvalid` where the log was altered, `Unavailable` or `Denied` where
    the lake does not answer or does not let us read.

    Parameters
    ----------
    version
        ``champion``, or the version that stays champion whatever the registry says; its challengers
        are followed all the same.
    prove
        Scores with a model once, so that what it looks up is built before it is in force; raises
        ArtefactInvalid where that fails.
    """

    def __init__(
        self, lake_uri: str, version: str = FOLLOW, *, prove: Callable[[Model], None]
    ) -> None:
        self._version = version
        self._prove = prove
        self._store = RegistryStore(lake_uri)
        self._state = State()

    def begin(self) -> ModelsInForce:
        """Return what is in force at a start; refuse a champion that cannot be used."""
        state = fold(self._store.entries())
        models = self._with_challengers(state, self._champion(state, {}), {}, {})
        self._state = state
        return models

    def __call__(self, models: ModelsInForce) -> ModelsInForce:
        """Return `models` itself, or what has replaced it."""
        is_changed = self._store.has_entry(self._state.number + 1)
        if not is_changed and not models.refused:
            return models
        state = fold(self._store.entries()) if is_changed else self._state
        known = {model.sha256: model for model in (models.champion, *models.challengers)}
        refused: dict[str, ArtefactInvalid] = {}
        champion = models.champion
        if self._version == FOLLOW:
            try:
                champion = self._champion(state, known)
            except ArtefactInvalid as exc:
                refused[state.champion or CHAMPION] = exc
        found = self._with_challengers(state, champion, known, refused)
        # Only after everything was read; if the lake stops answering half-way, it is asked again.
        self._state = state
        return found

    def _champion(self, state: State, known: Mapping[str, Model]) -> Model:
        if self._version != FOLLOW:
            model = find_model(self._store.lake_uri, self._version)
        elif state.champion is None:
            model = load_model(CHAMPION)
        else:
            model = self._registered(state, state.champion, known)
        if model.uses_lender_fields:
            raise ArtefactInvalid(
                f"model {model.version} uses the lender's own fields (rate, grade, instalment); "
                "it may challenge, never decide. Promote another one"
            )
        self._prove(model)
        return model

    def _with_challengers(
        self,
        state: State,
        champion: Model,
        known: Mapping[str, Model],
        refused: dict[str, ArtefactInvalid],
    ) -> ModelsInForce:
        challengers = []
        for version in state.challengers:
            if version == champion.version:
                continue
            try:
                challenger = self._registered(state, version, known)
                self._prove(challenger)
            except ArtefactInvalid as exc:
                refused[version] = exc
            else:
                challengers.append(challenger)
        return ModelsInForce(champion, tuple(challengers), refused)

    def _registered(self, state: State, version: str, known: Mapping[str, Model]) -> Model:
        return known.get(state.models[version]) or registered_model(self._store, state, version)
