"""Turn fitted trees into tables: fold the bags into one, join bins that no tree splits."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from risk.fitting.binning import Coder, GroupCoder
from risk.fitting.sklearn_adapter import Bag
from risk.fitting.tree_folding import Folded, Node, fold, with_leaves
from risk.models.boosting_document import Coding, Intervals, Pair, Texts

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Codes: TypeAlias = NDArray[np.int64]


def fold_bags(
    bags: Sequence[Bag], rounds: int, sizes: Sequence[int], factor: float | None = None
) -> Folded:
    """Return the mean of the bags as tables of log-odds, less the bags' base.

    With a factor, each leaf is multiplied by it and rounded to a whole number. Rounding leaves
    keeps their order, and so each tree as monotone as it was; rounding the tables would not.
    """

    def change(leaf: float) -> float:
        share = leaf / len(bags)
        return share if factor is None else float(round(share * factor))

    trees: list[Node] = [tree for bag in bags for tree in bag.trees(rounds)]
    return fold((with_leaves(tree, change) for tree in trees), sizes)


def tables(
    folded: Folded, coders: Sequence[Coder], codes: Codes, defaulted: Flags
) -> tuple[tuple[Coding, ...], tuple[Pair, ...]]:
    """Return the tables: bins that no tree tells apart become one, idle features none."""
    kept = {place: _first_of_each_bin(folded, place, coder) for place, coder in enumerate(coders)}
    telling = [
        place
        for place, coder in enumerate(coders)
        if folded.alone[place].any() or any(place in pair for pair in folded.pairs)
    ]
    codings = tuple(
        _coding(coders[place], folded.alone[place], kept[place], codes[place], defaulted)
        for place in telling
    )
    pairs = tuple(
        Pair(
            features=(coders[first].candidate.feature, coders[second].candidate.feature),
            effects=tuple(
                map(tuple, table[np.ix_(kept[first], kept[second])].astype(np.int64).tolist())
            ),
        )
        for (first, second), table in sorted(folded.pairs.items())
    )
    return codings, pairs


def _first_of_each_bin(folded: Folded, place: int, coder: Coder) -> Codes:
    """Return where another bin begins than the one before; texts and neutral bins all stand."""
    size = coder.known + coder.neutral
    if isinstance(coder, GroupCoder):
        return np.arange(size)
    found = [folded.alone[place][:, None]]
    found += [
        table if pair[0] == place else table.T
        for pair, table in folded.pairs.items()
        if place in pair
    ]
    differs = (np.diff(np.hstack(found), axis=0) != 0.0).sum(axis=1).tolist()
    return np.array(
        [0, *(bin_ for bin_ in range(1, size) if bin_ >= coder.known or differs[bin_ - 1])]
    )


def _coding(coder: Coder, effects: Floats, kept: Codes, codes: Codes, defaulted: Flags) -> Coding:
    merged = kept.searchsorted(codes, side="right") - 1
    counts, defaults = (
        tuple(np.bincount(each, minlength=len(kept)).tolist())
        for each in (merged, merged[defaulted])
    )
    feature = coder.candidate.feature
    whole = tuple(effects[kept].astype(np.int64).tolist())
    if isinstance(coder, GroupCoder):
        return Texts(
            feature=feature,
            effects=whole,
            loans=counts,
            defaults=defaults,
            values=coder.values,
        )
    return Intervals(
        feature=feature,
        effects=whole,
        loans=counts,
        defaults=defaults,
        direction="rises" if coder.candidate.direction == "rises" else "falls",
        limits=tuple(coder.limits[kept[1:-1] - 1].tolist()),
    )
