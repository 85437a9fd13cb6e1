"""Each question of the lake on a small one whose answers can be counted by hand."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.lake import lineage, monitoring, portfolio, quality, vintages
from lakehouse.lake.filters import ALL, Filters, Grain
from lakehouse.lake.session import Lake
from lakehouse.monitoring import limits
from tests.lakehouse.gold_cases import refused_rows
from tests.lakehouse.history import append, decide_rows, end, record
from tests.lakehouse.lake.functions import functions_of

SQL = Path(portfolio.__file__).parents[1] / "sql" / "lake"
MODULES: dict[str, ModuleType] = {
    "limits": limits,
    "lineage": lineage,
    "monitoring": monitoring,
    "portfolio": portfolio,
    "quality": quality,
    "vintages": vintages,
}
JANUARY, FEBRUARY = date(2018, 1, 10), date(2018, 2, 10)
KEPT = {"term_months": 36.0, "fico": 700.0}
WATCHED = {"tier": "Watchlist", "reasons": "DTI>=30|UTIL", "model_reasons": "FICO_LOW"}
ROWS: tuple[dict[str, Any], ...] = (
    {**KEPT, "applied_on": JANUARY, "pd": 0.05, "amount_usd": 1_000.0, "purpose": "car"},
    {**KEPT, "applied_on": JANUARY, "pd": 0.30, "amount_usd": 2_000.0, **WATCHED},
    {"applied_on": JANUARY, "pd": 0.05, "amount_usd": 3_000.0, "term_months": 60.0, "fico": 650.0},
    {**KEPT, "applied_on": FEBRUARY, "pd": 0.20, "points": 600.0, **WATCHED, "fico": None},
    {**KEPT, "applied_on": FEBRUARY, "issues": "dti_pct:out_of_range|state:unknown"},
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    uri = str(tmp_path_factory.mktemp("questions"))
    decide_rows(uri, *ROWS)
    append(uri, "quarantine", refused_rows([90, 91, 92], code="empty"))
    record(
        uri,
        end("e0", defaulted=False, ended_on=date(2018, 12, 31)),
        end("e1", defaulted=True, ended_on=date(2018, 6, 30), recovered_usd=100.0),
        end("e2", defaulted=True, ended_on=date(2019, 2, 28)),
    )
    session = Lake(uri)
    yield session
    session.close()


def rows(answer: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    return list(zip(*(answer.column(name).to_pylist() for name in names), strict=True))


def first_of(month: int) -> date:
    return date(2018, month, 1)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_each_file_is_asked_by_the_function_of_its_name(name: str) -> None:
    asked = {path.stem for path in (SQL / name).glob("*.sql")}
    assert asked
    assert asked <= functions_of(MODULES[name])


def test_the_book_is_summed_up_by_period(lake: Lake) -> None:
    found = portfolio.by_period(lake)
    names = ("period", "decisions", "watchlisted", "amount_usd")
    assert rows(found, *names) == [(first_of(1), 3, 1, 6_000.0), (first_of(2), 2, 1, 24_000.0)]
    assert found.column("expected_usd").to_pylist()[0] == pytest.approx(50 + 600 + 150)
    assert portfolio.by_period(lake, grain=Grain.YEAR).num_rows == 1


def test_tiers_are_shares_of_their_period(lake: Lake) -> None:
    found = portfolio.tiers_by_period(lake)
    assert rows(found, "tier", "decisions") == [
        ("Watchlist", 1),
        ("Low", 2),
        ("Watchlist", 1),
        ("Low", 1),
    ]
    assert found.column("share").to_pylist() == pytest.approx([1 / 3, 2 / 3, 1 / 2, 1 / 2])


def test_every_group_says_how_many_it_has(lake: Lake) -> None:
    found = portfolio.groups(lake, by="term")
    assert rows(found, "value", "decisions") == [("36", 4), ("60", 1)]
    assert rows(portfolio.groups(lake, by="purpose"), "value", "decisions") == [
        (None, 4),
        ("car", 1),
    ]


def test_the_watchlist_is_sorted_and_cut_but_counted_whole(lake: Lake) -> None:
    found = portfolio.watchlist(lake, sorted_by="pd", limit=1)
    assert rows(found, "application_id", "rows_in_all") == [("e1", 2)]
    assert rows(portfolio.watchlist(lake, sorted_by="pd", first=1), "application_id") == [("e3",)]
    rising = portfolio.watchlist(lake, sorted_by="pd", is_falling=False)
    assert rows(rising, "application_id") == [("e3",), ("e1",)]


def test_reasons_are_counted_one_by_one(lake: Lake) -> None:
    found = portfolio.reasons(lake)
    assert rows(found, "kind", "code", "decisions", "share") == [
        ("policy", "DTI>=30", 2, 0.4),
        ("policy", "UTIL", 2, 0.4),
        ("model", "FICO_LOW", 2, 0.4),
    ]


def test_scores_and_pds_are_spread_over_bands(lake: Lake) -> None:
    found = portfolio.score_bands(lake, width=50)
    assert rows(found, "from_points", "to_points", "decisions") == [(600.0, 650.0, 5)]
    found = portfolio.pd_bands(lake, width=0.1)
    assert found.column("decisions").to_pylist() == [2, 1, 2]
    assert found.column("from_pd").to_pylist() == pytest.approx([0.0, 0.1, 0.2])


def test_an_application_is_found_with_all_columns(lake: Lake) -> None:
    assert portfolio.decisions_on(lake, "e3").to_pylist()[0]["tier"] == "Watchlist"
    assert portfolio.decisions_on(lake, "nobody").num_rows == 0


def test_missing_values_are_counted_by_field_and_period(lake: Lake) -> None:
    found = quality.nulls_by_field(lake)
    fico = [row for row in found.to_pylist() if row["field"] == "fico"]
    assert [(row["missing"], row["share"]) for row in fico] == [(0, 0.0), (2 - 1, 0.5)]
    assert "public_records" in found.column("field").to_pylist()


def test_what_cleaning_noticed_is_a_share_of_the_period(lake: Lake) -> None:
    assert rows(quality.issues_by_field(lake), "period", "field", "issue", "share") == [
        (first_of(2), "dti_pct", "out_of_range", 0.5),
        (first_of(2), "state", "unknown", 0.5),
    ]


def test_refused_events_are_counted_and_listed(lake: Lake) -> None:
    assert rows(quality.quarantine_by_period(lake), "code", "events") == [("empty", 3)]
    found = quality.quarantined(lake, codes=["empty"], limit=2)
    assert rows(found, "off", "rows_in_all") == [(90, 3), (91, 3)]
    assert quality.quarantined(lake, codes=["other"]).num_rows == 0


def test_freshness_names_the_tables_that_hold_rows(lake: Lake) -> None:
    assert rows(quality.freshness(lake), "table_name", "rows_held") == [
        ("decisions", 5),
        ("quarantine", 3),
        ("outcome_records", 3),
    ]


def test_a_figure_leads_to_its_decisions_and_their_versions(lake: Lake) -> None:
    watched = Filters(tiers=("Watchlist",))
    behind = lineage.decisions_behind(lake, watched)
    assert rows(behind, "event_id", "off", "rows_in_all") == [("e1", 1, 2), ("e3", 3, 2)]
    origins = lineage.origins(lake, watched)
    assert rows(origins, "model_version", "decisions", "first_off", "last_off") == [
        ("scorecard-1", 2, 1, 3)
    ]
    assert lake.versions() == {"decisions": 1, "quarantine": 1, "outcome_records": 1}


def test_values_are_counted_in_the_references_bins(lake: Lake) -> None:
    edges = {"fico": [650.0, 675.0, 690.0], "no_such": [1.0], "points": [], "pd": [0.1]}
    found = monitoring.bin_counts(lake, edges)
    assert found.periods == [first_of(1), first_of(2)]
    assert found.counts["fico"].tolist() == [[1, 0, 0, 2, 0], [0, 0, 0, 1, 1]]
    assert found.counts["no_such"].tolist() == [[0, 0, 3], [0, 0, 2]]
    assert found.counts["points"].tolist() == [[3, 0], [2, 0]]
    assert found.counts["pd"].tolist()[0] == [2, 1, 0]


def test_texts_are_counted_with_the_missing_ones(lake: Lake) -> None:
    found = monitoring.text_counts(lake, "purpose", grain=Grain.YEAR)
    assert sorted(rows(found, "decisions")) == [(1,), (4,)]


def test_the_scores_moments_are_means_of_the_period(lake: Lake) -> None:
    found = monitoring.score_moments(lake).to_pylist()[0]
    assert found["mean_pd"] == pytest.approx(0.4 / 3)
    assert found["pd_spread"] == pytest.approx((2 * 0.05 * 0.95 + 0.3 * 0.7) / 3)


def test_a_vintage_is_counted_by_months_on_book(lake: Lake) -> None:
    found = vintages.curve_counts(lake, as_of=date(2018, 8, 31), grain=Grain.MONTH)
    january = [row for row in found.to_pylist() if row["vintage"] == first_of(1)]
    assert [row["loans_reaching"] for row in january] == [3] * 8
    assert [row["defaults"] for row in january] == [0, 0, 0, 0, 0, 1, 0, 0]
    assert sum(row["recovered_usd"] for row in january) == 100.0


def test_only_what_was_known_on_the_day_counts(lake: Lake) -> None:
    names = ("vintage", "term_months", "loans", "known", "defaults", "has_run_out")
    assert rows(vintages.maturity(lake, as_of=date(2018, 8, 31)), *names) == [
        (first_of(1), 36, 2, 1, 1, False),
        (first_of(1), 60, 1, 0, 0, False),
        (first_of(2), 36, 2, 0, 0, False),
    ]
    later = vintages.maturity(lake, as_of=date(2021, 1, 31))
    assert rows(later, *names)[0] == (first_of(1), 36, 2, 2, 1, True)
    early = vintages.maturity(lake, as_of=date(2018, 1, 31))
    assert rows(early, *names)[0] == (first_of(1), 36, 2, 0, 0, False)
    assert early.num_rows == 2


def test_loans_of_one_pd_are_counted_together(lake: Lake) -> None:
    found = vintages.scored_outcomes(lake, as_of=date(2019, 1, 31))
    names = ("term_months", "pd", "loans", "known", "defaults")
    assert rows(found, *names)[:3] == [
        (36, 0.05, 1, 1, 0),
        (36, 0.3, 1, 1, 1),
        (60, 0.05, 1, 0, 0),
    ]


def test_what_was_observed_by_the_day_counts_before_what_is_dated_back(tmp_path: Path) -> None:
    record(
        str(tmp_path),
        end("a", defaulted=False, ended_on=date(2015, 5, 31), observed_on=date(2015, 6, 30)),
        end("a", defaulted=True, ended_on=date(2015, 8, 31), observed_on=date(2019, 3, 31)),
    )
    lake = Lake(str(tmp_path))
    question = "select defaulted from outcomes_by($day)"
    known = {
        day: lake.query(question, {"day": date.fromisoformat(day)}).column(0).to_pylist()
        for day in ("2015-05-30", "2015-06-30", "2018-01-01", "2019-03-31")
    }
    lake.close()
    assert list(known.values()) == [[], [False], [False], [True]]


def test_an_application_that_was_decided_again_is_one_loan(tmp_path: Path) -> None:
    decide_rows(
        str(tmp_path),
        {"event_id": "a", "application_id": "a", "pd": 0.1},
        {"event_id": "a-again", "application_id": "a", "pd": 0.2},
        {"event_id": "b-1", "application_id": "b", "pd": 0.3},
        {"event_id": "b-2", "application_id": "b", "pd": 0.4},
    )
    lake = Lake(str(tmp_path))
    found = lake.query("select pd from loans($filters) order by pd", {"filters": ALL.parameters()})
    lake.close()
    assert found.column("pd").to_pylist() == [0.1, 0.3]


def test_an_empty_lake_has_an_answer_to_everything(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "none"))
    as_of = date(2019, 3, 31)
    answers = (
        portfolio.by_period(lake),
        portfolio.tiers_by_period(lake),
        portfolio.groups(lake, by="state"),
        portfolio.watchlist(lake),
        portfolio.reasons(lake),
        portfolio.score_bands(lake),
        portfolio.pd_bands(lake),
        quality.nulls_by_field(lake),
        quality.issues_by_field(lake),
        quality.freshness(lake),
        vintages.curve_counts(lake, as_of=as_of),
        vintages.maturity(lake, as_of=as_of),
        vintages.scored_outcomes(lake, as_of=as_of),
        lineage.origins(lake, ALL),
        monitoring.score_moments(lake),
    )
    lake.close()
    assert [answer.num_rows for answer in answers] == [0] * len(answers)
