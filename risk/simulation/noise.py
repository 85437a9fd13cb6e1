"""Add what a real feed adds to its applications: repeats, gaps, two dialects, broken events."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError
from risk.simulation.draw import Floats

# What a producer may forget without making the application undecidable.
OPTIONAL = (
    "emp_length",
    "emp_title",
    "revol_util",
    "inq_last_6mths",
    "delinq_2yrs",
    "open_acc",
    "total_acc",
    "verification_status",
    "title",
    "zip_code",
    "fico_range_high",
    "mths_since_last_delinq",
    "installment",
    "purpose",
)
ORIGINAL, DUPLICATE, CONFLICT = "original", "duplicate", "conflict"
TRUNCATED = "truncated"
MALFORMED = (TRUNCATED, "wrong_type", "out_of_range", "missing_required")
KINDS: tuple[str, ...] = (ORIGINAL, DUPLICATE, CONFLICT, *MALFORMED)
_REPEAT_WITHIN = 250


class Noise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shares of events, 0 to 1, as measured on the reference feed or, where rarer, of its kind.

    Attributes
    ----------
    dialect_b
        Two-digit years and percent signs: "Nov-08", "13.56%", as its youngest loans have.
    outcome_columns
        The events also hold what happened after origination, as every event of that feed does.
    missing_fields
        One of the fields that an application can do without is null.
    duplicates
        The same id and content once more, within some hundred events; 13 % in that feed.
    conflicts
        The same id with another income.
    truncated, wrong_type, out_of_range, missing_required
        Malformed: cut off; of another type; beyond any bound; without what a decision needs.
    """

    dialect_b: float = 0.16
    outcome_columns: float = 1.0
    missing_fields: float = 0.01
    duplicates: float = 0.02
    conflicts: float = 0.0005
    truncated: float = 0.0005
    wrong_type: float = 0.0005
    out_of_range: float = 0.0005
    missing_required: float = 0.0005

    def __post_init__(self) -> None:
        """Check that these are shares.

        Raises
        ------
        ModelError
            One is outside 0 to 1, or the kinds of event together exceed one.
        """
        for name in self.__struct_fields__:
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ModelError(f"noise: {name}: expected a share of 0 to 1, found {share}")
        if self.of_kinds.sum() > 1:
            raise ModelError(
                f"noise: {', '.join(KINDS[1:])}: expected shares of at most 1 together, "
                f"found {self.of_kinds.sum():g}"
            )

    @property
    def of_kinds(self) -> Floats:
        """The shares of all kinds of event but the original."""
        kinds = (self.duplicates, self.conflicts, *(getattr(self, name) for name in MALFORMED))
        return np.array(kinds, dtype=np.float64)


class SendingPlan:
    """How each event of a block is to be sent.

    Attributes
    ----------
    kind
        Position in `KINDS`.
    source
        The event whose application it carries: its own position but for repeats.
    """

    def __init__(self, noise: Noise, rng: np.random.Generator, strength: Floats) -> None:
        size = len(strength)
        uniform = rng.random((8, size))
        edges = np.cumsum([*noise.of_kinds])
        drawn = np.searchsorted(edges, uniform[0], side="right")
        self.kind = np.where(drawn == len(edges), 0, drawn + 1)
        self.source = np.arange(size)
        self._choose_sources(uniform[1])
        row = self.source
        self.is_dialect_b = (uniform[2] < noise.dialect_b)[row]
        self.has_outcomes = (uniform[3] < noise.outcome_columns)[row]
        forgotten = (uniform[5] * len(OPTIONAL)).astype(np.int64)
        self.forgotten = np.where(uniform[4] < noise.missing_fields, forgotten, -1)[row]
        self.is_broken = (uniform[6] < strength)[row]
        self.variant = uniform[7]

    def _choose_sources(self, uniform: Floats) -> None:
        """Let repeats repeat one of the last originals of the block; without any be one."""
        is_original = self.kind == 0
        originals = np.flatnonzero(is_original)
        before = np.cumsum(is_original)
        is_repeat = (self.kind == KINDS.index(DUPLICATE)) | (self.kind == KINDS.index(CONFLICT))
        self.kind[is_repeat & (before == 0)] = 0
        rows = np.flatnonzero(is_repeat & (before > 0))
        back = (uniform[rows] * np.minimum(before[rows], _REPEAT_WITHIN)).astype(np.int64)
        self.source[rows] = originals[before[rows] - 1 - back]

    def rows_of(self, kind: str) -> NDArray[np.int64]:
        """Return the positions of the events of one kind."""
        return np.flatnonzero(self.kind == KINDS.index(kind))
