"""The document of a scorecard: its bins, with their points and weights of evidence."""

import math
from itertools import pairwise
from typing import Literal, TypeAlias

from risk.models.document import Document, FeaturePart, expect


class Bin(Document, frozen=True):
    """Points, and the evidence they come from.

    Attributes
    ----------
    points
        Added to the total; higher is safer.
    woe
        Weight of evidence, ``ln(share of the goods / share of the defaults)``, of this bin alone.
    loans, defaults
        Of the fit.
    """

    points: int
    woe: float
    loans: int
    defaults: int


class Step(Bin, frozen=True):
    """Numbers above the step before, up to and including `upto`; null is no limit."""

    upto: float | None


class TextGroup(Bin, frozen=True):
    """Texts that are worth the same."""

    values: tuple[str, ...]


class Steps(FeaturePart, frozen=True, tag="steps", kw_only=True):
    """A numeric feature; PD only ever rises, or only ever falls, with it."""

    direction: Literal["rises", "falls"]
    steps: tuple[Step, ...]
    missing: Bin

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Every bin an application can be in."""
        return (*self.steps, self.missing)

    @property
    def limits(self) -> tuple[float, ...]:
        """The steps' limits, but for the last one's, which has none."""
        return tuple(step.upto for step in self.steps if step.upto is not None)

    def check(self, where: str) -> None:
        """Refuse steps that overlap, or points that go against the direction."""
        edges = [math.inf if step.upto is None else step.upto for step in self.steps]
        expect(
            edges[-1:] == [math.inf] and all(a < b for a, b in pairwise(edges)),
            f"{where}: expected rising limits, null at the end and nowhere else",
        )
        sign = -1 if self.direction == "rises" else 1
        expect(
            all(sign * (b.points - a.points) >= 0 for a, b in pairwise(self.steps)),
            f"{where}: points contradict that PD {self.direction} with it",
        )


class Groups(FeaturePart, frozen=True, tag="groups", kw_only=True):
    """A feature of texts; those that no group names are `unseen`."""

    groups: tuple[TextGroup, ...]
    unseen: Bin
    missing: Bin

    @property
    def bins(self) -> tuple[Bin, ...]:
        """Every bin an application can be in."""
        return (*self.groups, self.unseen, self.missing)

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The texts of each group."""
        return tuple(group.values for group in self.groups)

    def check(self, where: str) -> None:
        """Refuse a text that is in two groups."""
        values = sum(self.texts, ())
        expect(len(set(values)) == len(values), f"{where}: a text stands in two groups")


Characteristic: TypeAlias = Steps | Groups
