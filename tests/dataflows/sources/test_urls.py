from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.sources.urls import FileSource, SimSource, parse_source
from lakehouse.errors import SettingsInvalid
from lakehouse.kafka.address import KafkaSource, parse_kafka


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("kafka://localhost:9092/loans", KafkaSource("localhost:9092", "loans")),
        ("KAFKA://a-1.b:1,[::1]:65535/a.b_c-d", KafkaSource("a-1.b:1,[::1]:65535", "a.b_c-d")),
        ("file:///data/loans%202018.csv.gz", FileSource("/data/loans 2018.csv.gz")),
        ("file://data/loans.parquet", FileSource("data/loans.parquet")),
        ("../shared/loans 50%20.jsonl", FileSource("../shared/loans 50%20.jsonl")),
        (" loans.jsonl\n", FileSource("loans.jsonl")),
        ("sim://", SimSource()),
        ("sim://?", SimSource()),
        ("sim://?rate=&seed=&limit=&scenario=", SimSource()),
        ("sim://?rate=0.5&seed=7&limit=10", SimSource(rate=0.5, seed=7, limit=10)),
        ("sim://?rate=0&scenario=rate-rise", SimSource(rate=0.0, scenario="rate-rise")),
    ],
)
def test_a_source_is_read_from_its_url(
    url: str, source: KafkaSource | FileSource | SimSource
) -> None:
    assert parse_source(url) == source


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "RISK_SOURCE is empty"),
        ("http://example.org/loans.csv", "begins with http://"),
        ("kafka://", "'' is no broker"),
        ("kafka://localhost/loans", "'localhost' is no broker"),
        ("kafka://localhost:0/loans", "'localhost:0' is no broker"),
        ("kafka://localhost:65536/loans", "port of 1 to 65535"),
        ("kafka://a:1,/loans", "'' is no broker"),
        ("kafka://a:1", "'' is no topic"),
        ("kafka://a:1/", "'' is no topic"),
        ("kafka://a:1/..", "'..' is no topic"),
        ("kafka://a:1/loans/2018", "'loans/2018' is no topic"),
        ("kafka://a:1/loan applications", "is no topic"),
        ("kafka://a:1/" + "x" * 250, "is no topic"),
        ("kafka://a:1/loans?offset=3", "'?offset=3' after the topic"),
        ("file://", "names no file"),
        ("file://a%00b", "names no file"),
        ("sim://localhost", "'localhost' after sim://"),
        ("sim://?speed=3", "knows no 'speed': expected rate, seed, limit, scenario"),
        ("sim://?rate=fast", "rate is 'fast'"),
        ("sim://?rate=-1", "rate is '-1'"),
        ("sim://?rate=nan", "rate is 'nan'"),
        ("sim://?rate=inf", "rate is 'inf'"),
        ("sim://?rate=1e-9", "rate is '1e-9': expected events a second, 0.001 to 1e+06, or 0"),
        ("sim://?rate=1&rate=2", "rate is given twice"),
        ("sim://?seed=-1", "seed is '-1'"),
        ("sim://?seed=1_000", "seed is '1_000'"),
        ("sim://?seed=4294967296", "seed is 4294967296"),
        ("sim://?limit=0", "limit is 0: expected a whole number, 1 to"),
        ("sim://?limit=1e3", "limit is '1e3'"),
        ("sim://?limit=" + "9" * 5_000, "limit is"),
        ("sim://?scenario=boom", "no scenario is called 'boom': expected one of none, "),
    ],
)
def test_a_url_that_is_not_understood_is_refused_saying_what_was_expected(
    url: str, says: str
) -> None:
    with pytest.raises(SettingsInvalid, match=r"^RISK_SOURCE") as refused:
        parse_source(url)
    assert says in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        parse_source("kafka://ann:hunter2@localhost:9092/loans")
    assert "hunter2" not in str(refused.value)
    assert "RISK_KAFKA_" in str(refused.value)


def test_a_target_that_is_no_topic_is_refused_by_the_name_of_its_option() -> None:
    with pytest.raises(SettingsInvalid, match=r"^--to is no Kafka topic"):
        parse_kafka("loans.jsonl", name="--to")


@pytest.mark.parametrize(
    "source",
    [
        KafkaSource("a:1,b:2", "loans"),
        FileSource("loans.csv"),
        SimSource(),
        SimSource(rate=2.5, seed=9, limit=3, scenario="recession"),
    ],
    ids=str,
)
def test_a_source_shows_itself_as_the_url_it_is_read_from(
    source: KafkaSource | FileSource | SimSource,
) -> None:
    assert parse_source(str(source)) == source


@given(st.text() | st.from_regex(r"(kafka|file|sim)://[ -~]*"))
def test_any_text_is_a_source_or_an_invalid_setting(url: str) -> None:
    try:
        parse_source(url)
    except SettingsInvalid as refused:
        assert str(refused).startswith("RISK_SOURCE")  # noqa: PT017 - either outcome is right
