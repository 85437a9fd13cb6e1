"""Decisions made again: the same answer, or the first thing that differs, by name."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse.lake.archive import archived_all
from lakehouse.lake.session import Lake
from lakehouse.registry.artefacts import load_model
from lakehouse.rules.as_decided import Cause, Difference, Rulebook
from lakehouse.rules.redecide import Recalled, recall, recall_batch
from lakehouse.silver.reference_tables import shipped
from risk.decision.judge import Rules
from tests.lakehouse.recall_cases import (
    decide_simulated,
    registered,
    rewrite,
    with_value,
    without_row,
)
from tests.risk.applications import shipped_policy

STANDARD, REFERENCE = shipped_policy("standard-1"), shipped_policy("reference-1")


def no_silver() -> str:
    raise AssertionError("the shipped reference tables need no silver")


def replayed(lake_uri: str) -> list[Recalled]:
    lake, rulebook = Lake(lake_uri), Rulebook(lake_uri, no_silver)
    try:
        return [each for batch in archived_all(lake) for each in recall_batch(batch, rulebook)]
    finally:
        lake.close()


def differences(lake_uri: str) -> dict[int, Difference]:
    return {each.off: each.difference for each in replayed(lake_uri) if each.difference}


@pytest.fixture
def lake_uri(tmp_path: Path) -> str:
    """Twenty decisions by the shipped champion, then twenty by a registered model."""
    uri = str(tmp_path / "lake")
    models = load_model(), registered(uri, "mine-1", base_points=610)
    rules = [Rules(model, STANDARD, shipped()) for model in models]
    decide_simulated(uri, rules, each=20)
    return uri


@pytest.fixture
def lake(lake_uri: str) -> Iterator[Lake]:
    session = Lake(lake_uri)
    yield session
    session.close()


def test_10_000_decisions_by_three_models_and_two_policies_all_match(tmp_path: Path) -> None:
    uri = str(tmp_path / "lake")
    mine = [registered(uri, f"mine-{points}", base_points=points) for points in (590, 610)]
    rules = [
        Rules(load_model(), STANDARD, shipped()),
        Rules(mine[0], STANDARD, shipped()),
        Rules(mine[0], REFERENCE, shipped()),
        Rules(load_model(), REFERENCE, shipped()),
        Rules(mine[1], REFERENCE, shipped()),
    ]
    decide_simulated(uri, rules, each=2_000)
    recalled = replayed(uri)
    # A joint application has no DTI of its own, which reference-1 requires.
    assert 9_900 <= len(recalled) <= 10_000
    assert [each for each in recalled if not each.matches] == []


def test_only_the_decisions_asked_for_are_made_again(lake_uri: str, lake: Lake) -> None:
    asked = lake.query("select event_id from decisions where off in (3, 25) order by off")
    ids = asked["event_id"].to_pylist()
    found = recall(lake, Rulebook(lake_uri, no_silver), [*ids, "never decided"])
    assert [(each.event_id, each.off, each.matches) for each in found] == [
        (ids[0], 3, True),
        (ids[1], 25, True),
    ]


def test_a_model_that_is_gone_is_named(lake_uri: str) -> None:
    (Path(lake_uri) / "_registry" / "models" / "mine-1.json").unlink()
    found = differences(lake_uri)
    assert sorted(found) == list(range(20, 40))
    assert {each.cause for each in found.values()} == {Cause.ARTEFACT}
    assert "mine-1" in found[20].what


def test_a_model_whose_document_was_altered_is_named(lake_uri: str) -> None:
    path = Path(lake_uri) / "_registry" / "models" / "mine-1.json"
    path.write_bytes(path.read_bytes().replace(b"610", b"611"))
    found = differences(lake_uri)
    assert sorted(found) == list(range(20, 40))
    assert {each.cause for each in found.values()} == {Cause.ARTEFACT}
    assert "altered" in found[20].what


@pytest.mark.parametrize(
    ("column", "value", "cause"),
    [
        ("model_version", "scorecard-9", Cause.ARTEFACT),
        ("model_sha256", "ab" * 32, Cause.ARTEFACT),
        ("policy_version", "standard-9", Cause.POLICY),
        ("contract_version", "0", Cause.CONTRACT),
    ],
)
def test_a_version_that_cannot_be_had_is_the_first_thing_that_differs(
    lake_uri: str, column: str, value: str, cause: Cause
) -> None:
    rewrite(lake_uri, "decisions", with_value(column, value, at=7))
    rewrite(lake_uri, "decisions", with_value("pd", 0.5, at=7))
    found = differences(lake_uri)
    assert {off: each.cause for off, each in found.items()} == {7: cause}
    assert value[:12] in found[7].what


def test_a_reference_set_that_was_never_stored_is_named(
    lake_uri: str, lake: Lake, silver: str
) -> None:
    rewrite(lake_uri, "decisions", with_value("reference_version", "0" * 12, at=7))
    (batch,) = archived_all(lake)
    recalled = recall_batch(batch, Rulebook(lake_uri, lambda: silver))
    (found,) = [each for each in recalled if each.difference]
    assert found.off == 7
    assert found.difference is not None
    assert found.difference.cause is Cause.REFERENCE
    assert "000000000000" in found.difference.what


@pytest.mark.parametrize(
    ("column", "value"),
    [("pd", 0.123456789), ("tier", "Watchlist+"), ("early_warning_flag", None), ("points", 1.0)],
)
def test_a_verdict_that_was_altered_is_shown_with_what_it_should_be(
    lake_uri: str, lake: Lake, column: str, value: Any
) -> None:
    original = lake.query(f"select {column} from decisions where off = 7")[column][0].as_py()
    altered = not original if value is None else value
    rewrite(lake_uri, "decisions", with_value(column, altered, at=7))
    assert differences(lake_uri) == {7: Difference(Cause.COLUMN, column, altered, original)}


def test_the_last_bit_of_a_float_counts(lake_uri: str, lake: Lake) -> None:
    stored = lake.query("select pd from decisions where off = 7")["pd"][0].as_py()
    rewrite(lake_uri, "decisions", with_value("pd", stored * (1 + 2**-52), at=7))
    assert differences(lake_uri)[7].what == "pd"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("income_usd", None),
        ("purpose", "a boat"),
        ("applied_on", date(2001, 1, 1)),
        ("issues", "?"),
    ],
)
def test_a_figure_of_the_applicants_is_named_and_not_shown(
    lake_uri: str, column: str, value: object
) -> None:
    rewrite(lake_uri, "decisions", with_value(column, value, at=7))
    assert differences(lake_uri) == {7: Difference(Cause.COLUMN, column)}


def test_the_challengers_and_the_instant_are_left_aside(lake_uri: str) -> None:
    rewrite(lake_uri, "decisions", with_value("challengers", '{"other-1": 0.5}', at=7))
    rewrite(lake_uri, "decisions", with_value("decided_at", 0, at=8))
    assert differences(lake_uri) == {}


def test_missing_inputs_count_where_they_were_kept(lake_uri: str) -> None:
    rewrite(lake_uri, "decisions", with_value("missing_inputs", "fico", at=7))
    rewrite(lake_uri, "decisions", with_value("missing_inputs", None, at=8))
    assert differences(lake_uri) == {7: Difference(Cause.COLUMN, "missing_inputs")}


def test_bytes_that_were_altered_are_named_by_what_they_change(lake_uri: str, lake: Lake) -> None:
    raw = lake.query("select raw from raw_events where off = 7")["raw"][0].as_py()
    altered = re.sub(rb'("loan_amnt": ?)', rb"\g<1>1", raw)
    rewrite(lake_uri, "raw_events", with_value("raw", altered, at=7))
    assert differences(lake_uri) == {7: Difference(Cause.COLUMN, "amount_usd")}


def test_bytes_that_would_be_refused_now_are_named_by_the_code(lake_uri: str) -> None:
    rewrite(lake_uri, "raw_events", with_value("raw", b"{,}", at=7))
    (found,) = differences(lake_uri).values()
    assert found.cause is Cause.REFUSED
    assert found.what.startswith("malformed_json: ")


def test_bytes_that_were_forgotten_by_their_age_are_said_to_be(lake_uri: str) -> None:
    rewrite(lake_uri, "raw_events", with_value("raw", None, at=7))
    forgotten = Difference(Cause.BYTES, "the event's bytes were forgotten, by their age")
    assert differences(lake_uri) == {7: forgotten}


def test_bytes_that_are_gone_are_missed(lake_uri: str) -> None:
    rewrite(lake_uri, "raw_events", without_row(7))
    assert {off: each.cause for off, each in differences(lake_uri).items()} == {7: Cause.BYTES}
