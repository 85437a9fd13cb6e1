"""What a backtest found, as it is printed and as it is written in JSON."""

from __future__ import annotations

from dataclasses import dataclass

from risk.monitoring.backtest import Backtest, SwapSet

__all__ = ["Backtested", "Side"]


@dataclass(frozen=True, slots=True)
class Side:
    """One version: what decided, what it refused by code, and how it stands."""

    model: str
    model_sha256: str
    policy: str
    refused: dict[str, int]
    figures: Backtest


@dataclass(frozen=True, slots=True)
class Backtested:
    """The past, decided by one version or by two.

    Attributes
    ----------
    read
        Events of the source.
    repeated
        Those that came again; the first of them counts.
    decided
        Those that every version decides: all figures are of these.
    """

    source: str
    read: int
    repeated: int
    decided: int
    first: Side
    second: Side | None = None
    swap_set: SwapSet | None = None
