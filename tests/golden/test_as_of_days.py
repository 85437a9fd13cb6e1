"""Twenty as-of days on real loans: the lake's figures against a recomputation from the raw file.

The recomputation reads the file's own strings, knows only the outcomes known by the day, and leaves
AUC, Brier and KS to scikit-learn and SciPy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp
from sklearn.metrics import brier_score_loss, roc_auc_score

from dataflows.outcomes import record_outcomes
from dataflows.sources.bounded import all_records
from dataflows.sources.urls import FileSource
from lakehouse.lake.filters import Grain
from lakehouse.lake.outcomes import OutcomeRecorder
from lakehouse.lake.session import Lake
from lakehouse.monitoring.performance import performance
from lakehouse.registry.artefacts import load_model, load_policy
from tests.lakehouse.history import DECIDED_AT, decide_events

OBSERVED_ON = date(2018, 12, 31)
DAYS = [date(2010 + half // 2, 6 * (half % 2) + 3, 28) for half in range(20)]
NAMES = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"


@dataclass(frozen=True)
class Books:
    """The file as it says it, a row a loan with a final status, and the PD of each."""

    issued: NDArray[np.int64]
    term: NDArray[np.int64]
    ended: NDArray[np.int64]
    defaulted: NDArray[np.bool_]
    is_final: NDArray[np.bool_]
    pd: NDArray[np.float64]


def month_of(text: Any) -> int | None:
    """Months since year 0 of "Dec-2011" or "Dec-11"."""
    if not isinstance(text, str):
        return None
    name, year = text.split("-")
    return (int(year) + (2000 if len(year) == 2 else 0)) * 12 + NAMES.split().index(name)


@pytest.fixture(scope="module")
def real(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lake, Books]]:
    path = shared_data / "loans_2007_2011h1.parquet"
    uri = str(tmp_path_factory.mktemp("real"))
    source = FileSource(str(path))
    decided = decide_events(uri, all_records(source), load_model(), load_policy("standard-1"))
    recorder, lake = OutcomeRecorder(uri), Lake(uri)
    record_outcomes(
        all_records(source),
        lambda offered: recorder.record(lake, offered),
        len,
        source=path.name,
        observed_on=OBSERVED_ON,
        recorded_at=DECIDED_AT,
    )
    lake.refresh()
    pd_of = dict(zip(decided["application_id"].tolist(), decided["pd"].tolist(), strict=True))
    names = ["id", "issue_d", "term", "loan_status", "last_pymnt_d"]
    rows = [
        row for row in pq.read_table(path, columns=names).to_pylist() if str(row["id"]) in pd_of
    ]
    yield lake, books_of(rows, pd_of)
    lake.close()


def books_of(rows: list[dict[str, Any]], pd_of: dict[str, float]) -> Books:
    loans = []
    for row in rows:
        issued = month_of(row["issue_d"])
        assert issued is not None
        defaulted = row["loan_status"].endswith("Charged Off")
        paid = month_of(row["last_pymnt_d"])
        ended = (paid or issued) + 5 if defaulted else (paid or OBSERVED_ON.year * 12 + 11)
        loans.append(
            (
                issued,
                int(row["term"].split()[0]),
                min(ended, OBSERVED_ON.year * 12 + OBSERVED_ON.month - 1),
                defaulted,
                row["loan_status"].endswith(("Charged Off", "Fully Paid")),
                pd_of[str(row["id"])],
            )
        )
    return Books(*(np.array(column) for column in zip(*loans, strict=True)))


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_the_lakes_figures_are_those_of_what_was_known_on_the_day(
    real: tuple[Lake, Books], day: date
) -> None:
    lake, books = real
    found = performance(lake, as_of=day, term_months=36, grain=Grain.QUARTER)
    # A month is over on its last day, which the 28th is not.
    month = day.year * 12 + day.month - 1
    is_issued = (books.issued <= month) & (books.term == 36)
    is_known = is_issued & books.is_final & (books.ended < month)
    is_judged = np.zeros(len(books.pd), dtype=bool)
    quarters = books.issued // 3
    for quarter in np.unique(quarters[is_issued]):
        within = is_issued & (quarters == quarter)
        is_over = quarter * 3 + 2 + 36 <= month
        if is_over and (is_known & within).sum() >= 0.85 * within.sum():
            is_judged |= within
    pd, defaulted = (column[is_judged & is_known] for column in (books.pd, books.defaulted))
    assert (found.judged.loans, found.judged.defaults) == (len(pd), defaulted.sum())
    assert sum(found.left_out.values()) == (is_issued & ~is_judged).sum()
    if min(defaulted.sum(), (~defaulted).sum()) < 30:
        assert "not enough data" in found.judged.too_few
        return
    assert found.judged.auc is not None
    assert found.judged.auc.value == pytest.approx(roc_auc_score(defaulted, pd), abs=1e-9)
    assert found.judged.brier == pytest.approx(brier_score_loss(defaulted, pd), abs=1e-9)
    separation = ks_2samp(pd[defaulted], pd[~defaulted]).statistic
    assert found.judged.ks_separation == pytest.approx(separation, abs=1e-9)
    reach = 1.959963984540054 * np.sqrt(delong_variance(pd[defaulted], pd[~defaulted]))
    assert found.judged.auc.high - found.judged.auc.value == pytest.approx(reach, abs=1e-9)


def delong_variance(bads: NDArray[np.float64], goods: NDArray[np.float64]) -> float:
    """DeLong's variance from its definition, in another order than the product's."""
    goods = np.sort(goods)
    beaten = (
        np.searchsorted(goods, bads, side="left") + np.searchsorted(goods, bads, side="right")
    ) / (2 * len(goods))
    bads = np.sort(bads)
    lost_to = 1 - (
        np.searchsorted(bads, goods, side="left") + np.searchsorted(bads, goods, side="right")
    ) / (2 * len(bads))
    return float(beaten.var(ddof=1) / len(bads) + lost_to.var(ddof=1) / len(goods))


def test_estimates_are_graded_by_the_vintages_that_have_matured(real: tuple[Lake, Books]) -> None:
    lake, _ = real
    assert performance(lake, as_of=DAYS[7]).judged.auc is not None
    last = performance(lake, as_of=OBSERVED_ON)
    assert last.grade.vintages >= 10
    assert last.grade.is_reliable or "unreliable: its band held the AUC in" in last.grade.verdict
    assert all(each.expected is not None for each in last.vintages)
