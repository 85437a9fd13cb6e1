from risk.frame.memo import memo


def test_a_function_is_asked_once_for_each_argument_until_there_are_too_many() -> None:
    asked: list[str] = []

    @memo(3)
    def length(text: str) -> int:
        """Count."""
        asked.append(text)
        return len(text)

    assert [*map(length.__getitem__, ["a", "bb", "a", "bb"])] == [1, 2, 1, 2]
    assert length("ccc") == 3
    assert asked == ["a", "bb", "ccc"]
    assert length("dddd") == 4
    assert [*length] == ["dddd"]
    assert length("a") == 1
    assert asked == ["a", "bb", "ccc", "dddd", "a"]
    assert length.__doc__ == "Count."
