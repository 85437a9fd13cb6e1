"""Events are in the topic once, counted when the broker has acknowledged them."""

from lakehouse.kafka.producer import Delivered, Outbox

MOCK_CLUSTER = {"test.mock.num.brokers": 1, "log_level": 0}


def test_delivered_counts_what_the_broker_acknowledged() -> None:
    outbox = Outbox(MOCK_CLUSTER, "loans")
    for number in range(1_000):
        assert outbox.send(b'{"id":%d}' % number, None)
    assert outbox.delivered == 0
    assert outbox.flush(30) == 0
    assert (outbox.sent, outbox.delivered, outbox.failed) == (1_000, 1_000, 0)


def test_an_event_too_large_for_the_broker_fails_alone_with_its_reason() -> None:
    outbox = Outbox(MOCK_CLUSTER, "loans")
    for event in (b"{}", b"x" * 2_000_000, b"{}"):
        assert outbox.send(event, None)
    outbox.flush(30)
    assert (outbox.sent, outbox.delivered, outbox.failed) == (3, 2, 1)
    assert "too large" in str(outbox.first_failure)
    assert not outbox.is_broken


def test_nothing_is_taken_over_while_too_many_events_are_under_way() -> None:
    outbox = Outbox({**MOCK_CLUSTER, "queue.buffering.max.messages": 10}, "loans")
    taken = [outbox.send(b"{}", None) for _ in range(11)]
    assert taken == [True] * 10 + [False]
    assert outbox.sent == 10
    outbox.flush(30)
    assert outbox.send(b"{}", None)
    outbox.flush(30)
    assert outbox.delivered == 11


def test_an_event_that_no_broker_took_in_time_breaks_the_outbox() -> None:
    nobody = {
        "bootstrap.servers": "127.0.0.1:9",
        "log_level": 0,
        "message.timeout.ms": 100,
        "linger.ms": 1,
    }
    outbox = Outbox(nobody, "loans")
    outbox.send(b"{}", None)
    outbox.flush(30)
    assert (outbox.sent, outbox.delivered, outbox.failed) == (1, 0, 1)
    assert outbox.is_broken


def test_whoever_sent_an_event_hears_once_where_it_lies_or_that_it_was_given_up() -> None:
    outbox, heard = Outbox(MOCK_CLUSTER, "loans"), list[Delivered | None]()
    for event in (b"{}", b"x" * 2_000_000, b"{}"):
        assert outbox.send(event, b"k", headers=[("idempotency-key", b"k1")], settle=heard.append)
    outbox.flush(30)
    assert heard.count(None) == 1
    assert [each.topic for each in heard if each is not None] == ["loans", "loans"]
    assert (outbox.sent, outbox.delivered, outbox.failed) == (3, 2, 1)
