"""The words that pandas, R, Spark, Excel and SQL write for a missing value."""

from typing import Final

MISSING_WORDS: Final = frozenset(
    {"", "na", "n/a", "nan", "<na>", "nat", "null", "none", "nil", "\\n", "-", "--", ".", "#n/a"}
)
"""In lower case; none of them is a number, a state, or another value that a lender writes."""

_LONGEST: Final = max(map(len, MISSING_WORDS))


def is_missing(text: str) -> bool:
    """Say whether a text is blank, or a word for nothing in any case."""
    if len(text) > _LONGEST:
        text = text.strip()
    return len(text) <= _LONGEST and text.strip().lower() in MISSING_WORDS
