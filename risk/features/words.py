"""The known words of text features, and how a source's text is matched to one of them.

White space around a text and its case do not matter: ``" Small_Business"`` is ``small_business``. A
text that matches none of the words is kept as it came. A model has a bin and a reason for such
texts, apart from those for missing values.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from risk.features.missing import is_missing
from risk.frame.memo import Memo

_PURPOSES = """
    car credit_card debt_consolidation educational home_improvement house major_purchase medical
    moving other renewable_energy small_business vacation wedding
"""

_STATES = """
    AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ
    NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY
"""

_GRADES = [f"{grade}{step}" for grade in "ABCDEFG" for step in ("", *"12345")]

WORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "purpose": frozenset(_PURPOSES.split()),
        "home_ownership": frozenset("ANY MORTGAGE NONE OTHER OWN RENT".split()),  # noqa: SIM905
        "state": frozenset(_STATES.split()),
        "lender_grade": frozenset(_GRADES),
    }
)
"""The words of each feature of the catalogue that is said in words."""

_MOST_REMEMBERED = 2_048


def _reading(words: Iterable[str]) -> Memo[str | None, str | None]:
    by_folded = {word.casefold(): word for word in words}

    def read(text: str | None) -> str | None:
        stripped = (text or "").strip()
        word = by_folded.get(stripped.casefold())
        # The home ownership NONE is a lender's word, looked up before the words for "missing".
        return word or (None if is_missing(stripped) else stripped)

    return Memo(read, _MOST_REMEMBERED)


_READINGS = {feature: _reading(words) for feature, words in WORDS.items()}


def words_of(feature: str) -> Memo[str | None, str | None]:
    """Return what reads a text as one of a feature's words.

    It gives the word, else the text without the white space around it; None where there is none,
    or a word for nothing.
    """
    return _READINGS[feature]


def is_unknown(feature: str, text: str | None) -> bool:
    """Tell whether a cleaned text is none of the feature's words; a missing text is not unknown.

    A feature that is not said in words knows every text.
    """
    return text is not None and feature in WORDS and text not in WORDS[feature]
