"""Trees of depth two, folded into tables."""

from __future__ import annotations

import numpy as np
import pytest

from risk.errors import ModelError
from risk.fitting.tree_folding import Node, Split, fold, with_leaves

_LOW = np.array([True, False, False])
_LOWER = np.array([True, True, False, False])


def _value(tree: Node, bins: tuple[int, ...]) -> float:
    while isinstance(tree, Split):
        tree = tree.left if tree.goes_left[bins[tree.feature]] else tree.right
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        0.5,
        Split(0, _LOW, 0.1, 0.2),
        Split(1, _LOWER, 0.1, Split(0, _LOW, 0.2, 0.3)),
        Split(0, _LOW, Split(1, _LOWER, 0.1, 0.2), Split(1, ~_LOWER, 0.3, 0.4)),
        Split(0, _LOW, 0.1, Split(0, np.array([True, True, False]), 0.2, 0.3)),
    ],
    ids=["a leaf", "one question", "two features", "both sides", "the same feature twice"],
)
def test_folded_tables_add_up_to_what_the_tree_says_in_every_bin(tree: Node) -> None:
    folded = fold([tree, tree], [3, 4])
    for first in range(3):
        for second in range(4):
            total = folded.alone[0][first] + folded.alone[1][second]
            total += folded.pairs[0, 1][first, second] if folded.pairs else 0.0
            assert total == pytest.approx(2 * _value(tree, (first, second)), abs=1e-12)


def test_changed_leaves_stay_where_they_are() -> None:
    tree = Split(0, _LOW, 0.1, Split(1, _LOWER, 0.2, 0.3))
    changed = with_leaves(tree, lambda leaf: 10 * leaf)
    for bins in ((0, 0), (1, 1), (2, 3)):
        assert _value(changed, bins) == pytest.approx(10 * _value(tree, bins))


def test_a_path_over_three_features_is_refused() -> None:
    side = np.array([True, False])
    tree = Split(0, side, 0.0, Split(1, side, 0.1, Split(2, side, 0.2, 0.3)))
    with pytest.raises(ModelError, match=r"depth two, found a path over the features \[0, 1, 2\]"):
        fold([tree], [2, 2, 2])
