"""Questions that several pages share, and what stands beside the lake: silver and the registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from lakehouse.lake import book
from lakehouse.lake.characteristics import Binned, binned
from lakehouse.lake.filters import Filters as Chosen
from lakehouse.lake.session import Lake
from lakehouse.registry.artefacts import find_model
from lakehouse.registry.listing import Listing, listing
from lakehouse.silver.progress import PipelineProgress, all_progress
from risk.models.model import Model
from risk.models.scorecard import Scorecard
from ui.data.filters import Book

__all__ = ["Stores", "book_of"]

_NEVER = date(1970, 1, 1)


def book_of(ask: Callable[..., Any]) -> Book:
    """Return what there is to choose from."""
    row = ask(book.extent).to_pylist()[0]
    first, last = row["first_on"] or _NEVER, row["last_on"] or _NEVER

    def known(values: list[Any] | None) -> tuple[Any, ...]:
        return tuple(value for value in values or () if value is not None)

    return Book(
        decisions=row["decisions"],
        first_month=first.replace(day=1),
        last_month=last.replace(day=1),
        terms=known(row["terms"]),
        purposes=known(row["purposes"]),
        states=known(row["states"]),
        models=known(row["models"]),
    )


class Stores:
    """What is asked beside the views of the lake; each method is a question, the lake its first.

    Parameters
    ----------
    lake_uri
        Where models and policies are registered.
    silver_dsn
        Silver's connection string.
    """

    def __init__(self, lake_uri: str, silver_dsn: str) -> None:
        self.lake_uri = lake_uri
        self.silver_dsn = silver_dsn

    def progress(self, _lake: Lake) -> list[PipelineProgress]:
        """Return how far every pipeline is."""
        return all_progress(self.silver_dsn)

    def listing(self, _lake: Lake) -> Listing:
        """Return which models and policies there are, and which are in force."""
        return listing(self.lake_uri)

    def model(self, _lake: Lake, version: str) -> Model:
        """Return a model by version."""
        return find_model(self.lake_uri, version)

    def binned(self, lake: Lake, version: str, chosen: Chosen) -> list[Binned]:
        """Return how applications fall into a scorecard's bins, by month; none for another kind."""
        model = find_model(self.lake_uri, version)
        return binned(lake, model, chosen) if isinstance(model, Scorecard) else []
