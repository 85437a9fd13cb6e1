from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, roc_auc_score

from risk.contract.application import Tier
from risk.errors import ContractError
from risk.frame.frame import Frame
from risk.monitoring.backtest import LGD, Backtest, Swapped, SwapSet, backtest, swap_set, wilson

_TIERS = [tier.value for tier in Tier]


def _decided(tier: list[str], pd: list[float], amount_usd: list[float]) -> Frame:
    return {
        "event_id": np.array([f"e{row}" for row in range(len(tier))], dtype=object),
        "tier": np.array(tier, dtype=object),
        "pd": np.array(pd),
        "amount_usd": np.array(amount_usd),
    }


def _flags(text: str) -> Any:
    return np.array([letter == "x" for letter in text], dtype=np.bool_)


_SIX = _decided(
    ["Low", "Low", "Elevated", "Elevated", "Watchlist", "Watchlist"],
    [0.05, 0.10, 0.15, 0.20, 0.40, 0.30],
    [1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
)
_DEFAULTED, _KNOWN = _flags("..x.xx"), _flags("xxxxx.")


def _six(**changes: Any) -> Backtest:
    return backtest(_SIX, **{"defaulted": _DEFAULTED, "known": _KNOWN, "lgd": 0.5} | changes)


def test_every_tier_has_its_numbers_rates_and_losses() -> None:
    found = _six()
    watchlist = found.tiers["Watchlist"]
    assert list(found.tiers) == _TIERS
    assert (watchlist.applications, watchlist.resolved, watchlist.defaults) == (2, 1, 1)
    assert watchlist.share == found.watchlist_share == pytest.approx(1 / 3)
    assert watchlist.default_rate == wilson(1, 1)
    assert watchlist.mean_pd == pytest.approx(0.4)
    assert watchlist.expected_loss_usd == pytest.approx(0.5 * (0.4 * 5_000 + 0.3 * 6_000))
    assert watchlist.defaulted_usd == 5_000
    assert found.tiers["Elevated"].default_rate == wilson(1, 2)
    assert found.tiers["Elevated"].defaulted_usd == 3_000


def test_the_whole_is_the_sum_of_its_tiers_and_lift_compares_the_watchlist_with_it() -> None:
    found = _six()
    tiers = found.tiers.values()
    for name in ("applications", "resolved", "defaults", "expected_loss_usd", "defaulted_usd"):
        total = sum(getattr(tier, name) for tier in tiers)
        assert getattr(found.overall, name) == pytest.approx(total)
    assert found.overall.default_rate is not None
    assert found.overall.default_rate.value == pytest.approx(2 / 5)
    assert found.lift == pytest.approx(1.0 / (2 / 5))


def test_an_outcome_that_is_not_known_counts_nowhere() -> None:
    other = _DEFAULTED ^ ~_KNOWN
    assert (other != _DEFAULTED).any()
    assert _six(defaulted=other) == _six()


def test_pds_are_judged_on_known_outcomes() -> None:
    found = _six()
    pd, outcome = _SIX["pd"][_KNOWN], _DEFAULTED[_KNOWN]
    assert found.auc is not None
    assert found.auc.value == pytest.approx(roc_auc_score(outcome, pd))
    assert found.brier == pytest.approx(brier_score_loss(outcome, pd))
    # Of the defaults both, of the others one in three have a PD of 0.15 or more.
    assert found.ks_separation == pytest.approx(2 / 3)


@pytest.mark.parametrize("defaulted", ["......", "xxxxxx"], ids=["none defaulted", "all did"])
def test_without_two_outcomes_nothing_is_said_of_how_pds_rank(defaulted: str) -> None:
    found = _six(defaulted=_flags(defaulted))
    assert (found.auc, found.ks_separation) == (None, None)
    assert found.brier is not None
    assert found.lift == (None if defaulted == "......" else 1.0)


def test_before_any_outcome_is_known_there_are_numbers_and_expected_losses_alone() -> None:
    found = _six(known=_flags("......"))
    assert (found.overall.default_rate, found.overall.mean_pd, found.brier) == (None, None, None)
    assert (found.lift, found.auc, found.overall.defaulted_usd) == (None, None, 0.0)
    assert found.overall.expected_loss_usd == _six().overall.expected_loss_usd > 0.0


def test_no_applications_are_no_figures() -> None:
    nothing = np.zeros(0, dtype=np.bool_)
    found = backtest(_decided([], [], []), defaulted=nothing, known=nothing)
    assert (found.overall.applications, found.watchlist_share, found.lgd) == (0, 0.0, LGD)


_SECOND = _decided(
    ["Low", "Watchlist", "Elevated", "Watchlist", "Watchlist", "Low"],
    [0.04, 0.45, 0.10, 0.30, 0.50, 0.02],
    [1_000, 2_000, 3_000, 4_000, 5_000, 6_000],
)


def _swaps() -> SwapSet:
    return swap_set(_SIX, _SECOND, defaulted=_DEFAULTED, known=_KNOWN, lgd=0.5)


def test_a_swap_set_has_a_cell_for_every_two_tiers() -> None:
    cells = {(cell.before, cell.after): cell.swapped for cell in _swaps().cells}
    assert list(cells) == [(before, after) for before in _TIERS for after in _TIERS]
    assert sum(cell.figures.applications for cell in cells.values()) == 6
    assert cells["Elevated", "Watchlist"].figures.applications == 1
    assert cells["Watchlist", "Elevated"].figures.default_rate is None
    kept = cells["Watchlist", "Watchlist"]
    assert kept.figures.default_rate == wilson(1, 1)
    assert kept.figures.expected_loss_usd == pytest.approx(0.5 * 0.50 * 5_000)
    assert kept.expected_loss_before_usd == pytest.approx(0.5 * 0.40 * 5_000)


def test_swapped_in_is_new_on_the_watchlist_and_swapped_out_is_no_longer() -> None:
    def loss(swapped: Swapped) -> tuple[float, float]:
        return swapped.expected_loss_before_usd, swapped.figures.expected_loss_usd

    swaps = _swaps()
    assert (swaps.swapped_in.figures.applications, swaps.swapped_in.figures.resolved) == (2, 2)
    assert loss(swaps.swapped_in) == pytest.approx(
        (0.5 * (0.10 * 2_000 + 0.20 * 4_000), 0.5 * (0.45 * 2_000 + 0.30 * 4_000))
    )
    assert (swaps.swapped_out.figures.applications, swaps.swapped_out.figures.resolved) == (1, 0)
    assert loss(swaps.swapped_out) == pytest.approx((0.5 * 0.30 * 6_000, 0.5 * 0.02 * 6_000))


def test_a_version_swaps_nothing_with_itself() -> None:
    swaps = swap_set(_SIX, _SIX, defaulted=_DEFAULTED, known=_KNOWN)
    assert swaps.swapped_in.figures.applications == swaps.swapped_out.figures.applications == 0
    moved = [c.swapped.figures.applications for c in swaps.cells if c.before != c.after]
    assert moved == [0] * 6


def test_two_versions_are_compared_on_the_same_applications_only() -> None:
    other = _SECOND | {"event_id": _SECOND["event_id"][::-1]}
    with pytest.raises(ContractError, match="same applications in the same order"):
        swap_set(_SIX, other, defaulted=_DEFAULTED, known=_KNOWN)


def test_a_backtest_is_json_without_help() -> None:
    for figures in (_six(), _swaps()):
        assert msgspec.json.decode(msgspec.json.encode(figures), type=type(figures)) == figures


@given(st.integers(1, 5_000), st.data(), st.sampled_from([0.9, 0.95, 0.99]))
def test_an_interval_is_that_of_an_independent_implementation(
    trials: int, data: st.DataObject, confidence: float
) -> None:
    hits = data.draw(st.integers(0, trials))
    theirs = binomtest(hits, trials).proportion_ci(confidence, method="wilson")
    ours = wilson(hits, trials, confidence=confidence)
    assert ours.value == hits / trials
    assert ours.low == pytest.approx(theirs.low, abs=1e-12)
    assert ours.high == pytest.approx(theirs.high, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"defaulted": _flags("x")}, "one for each of 6 decisions, found 1 and 6"),
        ({"known": _flags("x")}, "one for each of 6 decisions, found 6 and 1"),
        ({"lgd": 1.01}, "from 0 to 1, found 1.01"),
        ({"lgd": np.nan}, "from 0 to 1, found nan"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        _six(**changes)


@pytest.mark.parametrize(("file", "loss"), [("loans_2007_2011h1", 0.60), ("loans_raw_151", 0.68)])
def test_the_assumed_loss_given_default_lies_between_those_of_real_loans(
    shared_data: Path, file: str, loss: float
) -> None:
    """The share of the amount neither repaid nor recovered, over the loans charged off."""
    columns = ["funded_amnt", "total_rec_prncp", "recoveries", "collection_recovery_fee"]
    loans = pq.read_table(shared_data / f"{file}.parquet", columns=["loan_status", *columns])
    is_lost = np.array(loans["loan_status"].to_pylist()) == "Charged Off"
    lent, repaid, recovered, fees = (
        float(np.array(loans[name].to_pylist(), dtype=np.float64)[is_lost].sum())
        for name in columns
    )
    assert (lent - repaid - recovered + fees) / lent == pytest.approx(loss, abs=0.005)
    assert 0.60 < LGD < 0.68
