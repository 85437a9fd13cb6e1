"""Fit the simulator's copula: effects of purpose, joint and term, and the remaining correlation.

The method follows NORTA (Cario and Nelson, "Modeling and generating random vectors with arbitrary
marginal distributions and correlation matrix", 1997). Ties and nulls weaken the correlation of
observed values. So the correlation of the hidden scores is adjusted until simulated loans show the
correlation of the real ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.simulation.calibration.marginals import Sample
from risk.simulation.draw import Floats, Marginal
from risk.simulation.parameters import Cells, Latent

_FEWEST_PAIRS = 100
_SHRINKAGE_PAIRS = 50
_ROUNDS = 8
_STEP = 0.8
_MOST_EXPLAINED = 0.9
_LEAST_EIGENVALUE = 1e-3
_NORMAL = NormalDist()
_SCORES = np.linspace(-4.5, 4.5, 1_801)
_CUMULATIVE = np.array([_NORMAL.cdf(float(score)) for score in _SCORES])


@dataclass(frozen=True, slots=True)
class Copula:
    """Effects (latents x nominals) and correlation of the hidden scores."""

    effects: Floats
    correlation: Floats

    def shift_and_scale(self, nominal: Floats) -> tuple[Floats, Floats]:
        """Return effects that average zero over the sample, and the remaining noise.

        Every loan has one purpose, so what all purposes share can be taken from each.
        """
        flags = 2
        effects = self.effects.copy()
        effects[:, :-flags] -= (effects @ nominal.mean(axis=0))[:, None]
        spread = np.minimum((effects @ nominal.T).var(axis=1), _MOST_EXPLAINED)
        return effects, np.sqrt(1 - spread)


def normal_scores(values: Floats, cell: NDArray[np.int64]) -> Floats:
    """Return the normal scores of mid-ranks within each cell; NaN where not observed."""
    scores = np.full(len(values), np.nan)
    seen = ~np.isnan(values)
    for code in np.unique(cell[seen]):
        rows = np.flatnonzero(seen & (cell == code))
        _, inverse, counts = np.unique(values[rows], return_inverse=True, return_counts=True)
        middle = (np.cumsum(counts) - counts / 2) / len(rows)
        scores[rows] = np.interp(middle, _CUMULATIVE, _SCORES)[inverse]
    return scores


def fit_copula(
    sample: Sample,
    latents: Sequence[Latent],
    cells: Mapping[str, Cells],
    purposes: int,
    rng: np.random.Generator,
) -> Copula:
    """Find the effects and the correlation under which simulated loans look like the sample."""
    nominal = sample.nominal(purposes)
    cell = {name: sample.cell(grouping) for name, grouping in cells.items()}
    marginals = [Marginal(latent) for latent in latents]
    observed = np.array([sample.columns[latent.name] for latent in latents])
    hidden = np.isnan(observed)
    wanted = _moments(observed, latents, cell, nominal)
    copula = Copula(np.zeros_like(wanted.effects), np.eye(len(latents)))
    for _ in range(_ROUNDS):
        factor = np.linalg.cholesky(nearest_correlation(copula.correlation))
        noise = factor @ rng.standard_normal((len(latents), len(nominal)))
        effects, scale = copula.shift_and_scale(nominal)
        scores = effects @ nominal.T + scale[:, None] * noise
        drawn = np.array(
            [
                marginal.ranks(scores[row], cell[latents[row].cells])
                for row, marginal in enumerate(marginals)
            ]
        )
        drawn[hidden] = np.nan
        found = _moments(drawn, latents, cell, nominal)
        copula = Copula(
            copula.effects + _STEP * (wanted.effects - found.effects),
            np.clip(copula.correlation + _STEP * (wanted.correlation - found.correlation), -1, 1),
        )
    return Copula(copula.effects, nearest_correlation(copula.correlation))


def nearest_correlation(matrix: NDArray[Any]) -> Floats:
    """Return the matrix with its eigenvalues made positive and its diagonal one."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    positive = (vectors * np.maximum(values, _LEAST_EIGENVALUE)) @ vectors.T
    scale = np.sqrt(np.diag(positive))
    return np.asarray(positive / np.outer(scale, scale), dtype=np.float64)


def _moments(
    values: Floats,
    latents: Sequence[Latent],
    cell: Mapping[str, NDArray[np.int64]],
    nominal: Floats,
) -> Copula:
    """Regress the scores of each latent on the nominals; correlate what is left, pair by pair."""
    scores = np.array([normal_scores(row, cell[latents[n].cells]) for n, row in enumerate(values)])
    seen = ~np.isnan(scores)
    scores[~seen] = 0.0
    effects = np.zeros((len(latents), nominal.shape[1]))
    for row, mask in enumerate(seen):
        design = nominal[mask]
        gram = design.T @ design + _SHRINKAGE_PAIRS * np.eye(design.shape[1])
        effects[row] = np.linalg.solve(gram, design.T @ scores[row, mask])
    rest = np.where(seen, scores - effects @ nominal.T, 0.0)
    both = seen.astype(np.float64)
    pairs = both @ both.T
    squares = (rest**2) @ both.T
    covariance = rest @ rest.T
    correlation = covariance / np.sqrt(np.maximum(squares * squares.T, 1e-9))
    correlation *= np.where(pairs < _FEWEST_PAIRS, 0.0, pairs / (pairs + _SHRINKAGE_PAIRS))
    np.fill_diagonal(correlation, 1.0)
    return Copula(effects, correlation)
