"""Outcomes in gold: recorded once, corrected by later ones, safe beside other recorders."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.errors import Unavailable
from lakehouse.gold.tables import OUTCOME_RECORDS
from lakehouse.lake import queries
from lakehouse.lake.outcomes import OutcomeRecorder
from lakehouse.lake.session import Lake

SPRING, SUMMER = date(2018, 3, 31), date(2018, 6, 30)
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def outcomes(*rows: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=OUTCOME_RECORDS)


def an_outcome(
    application_id: str = "a1", outcome: str = "Fully Paid", **but: Any
) -> dict[str, Any]:
    return {
        "application_id": application_id,
        "outcome": outcome,
        "defaulted": outcome == "Charged Off",
        "issued_on": date(2015, 1, 1),
        "observed_on": SPRING,
        "source": "loans.csv",
        "recorded_at": NOW,
        **but,
    }


@pytest.fixture
def recorder(lake_uri: str) -> OutcomeRecorder:
    return OutcomeRecorder(lake_uri)


@pytest.fixture
def lake(lake_uri: str) -> Iterator[Lake]:
    session = Lake(lake_uri)
    yield session
    session.close()


def standing(lake: Lake) -> dict[str, tuple[str, bool]]:
    lake.refresh()
    rows = lake.query("select application_id, outcome, defaulted from outcomes").to_pylist()
    return {row["application_id"]: (row["outcome"], row["defaulted"]) for row in rows}


def records(lake: Lake) -> int:
    lake.refresh()
    return len(lake.query("select 1 from outcome_records"))


def test_what_is_recorded_again_adds_nothing(recorder: OutcomeRecorder, lake: Lake) -> None:
    offered = outcomes(an_outcome("a1"), an_outcome("a2", "Charged Off"))
    assert [recorder.record(lake, offered) for _ in range(2)] == [2, 0]
    assert standing(lake) == {"a1": ("Fully Paid", False), "a2": ("Charged Off", True)}


def test_the_same_outcome_seen_later_or_elsewhere_is_no_news(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    recorder.record(lake, outcomes(an_outcome()))
    again = an_outcome(observed_on=SUMMER, source="other.csv", recorded_at=NOW + timedelta(days=1))
    assert recorder.record(lake, outcomes(again)) == 0


def test_only_what_is_new_of_an_offer_is_recorded(recorder: OutcomeRecorder, lake: Lake) -> None:
    recorder.record(lake, outcomes(an_outcome("a1")))
    assert recorder.record(lake, outcomes(an_outcome("a1"), an_outcome("a2"))) == 1
    assert records(lake) == 2


def test_a_later_observation_corrects_and_the_earlier_one_again_changes_nothing(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    first = outcomes(an_outcome())
    correction = outcomes(an_outcome(outcome="Charged Off", observed_on=SUMMER))
    assert recorder.record(lake, first) == 1
    assert recorder.record(lake, correction) == 1
    assert standing(lake) == {"a1": ("Charged Off", True)}
    assert recorder.record(lake, first) == 0
    assert standing(lake) == {"a1": ("Charged Off", True)}


def test_an_older_observation_that_arrives_late_is_kept_and_does_not_stand(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    recorder.record(lake, outcomes(an_outcome(outcome="Charged Off", observed_on=SUMMER)))
    assert recorder.record(lake, outcomes(an_outcome())) == 1
    assert standing(lake) == {"a1": ("Charged Off", True)}


def test_of_two_observations_of_one_day_the_one_recorded_later_stands(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    recorder.record(lake, outcomes(an_outcome(outcome="Charged Off")))
    recorder.record(lake, outcomes(an_outcome(recorded_at=NOW + timedelta(seconds=1))))
    assert standing(lake) == {"a1": ("Fully Paid", False)}


def test_an_issue_date_that_was_not_known_before_is_news(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    recorder.record(lake, outcomes(an_outcome(issued_on=None)))
    assert recorder.record(lake, outcomes(an_outcome(recorded_at=NOW + timedelta(days=1)))) == 1
    lake.refresh()
    (row,) = lake.query("select issued_on from outcomes").to_pylist()
    assert row["issued_on"] == date(2015, 1, 1)


class Interrupted(Lake):
    """A session during whose look at the lake somebody else records."""

    def __init__(self, lake_uri: str, times: int) -> None:
        self.others = OutcomeRecorder(lake_uri)
        self.times = 0
        super().__init__(lake_uri)
        self.times = times

    def query(self, statement: str, parameters: Any = None) -> pa.Table:
        answer = super().query(statement, parameters)
        if self.times:
            self.times -= 1
            other = Lake(self.uri)
            self.others.record(other, outcomes(an_outcome(), an_outcome(f"other{self.times}")))
            other.close()
        return answer

    @property
    def uri(self) -> str:
        return self.others._uri.rpartition("/")[0]


def test_what_another_recorder_commits_meanwhile_is_not_recorded_twice(lake_uri: str) -> None:
    recorder, lake = OutcomeRecorder(lake_uri), Interrupted(lake_uri, times=1)
    assert recorder.record(lake, outcomes(an_outcome(), an_outcome("a2"))) == 1
    assert records(lake) == 3
    lake.close()


def test_a_recorder_that_is_always_too_late_says_so(tmp_path: Path) -> None:
    recorder, lake = OutcomeRecorder(str(tmp_path)), Interrupted(str(tmp_path), times=5)
    with pytest.raises(Unavailable, match="in each of 5 attempts"):
        recorder.record(lake, outcomes(an_outcome("a2")))
    lake.close()


def test_the_outcomes_of_applications_are_looked_up_and_dated(
    recorder: OutcomeRecorder, lake: Lake
) -> None:
    assert queries.latest_observation(lake) is None
    recorder.record(lake, outcomes(an_outcome("a1"), an_outcome("a2", "Charged Off")))
    lake.refresh()
    found = queries.outcomes_of(lake, ["a2", "a3"]).to_pylist()
    assert found == [{"application_id": "a2", "defaulted": True}]
    assert queries.latest_observation(lake) == SPRING


def test_a_lake_without_outcomes_has_an_empty_view(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    assert lake.query("select * from outcomes").num_rows == 0
    assert lake.query("select * from outcomes").column_names == OUTCOME_RECORDS.names
    lake.close()
