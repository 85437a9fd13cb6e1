"""Place labels beside dots so that none covers another: greedy, in pixels, nearest places first."""

from collections.abc import Sequence
from typing import Final

Spot = tuple[float, float, str]
_LETTER: Final = 6.2
_LINE: Final = 13.0
_GAP: Final = 10.0

_PLACES: Final = (
    (_GAP, 0.0, "left"),
    (-_GAP, 0.0, "right"),
    (0.0, 15.0, "center"),
    (0.0, -15.0, "center"),
    (_GAP, 13.0, "left"),
    (_GAP, -13.0, "left"),
    (-_GAP, 13.0, "right"),
    (-_GAP, -13.0, "right"),
    (0.0, 28.0, "center"),
    (0.0, -28.0, "center"),
)


def placed(
    spots: Sequence[Spot], *, width: float, height: float, lines: Sequence[float] = ()
) -> list[tuple[float, float, str]]:
    """Return for each dot (x, y from the top, text) where its text goes: shifts and anchor.

    `lines` are vertical lines that no text may cross.
    """
    taken = [(x - 6, y - 6, x + 6, y + 6) for x, y, _ in spots]
    taken += [(x - 1, 0.0, x + 1, height) for x in lines]
    found: list[tuple[float, float, str]] = []
    for x, y, text in spots:
        best = _PLACES[0]
        for place in _PLACES:
            box = _box(x, y, text, place)
            is_inside = box[0] >= 0 and box[2] <= width and box[1] >= 0 and box[3] <= height
            if is_inside and not any(_overlap(box, other) for other in taken):
                best = place
                break
        taken.append(_box(x, y, text, best))
        found.append(best)
    return found


def _box(
    x: float, y: float, text: str, place: tuple[float, float, str]
) -> tuple[float, float, float, float]:
    move_x, move_y, anchor = place
    long = len(text) * _LETTER
    left = x + move_x - {"left": 0.0, "right": long, "center": long / 2}[anchor]
    top = y - move_y - _LINE / 2
    return left, top, left + long, top + _LINE


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
