"""docs/sql.md: each question is asked of a small lake, and answers with the columns it names."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lakehouse.lake.session import Lake
from tests.lakehouse.gold_cases import raw_rows, refused_rows
from tests.lakehouse.history import append, decide_rows, end, record

PAGE = Path(__file__).parents[3] / "docs" / "sql.md"
BLOCK = re.compile(r"([^\n`][^\n]*)\n\n```sql\n(.*?)\n```", re.DOTALL)
QUESTIONS = BLOCK.findall(PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    uri = str(tmp_path_factory.mktemp("page"))
    loan = {"term_months": 36.0, "state": "CA", "purpose": "car", "fico": 700.0, "reasons": "A|B"}
    decide_rows(
        uri,
        {**loan, "applied_on": date(2014, 1, 5), "application_id": "1"},
        {**loan, "applied_on": date(2014, 2, 5), "tier": "Watchlist", "pd": 0.4},
    )
    append(uri, "quarantine", refused_rows([7]))
    append(uri, "raw_events", raw_rows([0, 1]))
    ended = {"ended_on": date(2015, 3, 31), "recovered_usd": 50.0}
    record(uri, end("1", defaulted=False, **ended), end("e1", defaulted=True, **ended))
    session = Lake(uri)
    yield session
    session.close()


def test_the_page_asks_twenty_questions() -> None:
    assert len(QUESTIONS) >= 20


@pytest.mark.parametrize(("says", "question"), QUESTIONS, ids=[each[0][:60] for each in QUESTIONS])
def test_a_question_answers_with_the_columns_it_names(lake: Lake, says: str, question: str) -> None:
    answer = lake.query(question)
    if named := re.search(r"Columns `([^`]+)`", says):
        assert answer.column_names == named[1].split(", ")
    # Nothing has monitored this lake.
    assert answer.num_rows > 0 or "from drift" in question or "from performance" in question
