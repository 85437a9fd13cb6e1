"""Show what decides now: the policy, the champion and its challengers."""

from collections.abc import Callable

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from risk.decision.judge import Rules
from risk.models.model import Model
from risk.policy.document import Policy
from serving.http.described import described, known_query


class ModelEntry(msgspec.Struct, frozen=True):
    """A model in use; `sha256` is that of its document."""

    version: str
    sha256: str
    contract_version: str
    features: tuple[str, ...]


class Models(msgspec.Struct, frozen=True):
    """The champion decides; challengers score beside it and decide nothing."""

    champion: ModelEntry
    challengers: tuple[ModelEntry, ...]


def catalogue_routes(rules: Callable[[], Rules]) -> APIRouter:
    """Return the routes of policies and models."""
    router = APIRouter(tags=["catalogue"])

    @router.get(
        "/v1/policies/current", **described("read_policy", "Read the policy in force", Policy)
    )
    async def read_policy(request: Request) -> Response:
        """Return the policy in force, as its document."""
        known_query(request)
        return Response(msgspec.json.encode(rules().policy), media_type="application/json")

    @router.get("/v1/models", **described("read_models", "Read which models score", Models))
    async def read_models(request: Request) -> Response:
        """Return the champion and its challengers."""
        known_query(request)
        body = msgspec.json.encode(models_of(rules()))
        return Response(body, media_type="application/json")

    return router


def models_of(rules: Rules) -> Models:
    """Return which models score under these rules."""
    return Models(_entry(rules.model), tuple(map(_entry, rules.challengers)))


def _entry(model: Model) -> ModelEntry:
    return ModelEntry(model.version, model.sha256, model.contract_version, tuple(model.features))
