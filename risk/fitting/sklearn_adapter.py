"""The fits' use of scikit-learn: folds, boosted trees and regressions.

No other module imports scikit-learn. It returns plain numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import scipy
import sklearn
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from risk.errors import ModelError
from risk.fitting.monotone_regression import MAX_ITERATIONS
from risk.fitting.tree_folding import Node, Split
from risk.frame.frame import Frame

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int64]

LIBRARIES: Final = tuple(
    (library.__name__, str(library.__version__)) for library in (np, scipy, sklearn)
)
"""Name and version of what computes a fit."""

FOLDS: Final = 5

REFERENCE_FEATURES = (
    "dti_pct",
    "utilisation_pct",
    "rate_pct",
    "delinquencies_2y",
    "inquiries_6m",
    "amount_usd",
    "credit_age_years",
)
"""What the reference system's own model looks at; the rate is the lender's price."""

_DIRECTIONS: Final = {"rises": 1, "falls": -1, None: 0}


def folds(defaulted: Flags) -> Iterator[tuple[Codes, Codes]]:
    """Yield the rows to fit on and the rows to look at, five times, with equal default rates."""
    splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    yield from splitter.split(np.empty(len(defaulted)), defaulted)


@dataclass(frozen=True, slots=True)
class Growth:
    """How an ensemble grows.

    Attributes
    ----------
    known, neutral
        Bins of each feature that hold known values, and those behind them that do not; in these,
        loans go with whichever side of a split suits them better.
    directions
        Whether PD rises or falls with each feature; None for a text.
    rounds, learning_rate, smallest_leaf, ridge, share_of_features, seed
        As scikit-learn has them.
    """

    known: tuple[int, ...]
    neutral: tuple[int, ...]
    directions: tuple[str | None, ...]
    rounds: int
    learning_rate: float
    smallest_leaf: int
    ridge: float
    share_of_features: float
    seed: int


class Bag:
    """One ensemble of trees of depth two; made by `grow`."""

    def __init__(self, classifier: HistGradientBoostingClassifier, growth: Growth) -> None:
        self._classifier = classifier
        self._growth = growth

    @property
    def base(self) -> float:
        """Log-odds before any tree."""
        return float(self._classifier._baseline_prediction[0, 0])  # noqa: SLF001

    def log_odds(self, codes: Codes) -> Floats:
        """Return scikit-learn's own log-odds of default; rows are features."""
        found: Floats = self._classifier.decision_function(_table(codes, self._growth))
        return found

    def log_odds_by_rounds(self, codes: Codes, rounds: Sequence[int]) -> Floats:
        """Return the log-odds after so many rounds: a row each."""
        wanted = set(rounds)
        staged = self._classifier.staged_decision_function(_table(codes, self._growth))
        return np.array([stage for number, stage in enumerate(staged, 1) if number in wanted])

    def trees(self, rounds: int) -> list[Node]:
        """Return the trees of the first so many rounds."""
        predictors: Any = self._classifier._predictors[:rounds]  # noqa: SLF001
        return [_node(predictor.nodes, 0, self._growth) for (predictor,) in predictors]


def grow(codes: Codes, defaulted: Flags, weights: Floats, growth: Growth) -> Bag:
    """Grow an ensemble on the bins of each feature (rows are features), monotone where meant."""
    classifier = HistGradientBoostingClassifier(
        max_depth=2,
        max_iter=growth.rounds,
        learning_rate=growth.learning_rate,
        min_samples_leaf=growth.smallest_leaf,
        l2_regularization=growth.ridge,
        max_features=growth.share_of_features,
        early_stopping=False,
        monotonic_cst=[_DIRECTIONS[direction] for direction in growth.directions],
        random_state=growth.seed,
    )
    classifier.fit(_table(codes, growth), defaulted, sample_weight=weights)
    return Bag(classifier, growth)


def fit_penalised(
    table: Floats, defaulted: Flags, weights: Floats, *, inverse_penalty: float
) -> tuple[float, Floats]:
    """Fit a logistic regression with a ridge penalty; return the intercept and a weight a column.

    Raises
    ------
    ModelError
        It does not converge.
    """
    regression = LogisticRegression(C=inverse_penalty, max_iter=MAX_ITERATIONS)
    regression.fit(table, defaulted, sample_weight=weights)
    if regression.n_iter_[0] >= MAX_ITERATIONS:
        raise ModelError(
            f"logistic regression of {table.shape[1]} columns: no optimum in {MAX_ITERATIONS} "
            "iterations; fit on more loans or penalise more"
        )
    return float(regression.intercept_[0]), regression.coef_[0]


def fit_reference(
    frame: Frame, defaulted: Flags, *, weights: Floats | None = None
) -> Callable[[Frame], Floats]:
    """Fit the reference's logistic regression on its seven features; return frame -> PD."""
    pipeline = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(max_iter=MAX_ITERATIONS),
    )

    def table(loans: Frame) -> Floats:
        return np.column_stack([loans[feature] for feature in REFERENCE_FEATURES])

    pipeline.fit(table(frame), defaulted, logisticregression__sample_weight=weights)

    def predict(loans: Frame) -> Floats:
        pd: Floats = pipeline.predict_proba(table(loans))[:, 1]
        return pd

    return predict


def _table(codes: Codes, growth: Growth) -> Floats:
    """Return the bins as scikit-learn wants them: a column a feature, NaN for the neutral ones."""
    table = codes.T.astype(np.float64)
    table[np.array(growth.known) <= codes.T] = np.nan
    return table


def _node(nodes: Any, place: int, growth: Growth) -> Node:
    node = nodes[place]
    if node["is_leaf"]:
        return float(node["value"])
    feature = int(node["feature_idx"])
    bins = np.arange(growth.known[feature] + growth.neutral[feature])
    goes_left = np.where(
        bins < growth.known[feature], bins <= node["num_threshold"], node["missing_go_to_left"] != 0
    )
    left, right = (_node(nodes, int(node[side]), growth) for side in ("left", "right"))
    return Split(feature, goes_left, left, right)
