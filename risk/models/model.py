"""Any PD model: its document names the kind, and every kind offers the same functions."""

from typing import ClassVar, Final, Protocol

import msgspec

from risk.errors import ContractError, ModelError
from risk.frame.frame import Frame
from risk.models.answers import Against, Integers, Part, Scores
from risk.models.boosting import Boosting
from risk.models.document import FeaturePart, Fit, PointScale, from_json
from risk.models.inputs import model_columns
from risk.models.logistic import Logistic
from risk.models.scorecard import Scorecard


class Model(Protocol):
    """A frozen value that gives a PD and explains it.

    `columns` are `risk.models.inputs.model_columns` of a frame; several models can share them. What
    a row gets depends on that row and the model alone, to the last bit.
    """

    kind: ClassVar[str]
    indent: ClassVar[int]

    @property
    def version(self) -> str:
        """Its name."""

    @property
    def sha256(self) -> str:
        """Checksum of the document, in hexadecimal."""

    @property
    def contract_version(self) -> str:
        """The contract whose columns it looks at."""

    @property
    def features(self) -> tuple[str, ...]:
        """The features it looks at."""

    @property
    def parts(self) -> tuple[FeaturePart, ...]:
        """What it knows of each feature, in their order."""

    @property
    def uses_lender_fields(self) -> bool:
        """Whether it looks at what the lender set."""

    @property
    def scale(self) -> PointScale:
        """What its points mean."""

    @property
    def base_points(self) -> float:
        """Points before any feature's."""

    @property
    def fit(self) -> Fit:
        """How it came about."""

    def __hash__(self) -> int:
        """Look it up in caches."""

    def score_columns(self, columns: Frame) -> Scores:
        """Return PD (0 to 1) and points (higher is safer) of every row."""

    def shortfalls(self, columns: Frame, *, against: Against = "average") -> Integers:
        """Return what every row's score would gain by neutralising each feature.

        Rows by features: points of a scorecard, thousandths of log-odds of the others. Above 0,
        neutralising lowers PD.
        """

    def contributions(self, columns: Frame) -> list[Part]:
        """Return what each feature adds to the points of the one row."""


_KINDS: Final[dict[str, type[Scorecard | Boosting | Logistic]]] = {
    each.kind: each for each in (Scorecard, Boosting, Logistic)
}


class _Kind(msgspec.Struct):
    kind: str = Scorecard.kind


def parse_model(document: bytes) -> Model:
    """Read a model's document of any kind.

    Raises
    ------
    ModelError
        It is not what `to_json` writes, byte for byte, or contradicts itself.
    """
    try:
        kind = msgspec.json.decode(document, type=_Kind).kind
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise ModelError(
            f"model document: {exc}; expected what risk.models.model.to_json writes"
        ) from exc
    if kind not in _KINDS:
        raise ModelError(
            f"model document: expected kind {', '.join(_KINDS)}, found {kind[:40]!r}; "
            "load it with the release that wrote it"
        )
    return from_json(document, _KINDS[kind])


def score(model: Model, frame: Frame) -> Scores:
    """Return PD (0 to 1) and points (higher is safer) of every row.

    Income and DTI are both applicants' where the application is joint and gives them.

    Raises
    ------
    ContractError
        The frame lacks a column that the model looks at.
    """
    try:
        return model.score_columns(model_columns(frame))
    except KeyError as exc:
        raise ContractError(
            f"model {model.version} looks at column {exc}, which the frame lacks; "
            "risk.frame.frame.complete adds the columns of the contract"
        ) from exc
