"""Decisions read from silver; batches and the old form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import chain

import psycopg
import pytest

from lakehouse.errors import Unavailable
from lakehouse.postgres.migrate import migrate
from lakehouse.postgres.statements import load_sql
from lakehouse.silver.reader import DecisionReader
from tests.lakehouse.silver_cases import a_batch, a_decision, a_writer
from tests.risk.applications import an_event, as_bytes
from tests.serving.api_cases import NOWHERE, Entries, got, posted, standing_rules

LATER = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.fixture
def silver(postgres: str) -> str:
    migrate(postgres)
    with closing(a_writer(postgres)) as writer:
        writer.store(
            a_batch(
                a_decision("e1", 0, application_id="a1", reasons="DTI_HIGH", tier="Elevated"),
                a_decision(
                    "e2", 1, application_id="a1", decided_at=LATER, challengers='{"c": 0.5}'
                ),
                a_decision("a1", 2, application_id="other"),
                a_decision("a2", 3, application_id="a2"),
            )
        )
    return postgres


@pytest.fixture
def reader(silver: str) -> Iterator[DecisionReader]:
    reader = DecisionReader(silver)
    yield reader
    reader.close()


def test_a_stored_decision_is_found_by_its_event(reader: DecisionReader) -> None:
    row = reader.decision("e1")
    assert row is not None
    assert (row["application_id"], row["pd"], row["off"]) == ("a1", 0.125, 0)


def test_an_applications_decisions_come_newest_first(reader: DecisionReader) -> None:
    assert [row["event_id"] for row in reader.decisions_of("a1")] == ["e2", "e1"]


def test_an_event_that_bears_its_applications_id_is_found_by_it(reader: DecisionReader) -> None:
    assert [row["event_id"] for row in reader.decisions_of("a2")] == ["a2"]


def test_an_application_is_found_without_reading_the_whole_table(silver: str) -> None:
    asked = load_sql("serving/decisions_by_application").encode()
    with psycopg.connect(silver) as connection:
        connection.execute("set enable_seqscan = off")
        parameters = {"application_id": "a1", "before_at": None, "before_id": None, "most": 10}
        plan = connection.execute(b"explain " + asked, parameters)
        text = "\n".join(line for (line,) in plan)
    assert "decisions_pkey" in text
    assert "decisions_of_application" in text
    assert "Seq Scan" not in text


@pytest.mark.parametrize("key", ["nobody", "", "\0", "e1\0", "x" * 257, "'; drop table x; --"])
def test_what_was_never_stored_is_not_found(reader: DecisionReader, key: str) -> None:
    assert reader.decision(key) is None
    assert not reader.decisions_of(key)


def test_the_reader_cannot_write(reader: DecisionReader) -> None:
    reader.ping()
    refused = pytest.raises(psycopg.errors.ReadOnlySqlTransaction)
    with reader._pool._pool.connection() as connection, refused:
        connection.execute("delete from silver.decisions")


def test_without_a_server_reading_says_so_in_time() -> None:
    reader = DecisionReader(NOWHERE)
    with pytest.raises(Unavailable, match="silver does not answer within 2 s"):
        reader.ping()
    reader.close()


def test_a_stored_decision_is_answered_with_its_lineage(silver: str) -> None:
    answer = got("/v1/decisions/e1", dsn=silver).json()
    assert answer["lineage"] == {
        "topic": "loan_applications",
        "partition": 0,
        "offset": 0,
    }
    assert answer["reasons"] == [{"code": "DTI_HIGH", "says": "Debt to income: High"}]
    assert "challengers" not in answer


def test_an_applications_decisions_are_answered_together(silver: str) -> None:
    answer = got("/v1/applications/a1", dsn=silver).json()
    assert answer["application_id"] == "a1"
    assert [each["event_id"] for each in answer["decisions"]] == ["e2", "e1"]
    assert answer["decisions"][0]["challengers"] == {"c": 0.5}


@pytest.mark.parametrize("path", ["/v1/decisions/none", "/v1/applications/none"])
def test_an_unknown_id_is_not_found(silver: str, path: str) -> None:
    answer = got(path, dsn=silver)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_refusal_names_field_and_expectation_and_no_value() -> None:
    answer = posted(as_bytes(annual_inc=-98765.25))
    assert (answer.status_code, answer.json()["code"]) == (422, "out_of_range")
    assert answer.json()["errors"] == [{"field": "annual_inc", "expected": "a number >= 0.0"}]
    assert "98765" not in answer.text


def test_a_batch_gives_each_its_own_result() -> None:
    log = Entries()
    body = b'{"applications": [%s, {"id": 1}, 5]}' % as_bytes()
    results = posted(body, "/v1/decisions:batch", log=log).json()["results"]
    assert [each["status"] for each in results] == [200, 422, 422]
    assert [(each["index"], each["id"]) for each in results] == [
        (0, results[0]["decision"]["event_id"]),
        (1, "1"),
        (2, None),
    ]
    assert [each["problem"]["code"] for each in results[1:]] == ["missing_field", "not_an_object"]
    assert [entry.action for entry in log.entries] == ["decided", "refused", "refused"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"{", "malformed_json"),
        (b"[]", "wrong_format"),
        (b"{}", "wrong_format"),
        (b'{"applications": []}', "wrong_format"),
        (b'{"applications": {}}', "wrong_format"),
        (b'{"applications": [' + b",".join([b"{}"] * 501) + b"]}", "wrong_format"),
        (b'{"applications": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "malformed_json"),
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(body: bytes, code: str) -> None:
    answer = posted(body, "/v1/decisions:batch")
    status = 400 if code == "malformed_json" else 422
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def scored(**question: object) -> bytes:
    return json.dumps({"event": an_event(), **question}).encode()


def test_the_old_form_is_deprecated_and_claims_nothing() -> None:
    answer = posted(scored(persist_to_db=True), "/score")
    assert answer.json()["persisted"] is False
    assert answer.headers["deprecation"].startswith("@")
    assert answer.headers["link"] == '<v1/decisions>; rel="successor-version"'


def test_the_old_form_says_what_is_missing() -> None:
    event = an_event(dti=None, earliest_cr_line=None)
    strict = posted(scored(event=event), "/score").json()
    lenient = posted(scored(event=event, reject_if_missing_required=False), "/score").json()
    assert strict["missing_required"] == lenient["missing_required"] == ["dti", "earliest_cr_line"]
    assert (strict["valid"], strict["decision"]) == (False, None)
    assert lenient["decision"]["dti_band"] == "Missing"


def test_the_old_form_names_what_the_policy_cannot_do_without() -> None:
    answer = posted(
        scored(event=an_event(dti=None)), "/score", rules=standing_rules("reference-1")
    ).json()
    assert (answer["loan_id"], answer["valid"]) == ("53595000", False)
    assert answer["missing_required"] == ["dti"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_json"),
        (b'{"event": 5}', "not_an_object"),
        (b"{}", "wrong_format"),
        (b'{"event": {}, "persist_to_db": 1}', "wrong_format"),
        (b'{"event": {"id": 1, "loan_amnt": -1}}', "out_of_range"),
    ],
)
def test_the_old_form_refuses_as_every_form_does(body: bytes, code: str) -> None:
    answer = posted(body, "/score")
    status = 400 if code == "malformed_json" else 422
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert {"deprecation", "sunset"} <= set(answer.headers)


@pytest.mark.parametrize("key", ["", "two words", "caf\u00e9", "x" * 129])
def test_a_key_that_is_none_is_refused_even_where_nothing_is_recorded(key: str) -> None:
    answer = posted(as_bytes(), headers={"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_invalid")


@pytest.mark.parametrize(
    "query", ["record=yes", "record=true&record=true", "records=true", "record=false&x=1"]
)
def test_a_query_that_is_none_is_refused(query: str) -> None:
    answer = posted(as_bytes(), f"/v1/decisions?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "event_id"),
    [
        ("2015/07/000123", "2015/07/000123"),
        ("2015%2F07%2F000123", "2015/07/000123"),
        ("plain-1%2Fexplanation", "plain-1/explanation"),
        ("plain-1%2Freplay", "plain-1/replay"),
        ("100%25%2F7", "100%/7"),
        ("a%252Fb", "a%2Fb"),
        ("caf%C3%A9%20%3F%23", "caf\u00e9 ?#"),
    ],
)
def test_an_id_is_read_by_its_own_name_whatever_is_in_it(
    postgres: str, path: str, event_id: str
) -> None:
    migrate(postgres)
    with closing(a_writer(postgres)) as writer:
        others = ("plain-1", "a/b", "000123")
        rows = [a_decision(name, place) for place, name in enumerate((event_id, *others))]
        writer.store(a_batch(*rows))
    answer = got(f"/v1/decisions/{path}", dsn=postgres)
    assert (answer.status_code, answer.json()["event_id"]) == (200, event_id)
    together = got(f"/v1/applications/{path}", dsn=postgres)
    assert [each["event_id"] for each in together.json()["decisions"]] == [event_id]


@pytest.fixture
def many(postgres: str) -> str:
    """250 decisions, two at each instant, an hour between them, half of one application."""
    migrate(postgres)
    with closing(a_writer(postgres)) as writer:
        rows = [
            a_decision(
                f"e{place:03}",
                place,
                application_id="a1" if place % 2 else f"e{place:03}",
                decided_at=LATER + timedelta(hours=place // 2),
                tier="Elevated" if place % 5 == 0 else "Low",
            )
            for place in range(250)
        ]
        writer.store(a_batch(*rows))
    return postgres


def pages(path: str, dsn: str) -> list[list[str]]:
    """Return the event ids of each page, to the last."""
    found, cursor = [], ""
    while True:
        page = got(path + cursor, dsn=dsn, now=lambda: LATER + timedelta(days=90)).json()
        found.append([each["event_id"] for each in page["decisions"]])
        if page["next"] is None:
            return found
        cursor = f"{'&' if '?' in path else '?'}cursor={page['next']}"


def test_decisions_are_listed_oldest_first_each_once(many: str) -> None:
    found = pages("/v1/decisions?since=2026-11-01T00:00:00Z", many)
    assert [len(page) for page in found] == [100, 100, 50]
    assert list(chain(*found)) == [f"e{place:03}" for place in range(250)]


def test_decisions_are_listed_since_an_instant_and_of_a_tier(many: str) -> None:
    since = (LATER + timedelta(hours=100)).isoformat().replace("+", "%2B")
    found = pages(f"/v1/decisions?tier=Elevated&since={since}", many)
    assert found == [[f"e{place:03}" for place in range(200, 250, 5)]]


def test_all_decisions_of_an_application_are_read_newest_first_each_once(many: str) -> None:
    found = pages("/v1/applications/a1", many)
    ours = [f"e{place:03}" for place in range(249, 0, -2)]
    assert [len(page) for page in found] == [100, 25]
    assert list(chain(*found)) == ours


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "query.since"),
        ("since=2026-11-01T00:00:00", "query.since"),
        ("tier=low", "query.tier"),
        ("cursor=!", "query.cursor"),
        ("cursor=aGVsbG8", "query.cursor"),
        ("limit=5", "query"),
        ("tier=Low&tier=Low", "query"),
    ],
)
def test_a_list_takes_nothing_else(query: str, field: str) -> None:
    answer = got(f"/v1/decisions?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("path", ["/v1/models", "/healthz", "/v1/decisions/e1", "/metrics"])
def test_what_takes_no_query_refuses_one(path: str) -> None:
    assert got(f"{path}?verbose=true").status_code == 422


def test_what_is_handed_out_is_kept_by_no_cache_and_noted(silver: str) -> None:
    log = Entries()
    for path in (
        "/v1/decisions/e1",
        "/v1/applications/a1",
        "/v1/decisions?since=2015-01-01T00:00:00Z",
    ):
        assert got(path, dsn=silver, log=log).headers["cache-control"] == "no-store"
    got("/v1/decisions/nobody", dsn=silver, log=log)
    noted = [(entry.action, entry.subject) for entry in log.entries]
    assert noted[:2] == [("read", "e1"), ("read", "a1")]
    assert [action for action, _ in noted] == ["read", "read", "listed"]
    one, *several = [json.loads(entry.details) for entry in log.entries]
    assert "event_ids" not in one
    assert all("e1" in each["event_ids"] for each in several)


def test_nothing_is_handed_out_that_cannot_be_written_down(silver: str) -> None:
    answer = got("/v1/decisions/e1", dsn=silver, log=Entries(has_room=False))
    assert (answer.status_code, answer.json()["code"]) == (503, "audit_unavailable")
