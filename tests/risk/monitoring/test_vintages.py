import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.errors import ContractError
from risk.monitoring.vintages import curve


def test_each_months_defaults_are_set_against_the_loans_that_reached_it() -> None:
    found = curve([100, 100, 50], [0, 10, 10])
    assert [each.cumulative for each in found] == pytest.approx([0.0, 0.1, 0.3])
    assert [each.is_complete for each in found] == [True, True, False]
    assert [each.months_on_book for each in found] == [0, 1, 2]


def test_a_vintage_without_months_has_no_curve() -> None:
    assert curve([], []) == []


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=40))
def test_a_curve_only_ever_rises(months: list[tuple[int, int]]) -> None:
    reaching = sorted((loans for loans, _ in months), reverse=True)
    lost = [min(loans, defaults) for loans, (_, defaults) in zip(reaching, months, strict=True)]
    cumulative = [each.cumulative for each in curve(reaching, lost)]
    assert cumulative == sorted(cumulative)


@pytest.mark.parametrize(
    ("reaching", "defaults", "says"),
    [
        ([10, 5], [0], "found 1 months of defaults"),
        ([10, 0], [0, 0], "loans and no more defaults"),
        ([10], [11], "loans and no more defaults"),
        ([5, 10], [0, 0], "a later month than an earlier"),
    ],
)
def test_counts_that_are_no_vintage_are_refused(
    reaching: list[int], defaults: list[int], says: str
) -> None:
    with pytest.raises(ContractError, match=says):
        curve(reaching, defaults)
