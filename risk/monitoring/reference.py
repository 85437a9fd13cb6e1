"""A model's reference: the scored population of its fit, as counts per bin.

The reference owns the bins, so an outlier in today's data cannot stretch them. A number has edges
for two purposes: the deciles of the population, which measure drift, and the model's own steps,
which turn a shift into points. The reference is a document of its own beside the model's document,
and names the model by its checksum. The model's document stays unchanged.
"""

from hashlib import sha256
from typing import TypeAlias

import msgspec

from risk.errors import ModelError


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Numbers(_Document, frozen=True, tag="numbers"):
    """A numeric feature.

    Attributes
    ----------
    edges
        Right-inclusive, rising; the last bin is open.
    deciles
        Those edges by which drift is measured.
    counts
        One a bin of the edges, then the missing.
    points
        What the model gives each bin, the missing last; empty if it does not look at the feature.
    """

    feature: str
    edges: tuple[float, ...]
    deciles: tuple[float, ...]
    counts: tuple[int, ...]
    points: tuple[int, ...] = ()


class ReferenceTexts(_Document, frozen=True, tag="texts"):
    """A feature of texts.

    Attributes
    ----------
    values
        Each has a bin; then come the texts that the population never had, then the missing.
    counts
        One a bin.
    points
        What the model gives each bin; empty if it does not look at the feature.
    """

    feature: str
    values: tuple[str, ...]
    counts: tuple[int, ...]
    points: tuple[int, ...] = ()


Bins: TypeAlias = Numbers | ReferenceTexts


class Reference(_Document, frozen=True):
    """The population that a model was fitted on, as that model scores it.

    Attributes
    ----------
    model_version, model_sha256
        Whose reference it is.
    first_month, last_month
        Issue months of the loans, ``YYYY-MM``.
    loans
        How many.
    mean_points, mean_pd, pd_spread
        Of the scored population; the last is the mean of ``PD (1 - PD)``.
    points_to_double_odds
        Of the model's scale.
    features
        Counts per bin, the score itself first, as `points` and `pd`.

    Raises
    ------
    ModelError
        On construction, if the document contradicts itself.
    """

    model_version: str
    model_sha256: str
    first_month: str
    last_month: str
    loans: int
    mean_points: float
    mean_pd: float
    pd_spread: float
    points_to_double_odds: float
    features: tuple[Bins, ...]

    def __post_init__(self) -> None:
        for bins in self.features:
            _check(bins, self)

    @property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""
        return sha256(to_json(self)).hexdigest()

    def bins(self, feature: str) -> Bins:
        """Return the bins of a feature.

        Raises
        ------
        ModelError
            The reference does not have it.
        """
        for bins in self.features:
            if bins.feature == feature:
                return bins
        raise ModelError(
            f"reference of {self.model_version}: expected one of "
            f"{', '.join(each.feature for each in self.features)}, found {feature}"
        )


def to_json(reference: Reference) -> bytes:
    """Return the document: the same reference always gives the same bytes."""
    encoded = msgspec.json.encode(reference, order="deterministic")
    return msgspec.json.format(encoded, indent=1) + b"\n"


def parse_reference(document: bytes) -> Reference:
    """Read a reference's document.

    Raises
    ------
    ModelError
        It is not JSON, lacks or adds a field, or contradicts itself.
    """
    try:
        return msgspec.json.decode(document, type=Reference)
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"reference document: {exc}; expected what risk.monitoring.reference.to_json writes"
        ) from exc


def _check(bins: Bins, reference: Reference) -> None:
    if isinstance(bins, Numbers):
        size = len(bins.edges) + 2
        is_rising = list(bins.edges) == sorted(set(bins.edges))
        is_sound = is_rising and set(bins.deciles) <= set(bins.edges)
    else:
        size = len(bins.values) + 2
        is_sound = len(set(bins.values)) == len(bins.values)
    is_sound &= len(bins.counts) == size and len(bins.points) in {0, size}
    if not is_sound or sum(bins.counts) != reference.loans or min(bins.counts) < 0:
        raise ModelError(
            f"reference of {reference.model_version}, {bins.feature}: expected rising edges or "
            f"different texts, {size} counts that add up to {reference.loans}, and points for each "
            "or none; write the reference anew"
        )
