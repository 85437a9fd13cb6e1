"""Keys in silver: kept without their secret, never deleted, each change on the record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.errors import LakehouseError, QueryInvalid
from lakehouse.postgres.migrate import migrate
from lakehouse.security.api_keys import StoredKey, list_keys, revoke_key, store_key
from lakehouse.security.audit_verify import verify
from tests.lakehouse.silver_cases import ask

AT = datetime(2026, 11, 22, 9, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture
def keyring(postgres: str) -> str:
    migrate(postgres)
    return postgres


def a_key(prefix: str = "abcdefgh", **differing: Any) -> StoredKey:
    values: dict[str, Any] = {
        "prefix": prefix,
        "digest": bytes(range(32)),
        "name": "the desk",
        "scopes": ("decisions:read", "score"),
        "rate_per_second": 12.5,
        "burst": 20,
        "created_at": AT,
        "created_by": "somebody",
    }
    return StoredKey(**{**values, **differing})


def test_what_is_stored_is_what_is_listed(keyring: str) -> None:
    first, second = a_key(), a_key("zzzzzzzz", expires_at=AT + timedelta(days=1))
    store_key(keyring, first)
    store_key(keyring, second)
    assert list_keys(keyring) == [first, second]


def test_a_revoked_key_stays_in_the_list_with_who_and_when(keyring: str) -> None:
    store_key(keyring, a_key())
    revoke_key(keyring, "abcdefgh", at=AT + timedelta(hours=1), by="somebody else")
    (key,) = list_keys(keyring)
    assert (key.revoked_at, key.revoked_by) == (AT + timedelta(hours=1), "somebody else")


def test_a_key_can_be_revoked_once_and_a_strange_one_not_at_all(keyring: str) -> None:
    store_key(keyring, a_key())
    revoke_key(keyring, "abcdefgh", at=AT, by="somebody")
    for prefix in ("abcdefgh", "hgfedcba"):
        with pytest.raises(QueryInvalid, match=f"no live key '{prefix}'"):
            revoke_key(keyring, prefix, at=AT, by="somebody")


def test_making_and_revoking_are_on_the_record_and_the_hash_is_not(keyring: str) -> None:
    store_key(keyring, a_key())
    revoke_key(keyring, "abcdefgh", at=AT, by="somebody else")
    rows = ask(keyring, "select actor, action, subject, details from silver.audit_log order by seq")
    assert [row[:3] for row in rows] == [
        ("somebody", "key_created", "abcdefgh"),
        ("somebody else", "key_revoked", "abcdefgh"),
    ]
    assert rows[0][3] == (
        '{"burst":20,"expires_at":null,"name":"the desk","rate_per_second":12.5,'
        '"scopes":["decisions:read","score"]}'
    )
    assert verify(keyring).rows == 2


def test_a_key_that_is_refused_leaves_nothing_on_the_record(keyring: str) -> None:
    store_key(keyring, a_key())
    with pytest.raises(LakehouseError, match="SQLSTATE 23505"):
        store_key(keyring, a_key(name="another"))
    with pytest.raises(LakehouseError, match="SQLSTATE 23514"):
        store_key(keyring, a_key("zzzzzzzz", burst=0))
    assert verify(keyring).rows == 1


@pytest.mark.parametrize(
    ("differing", "is_live"),
    [
        ({}, True),
        ({"expires_at": AT + timedelta(microseconds=1)}, True),
        ({"expires_at": AT}, False),
        ({"revoked_at": AT - timedelta(days=1), "revoked_by": "somebody"}, False),
    ],
)
def test_a_key_lives_until_it_expires_or_is_revoked(
    differing: dict[str, Any],
    is_live: bool,  # noqa: FBT001 - a column of the table above
) -> None:
    assert a_key(**differing).is_live(AT) is is_live
