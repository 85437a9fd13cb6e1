"""One penalised logistic regression on the bins of all features, monotone where a feature must be.

The weight of a bin is the sum of the increments up to it. Increments may not go against the
feature's direction, and carry a ridge penalty (Tutz and Leitenstorfer, "Generalized smooth
monotonic regression in additive modeling", *J. Comput. Graph. Stat.* 16, 2007). The problem is
convex, so the result does not depend on the starting point or the solver.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from threadpoolctl import threadpool_limits

from risk.errors import ModelError
from risk.fitting.binning import Candidate, Coder, prepare
from risk.frame.frame import Frame, row_count

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

RIDGE = 20.0
MAX_ITERATIONS = 2_000


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds of default: an intercept, and an addition per feature and bin, 0 on average."""

    intercept: float
    coders: list[Coder]
    weights: list[Floats]

    def log_odds(self, columns: Frame) -> Floats:
        """Return the log-odds of default of every row."""
        total = np.full(row_count(columns), self.intercept)
        for coder, weights in zip(self.coders, self.weights, strict=True):
            total += weights[coder.codes(columns[coder.candidate.feature])]
        return total


def fit_weights(
    columns: Frame,
    defaulted: Flags,
    candidates: Sequence[Candidate],
    *,
    fewest: int,
    weights: Floats,
) -> Weights:
    """Fit all candidates together.

    Parameters
    ----------
    columns
        The frame as a model looks at it.
    defaulted
        Whether each loan defaulted; some did and some did not.
    candidates
        The features; at least one.
    fewest
        Loans that a bin must hold to be worth other than its neighbour or the average.
    weights
        How much each loan counts, 1 on average, so that the penalty means the same with any.

    Raises
    ------
    ModelError
        The weights do not converge.
    """
    coders = [prepare(each, columns[each.feature], fewest=fewest) for each in candidates]
    blocks = [_block(coder, columns, fewest, weights) for coder in coders]
    design = np.hstack([block.by_bin[block.codes] for block in blocks])
    bounds = [bound for block in blocks for bound in block.bounds]
    intercept, solution = _solve(design, defaulted.astype(np.float64), bounds, weights)
    cuts = np.cumsum([len(block.bounds) for block in blocks])[:-1]
    by_bin = [
        block.by_bin @ part for block, part in zip(blocks, np.split(solution, cuts), strict=True)
    ]
    return Weights(intercept, coders, by_bin)


@dataclass(frozen=True, slots=True)
class _Block:
    """One feature's part of the design: a row a bin, 0 on average over the loans."""

    codes: NDArray[np.int64]
    by_bin: Floats
    bounds: list[tuple[float | None, float | None]]


def _block(coder: Coder, columns: Frame, fewest: int, weights: Floats) -> _Block:
    codes = coder.codes(columns[coder.candidate.feature])
    loans = np.bincount(codes, minlength=coder.known + coder.neutral)
    weight = np.bincount(codes, weights=weights, minlength=len(loans))[: coder.known]
    known = coder.columns()
    known -= weight @ known / max(weight.sum(), 1.0)
    # Unseen and missing are average loans, and more than that only where the fit has enough.
    enough = np.flatnonzero(loans[coder.known :] >= fewest)
    by_bin = np.zeros((len(loans), known.shape[1] + len(enough)))
    by_bin[: coder.known, : known.shape[1]] = known
    by_bin[coder.known + enough, known.shape[1] + np.arange(len(enough))] = 1.0
    allowed = {"rises": (0.0, None), "falls": (None, 0.0), None: (None, None)}
    bounds = [allowed[coder.candidate.direction]] * known.shape[1] + [(None, None)] * len(enough)
    return _Block(codes, by_bin, bounds)


def _solve(
    design: Floats,
    outcome: Floats,
    bounds: Sequence[tuple[float | None, float | None]],
    each: Floats,
) -> tuple[float, Floats]:
    """Return intercept and weights that maximise the penalised likelihood within the bounds."""
    rate = np.average(outcome, weights=each)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights = parameters[1:]
        log_odds = parameters[0] + design @ weights
        excess = each * (expit(log_odds) - outcome)
        likelihood = each @ (np.logaddexp(0.0, log_odds) - outcome * log_odds)
        gradient = np.concatenate([[excess.sum()], design.T @ excess + RIDGE * weights])
        return likelihood + 0.5 * RIDGE * (weights @ weights), gradient

    start = np.zeros(1 + design.shape[1])
    start[0] = math.log(rate / (1.0 - rate))
    # One thread: sums have one order on every machine, and tables this small are faster so.
    with threadpool_limits(limits=1, user_api="blas"):
        found: Any = minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(None, None), *bounds],
            options={"maxiter": MAX_ITERATIONS, "maxfun": 2 * MAX_ITERATIONS, "ftol": 1e-13},
        )
    if not found.success:
        raise ModelError(
            f"the weights did not converge in {found.nit} iterations ({found.message}); "
            "look for a feature that decides the outcome alone"
        )
    return float(found.x[0]), found.x[1:]
