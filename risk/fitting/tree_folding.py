"""Fold an ensemble of trees of depth two into tables over the bins of one and of two features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.errors import ModelError


@dataclass(frozen=True, slots=True)
class Split:
    """A question to one feature.

    Attributes
    ----------
    feature
        Its place among the features.
    goes_left
        The answer for each of its bins.
    """

    feature: int
    goes_left: NDArray[np.bool_]
    left: Node
    right: Node


Node: TypeAlias = Split | float
"""A question, or a leaf: what it adds to the log-odds."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Tables whose sum is that of the trees, in any application's bins.

    Attributes
    ----------
    alone
        A table a feature.
    pairs
        By two features' places, the lower one first: a row a bin of the first.
    """

    alone: list[NDArray[np.float64]]
    pairs: dict[tuple[int, int], NDArray[np.float64]]


def with_leaves(node: Node, change: Callable[[float], float]) -> Node:
    """Return the tree with changed leaves; a change that keeps their order keeps it monotone."""
    if not isinstance(node, Split):
        return change(node)
    left, right = (with_leaves(child, change) for child in (node.left, node.right))
    return Split(node.feature, node.goes_left, left, right)


def fold(trees: Iterable[Node], sizes: Sequence[int]) -> Folded:
    """Return the sum of the trees as tables; `sizes` is how many bins each feature has.

    A path of a tree of depth two asks no more than two features. Each path adds its leaf to the
    cells that lead along it: of one feature's table, or of two features'.
    """
    folded = Folded([np.zeros(size) for size in sizes], {})
    for tree in trees:
        _add(folded, tree, sizes, path={})
    return folded


def _add(
    folded: Folded, node: Node, sizes: Sequence[int], path: dict[int, NDArray[np.bool_]]
) -> None:
    if isinstance(node, Split):
        for child, side in ((node.left, node.goes_left), (node.right, ~node.goes_left)):
            within = side & path.get(node.feature, True)
            _add(folded, child, sizes, {**path, node.feature: within})
        return
    match sorted(path):
        case []:
            # A tree of one leaf adds the same to every bin.
            folded.alone[0] += node
        case [feature]:
            folded.alone[feature] += node * path[feature]
        case [first, second]:
            table = folded.pairs.setdefault(
                (first, second), np.zeros((sizes[first], sizes[second]))
            )
            table += node * np.outer(path[first], path[second])
        case deeper:
            raise ModelError(
                f"expected trees of depth two, found a path over the features {deeper}; fit with "
                "max_depth=2"
            )
