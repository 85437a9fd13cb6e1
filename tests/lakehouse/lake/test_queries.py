from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lakehouse.arrow_schemas import DECISIONS
from lakehouse.lake import queries
from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import a_gold_writer, decided_rows, refused_rows
from tests.lakehouse.lake.functions import functions_of
from tests.lakehouse.silver_cases import DECIDED_AT, TOPIC

SQL = Path(queries.__file__).parents[1] / "sql" / "lake"


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Two low, one elevated, three watchlisted a second apart; three refused."""
    decisions = a_gold_writer(str(tmp_path), "decisions")
    decisions.append(TOPIC, 0, 2, decided_rows([0, 1], pd=0.05, amount_usd=1_000.0))
    decisions.append(TOPIC, 0, 3, decided_rows([2], tier="Elevated", pd=0.1))
    for off in (3, 4, 5):
        decided_at = DECIDED_AT + timedelta(seconds=off)
        rows = decided_rows(
            [off], tier="Watchlist", pd=off / 10, reasons="DTI>=30", decided_at=decided_at
        )
        decisions.append(TOPIC, 0, off + 1, rows)
    decisions.flush()
    quarantine = a_gold_writer(str(tmp_path), "quarantine")
    quarantine.append(TOPIC, 0, 8, refused_rows([6, 7]))
    quarantine.append(TOPIC, 0, 9, refused_rows([8], code="empty"))
    quarantine.flush()
    session = Lake(str(tmp_path))
    yield session
    session.close()


def test_each_file_is_asked_by_the_function_of_its_name() -> None:
    assert {path.stem for path in SQL.glob("*.sql")} == functions_of(queries)


def test_tiers_come_with_count_share_and_mean_pd_the_riskiest_first(lake: Lake) -> None:
    rows = queries.tier_mix(lake).to_pylist()
    assert [(row["tier"], row["decisions"]) for row in rows] == [
        ("Watchlist", 3),
        ("Elevated", 1),
        ("Low", 2),
    ]
    assert [row["share"] for row in rows] == pytest.approx([3 / 6, 1 / 6, 2 / 6])
    assert [row["mean_pd"] for row in rows] == pytest.approx([0.4, 0.1, 0.05])
    assert rows[2]["amount_usd"] == 2_000.0


def test_models_come_with_what_they_said_champions_first(tmp_path: Path) -> None:
    decisions = a_gold_writer(str(tmp_path), "decisions")
    told = ['{"b-1":0.3,"c-1":null}', '{"b-1":0.5,"c-1":0.2}', None]
    for off, challengers in enumerate(told):
        rows = decided_rows([off], pd=0.1, model_version="a-1", challengers=challengers)
        decisions.append(TOPIC, 0, off + 1, rows)
    decisions.flush()
    lake = Lake(str(tmp_path))
    found = queries.scores_by_model(lake).to_pylist()
    lake.close()
    assert [(row["part"], row["model"], row["applications"]) for row in found] == [
        ("champion", "a-1", 3),
        ("challenger", "b-1", 2),
        ("challenger", "c-1", 1),
    ]
    assert [row["mean_pd"] for row in found] == pytest.approx([0.1, 0.4, 0.2])


def test_the_watchlist_begins_with_the_newest(lake: Lake) -> None:
    rows = queries.latest_watchlist(lake, limit=2).to_pylist()
    assert [(row["application_id"], row["pd"], row["reasons"]) for row in rows] == [
        ("e5", 0.5, "DTI>=30"),
        ("e4", 0.4, "DTI>=30"),
    ]


def test_refusals_are_counted_by_code_the_most_frequent_first(lake: Lake) -> None:
    rows = queries.quarantine_by_code(lake).to_pylist()
    assert [(row["stage"], row["code"], row["events"]) for row in rows] == [
        ("decode", "malformed_json", 2),
        ("decode", "empty", 1),
    ]


def test_the_ledger_sums_up_each_table_and_partition(lake: Lake) -> None:
    rows = queries.ledger(lake).to_pylist()
    assert [(row["table_name"], row["covered"], row["off_sum"]) for row in rows] == [
        ("decisions", 6, "15"),
        ("quarantine", 3, "21"),
    ]


def test_decided_offsets_are_spanned_by_partition(lake: Lake) -> None:
    assert queries.decided_spans(lake).to_pylist() == [
        {"topic": TOPIC, "part": 0, "first_off": 0, "last_off": 5}
    ]


def test_decisions_between_two_offsets_come_in_order_with_every_column(lake: Lake) -> None:
    rows = queries.decisions_between(lake, topic=TOPIC, part=0, first_off=2, last_off=4)
    assert rows.column_names == DECISIONS.names
    assert rows["event_id"].to_pylist() == ["e2", "e3", "e4"]
    other = queries.decisions_between(lake, topic=TOPIC, part=1, first_off=2, last_off=4)
    assert other.num_rows == 0


def test_applications_that_were_ever_decided_are_counted_once_each(lake: Lake) -> None:
    decided = lake.query("select application_id from decisions order by off").to_pylist()
    first, second = (row["application_id"] for row in decided[:2])
    assert queries.decided_among(lake, [first, second, second, "nobody"]) == 2
    assert queries.decided_among(lake, ["nobody"]) == 0
    assert queries.decided_among(lake, []) == 0


def test_an_empty_lake_has_an_answer_to_everything(tmp_path: Path) -> None:
    empty = Lake(str(tmp_path / "none"))
    try:
        for ask in (queries.tier_mix, queries.latest_watchlist, queries.quarantine_by_code):
            assert ask(empty).num_rows == 0
        assert queries.ledger(empty).num_rows == 0
        assert queries.decided_spans(empty).num_rows == 0
        assert queries.outcomes_of(empty, ["a1"]).num_rows == 0
        assert queries.decided_among(empty, ["a1"]) == 0
        assert queries.positions_of(empty, ["e1"]).num_rows == 0
        assert queries.sampled_positions(empty, size=3, seed=1).num_rows == 0
        assert queries.latest_observation(empty) is None
    finally:
        empty.close()
