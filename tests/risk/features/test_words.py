import pytest

from lakehouse.silver.reference_tables import shipped
from risk.features.catalogue import CATALOGUE
from risk.features.words import WORDS, is_unknown, words_of


def test_the_words_are_those_of_features_and_of_the_shipped_reference_tables() -> None:
    assert all(CATALOGUE[feature].kind == "text" for feature in WORDS)
    assert WORDS["purpose"] == set(shipped().group_by_purpose)
    assert WORDS["state"] == set(shipped().region_by_state)


@pytest.mark.parametrize("feature", sorted(WORDS))
def test_every_word_is_read_as_itself_however_it_is_written(feature: str) -> None:
    read = words_of(feature)
    for word in WORDS[feature]:
        assert read(word) == read(f" {word.lower()}") == read(f"{word.upper()}\t") == word
        assert not is_unknown(feature, word)


def test_a_text_that_is_no_word_is_unknown_and_a_missing_one_is_not() -> None:
    assert is_unknown("purpose", words_of("purpose")(" Boat "))
    assert words_of("purpose")(" Boat ") == "Boat"
    assert words_of("purpose")("  ") is None
    assert not is_unknown("purpose", None)
    assert not is_unknown("zip3", "921")
