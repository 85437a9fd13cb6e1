import pytest

from risk.errors import ContractError
from risk.monitoring.cutoffs import Assumptions, Counts, book, simulate

CELLS = [
    (True, True, Counts(60, 50, 5, 600.0, 60.0)),
    (True, False, Counts(20, 10, 4, 200.0, 60.0)),
    (False, True, Counts(10, 0, 0, 100.0, 10.0)),
]


def test_each_book_is_the_sum_of_what_it_approves() -> None:
    found = simulate(CELLS, Assumptions(lgd=0.5, margin=0.1))
    assert (found.today.loans, found.then.loans) == (80, 70)
    assert (found.swapped_in.loans, found.swapped_out.loans) == (10, 20)
    assert (found.loans, found.approved_by_both.loans, found.refused_by_both.loans) == (90, 60, 0)
    assert found.today.share == pytest.approx(80 / 90)
    assert found.today.default_rate is not None
    assert found.today.default_rate.value == pytest.approx(9 / 60)
    assert found.swapped_in.default_rate is None
    assert found.then.expected_loss_usd == pytest.approx(35.0)
    assert found.then.expected_profit_usd == pytest.approx(0.1 * (700 - 70) - 35.0)


def test_no_loans_have_no_share() -> None:
    assert simulate([]).then.share == 0.0
    assert book(Counts(), of_loans=0).default_rate is None


@pytest.mark.parametrize("but", [{"lgd": 1.1}, {"margin": -0.1}, {"lgd": float("nan")}])
def test_assumptions_that_are_no_shares_are_refused(but: dict[str, float]) -> None:
    with pytest.raises(ContractError, match="shares from 0 to 1"):
        Assumptions(**but)
