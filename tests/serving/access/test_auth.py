"""Who gets in: a live key, by the declared matrix; everybody else hears the same."""

import itertools
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from lakehouse.errors import Unavailable
from lakehouse.postgres.migrate import migrate
from lakehouse.security.api_keys import StoredKey, list_keys, revoke_key
from serving.access.auth import REFRESH_SECONDS, TRUST_SECONDS, Authenticator, KeyGate
from serving.access.keys import KEY_FORM, Scope, Terms, create_key, digest_of
from serving.access.scopes import SCOPES, scope_of, template_of
from serving.http.problems import Problem
from tests.serving.asgi import Answer, echo, put

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PEPPER = b"p" * 32
SECRET = "s" * 43


def a_key(prefix: str, *scopes: str, expires_at: datetime | None = None) -> StoredKey:
    return StoredKey(
        prefix=prefix,
        digest=digest_of(SECRET.encode(), PEPPER),
        name="the desk",
        scopes=scopes,
        rate_per_second=10.0,
        burst=20,
        created_at=AT,
        created_by="somebody",
        expires_at=expires_at,
    )


def text_of(prefix: str, secret: str = SECRET) -> str:
    return f"crm_{prefix}_{secret}"


class Hall:
    """An application behind a gate, with clocks to turn and keys to change."""

    def __init__(self, *keys: StoredKey) -> None:
        self.keys = list(keys)
        self.seconds = 0.0
        self.is_silver_out = False
        self.authenticator = Authenticator(
            self._read, PEPPER, now=self._now, clock=lambda: self.seconds
        )
        self.app = KeyGate(echo, self.authenticator)

    def _read(self) -> list[StoredKey]:
        if self.is_silver_out:
            raise Unavailable("silver is out")
        return list(self.keys)

    def _now(self) -> datetime:
        return AT + timedelta(seconds=self.seconds)

    def ask(self, key: str, method: str = "POST", path: str = "/v1/decisions") -> Answer:
        return put(self.app, method, path, headers=[("authorization", f"Bearer {key}")])


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", f"Bearer {text_of('aaaaaaaa')}")],
        [("authorization", f"bearer {text_of('aaaaaaaa')}")],
        [("x-api-key", text_of("aaaaaaaa"))],
    ],
)
def test_a_live_key_gets_in_by_either_header(headers: list[tuple[str, str]]) -> None:
    answer = put(Hall(a_key("aaaaaaaa", "score")).app, headers=headers)
    assert (answer.status, json.loads(answer.body)["prefix"]) == (200, "aaaaaaaa")


REFUSED: dict[str, list[tuple[str, str]]] = {
    "none": [],
    "empty": [("authorization", "")],
    "no scheme": [("authorization", text_of("aaaaaaaa"))],
    "another scheme": [("authorization", f"Basic {text_of('aaaaaaaa')}")],
    "malformed": [("x-api-key", "crm_short")],
    "something behind": [("x-api-key", f"{text_of('aaaaaaaa')}x")],
    "unknown": [("x-api-key", text_of("zzzzzzzz"))],
    "another secret": [("x-api-key", text_of("aaaaaaaa", "t" * 43))],
    "expired": [("x-api-key", text_of("expiredd"))],
    "revoked": [("x-api-key", text_of("revokedd"))],
    "two keys": [("x-api-key", text_of("aaaaaaaa"))] * 2,
    "a key in each header": [
        ("x-api-key", text_of("aaaaaaaa")),
        ("authorization", f"Bearer {text_of('aaaaaaaa')}"),
    ],
    "not ascii": [("x-api-key", "crm_äöü")],
}


def test_whoever_has_no_live_key_hears_one_and_the_same() -> None:
    hall = Hall(a_key("aaaaaaaa", "score"), a_key("expiredd", "score", expires_at=AT))
    answers = {why: put(hall.app, headers=headers) for why, headers in REFUSED.items()}
    assert {answer.status for answer in answers.values()} == {401}
    first = answers["none"]
    assert [why for why, each in answers.items() if each.problem != first.problem] == []
    assert [why for why, each in answers.items() if each.headers != first.headers] == []
    assert first.headers["www-authenticate"] == "Bearer"
    assert first.headers["connection"] == "close"


def test_every_operation_and_scope_behave_as_declared() -> None:
    names = dict(
        zip(Scope, ("aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd", "eeeeeeee"), strict=True)
    )
    hall = Hall(*(a_key(prefix, scope) for scope, prefix in names.items()))
    refusals = []
    for ((method, template), wanted), scope in itertools.product(SCOPES.items(), Scope):
        path = template.replace("{event_id}", "e-1").replace("{application_id}", "a 1")
        answer = hall.ask(text_of(names[scope]), method, path)
        may = wanted is None or scope in {wanted, Scope.ADMIN}
        assert (template, scope, answer.status) == (template, scope, 200 if may else 403)
        if not may:
            refusals.append((answer.problem, answer.headers))
    assert all(each == refusals[0] for each in refusals)


@pytest.mark.parametrize("operation", [op for op, scope in SCOPES.items() if scope is not None])
def test_every_operation_that_is_not_open_wants_a_key(operation: tuple[str, str]) -> None:
    method, path = operation
    assert put(Hall().app, method, path.replace("{", "").replace("}", "")).status == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_what_is_open_asks_nobody(path: str) -> None:
    hall = Hall()
    hall.seconds = TRUST_SECONDS + 1
    assert put(hall.app, "GET", path).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/decisions/"),
        ("DELETE", "/v1/decisions/e1"),
        ("PUT", "/v1/decisions/e1/anything"),
        ("GET", "/v1/secrets"),
        ("GET", "/healthz/"),
        ("get", "/healthz"),
    ],
)
def test_what_was_not_declared_is_for_admins_only(method: str, path: str) -> None:
    assert scope_of(method, template_of(path)) is Scope.ADMIN


def test_a_method_that_a_path_does_not_have_is_refused_before_a_key_is_looked_at() -> None:
    answer = put(Hall().app, "DELETE", "/v1/decisions/e1")
    assert (answer.status, answer.problem["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_anybody_may_ask_which_methods_a_path_has() -> None:
    answer = put(Hall().app, "OPTIONS", "/v1/decisions:batch")
    assert (answer.status, answer.headers["allow"]) == (204, "OPTIONS, POST")


@pytest.mark.parametrize("path", ["/v1/decisions/x/y", "/v1/decisions/x%2Fexplanation"])
def test_an_id_with_a_slash_asks_for_no_other_scope(path: str) -> None:
    assert template_of(path) == "/v1/decisions/{event_id}"
    assert scope_of("GET", template_of(path)) is Scope.READ_DECISIONS


def test_a_head_request_asks_for_what_a_get_does() -> None:
    assert scope_of("HEAD", "/metrics") is Scope.READ_METRICS


def test_a_key_expires_to_the_instant_without_a_look_at_silver() -> None:
    hall = Hall(a_key("aaaaaaaa", "score", expires_at=AT + timedelta(seconds=5)))
    hall.seconds = 4.9
    assert hall.ask(text_of("aaaaaaaa")).status == 200
    hall.seconds = 5.0
    assert hall.ask(text_of("aaaaaaaa")).status == 401


def test_while_silver_is_out_the_last_snapshot_serves_on_but_not_for_ever() -> None:
    hall = Hall(a_key("aaaaaaaa", "score"))
    hall.is_silver_out = True
    hall.seconds = TRUST_SECONDS
    with pytest.raises(Unavailable):
        hall.authenticator.refresh()
    assert hall.ask(text_of("aaaaaaaa")).status == 200
    hall.seconds = TRUST_SECONDS + 0.1
    answer = hall.ask(text_of("aaaaaaaa"))
    assert (answer.status, answer.problem["code"]) == (503, "keys_unavailable")
    hall.is_silver_out = False
    hall.authenticator.refresh()
    assert hall.ask(text_of("aaaaaaaa")).status == 200


def test_keys_are_looked_up_again_until_the_end_and_an_outage_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serving.access.auth.REFRESH_SECONDS", 0.001)
    looks = threading.Semaphore(0)
    hall = Hall(a_key("aaaaaaaa", "score"))
    read: Callable[[], list[StoredKey]] = hall._read

    def look() -> list[StoredKey]:
        looks.release()
        return read()

    hall.authenticator._read_keys = look
    with structlog.testing.capture_logs() as lines:
        hall.authenticator.start()
        assert all(looks.acquire(timeout=10) for _ in range(3))
        hall.is_silver_out = True
        assert all(looks.acquire(timeout=10) for _ in range(3))
        hall.is_silver_out = False
        hall.keys.clear()
        assert all(looks.acquire(timeout=10) for _ in range(3))
        hall.authenticator.close()
        hall.authenticator._background.join(10)
    assert {(line["event"], line["code"]) for line in lines} == {
        ("api_keys_not_refreshed", "unavailable")
    }
    assert hall.ask(text_of("aaaaaaaa")).status == 401


def test_a_look_each_quarter_minute_and_its_time_limits_keep_revocation_within_a_minute() -> None:
    connecting, waiting = 5.0, 15.0  # lakehouse.postgres.connection: one attempt, at the worst
    assert 2 * REFRESH_SECONDS + connecting + waiting < 60


def test_a_key_from_silver_gets_in_until_it_is_revoked(postgres: str) -> None:
    migrate(postgres)
    terms = Terms(name="the desk", scopes=[Scope.SCORE])
    text = create_key(postgres, PEPPER, terms, at=AT, by="somebody")
    authenticator = Authenticator(lambda: list_keys(postgres), PEPPER, now=lambda: AT)
    principal = authenticator.authenticate([(b"x-api-key", text.encode())])
    assert (principal.name, principal.scopes) == ("the desk", frozenset({"score"}))
    revoke_key(postgres, principal.prefix, at=AT, by="somebody")
    authenticator.refresh()
    with pytest.raises(Problem):
        authenticator.authenticate([(b"x-api-key", text.encode())])
    assert KEY_FORM.fullmatch(text.encode())


def test_fifty_canaries_in_headers_and_bodies_come_back_nowhere() -> None:
    hall = Hall(a_key("aaaaaaaa", "models:read"))
    canaries = [f"canary{number:02}" for number in range(50)]
    heard = []
    with structlog.testing.capture_logs() as lines:
        for canary in canaries:
            for key in (canary, text_of("aaaaaaaa", canary.ljust(43, "x")), text_of("aaaaaaaa")):
                headers = [("x-api-key", key), ("user-agent", canary), ("x-anything", canary)]
                answer = put(
                    hall.app, path=f"/v1/{canary}", headers=headers, body=[canary.encode()]
                )
                heard.append(f"{answer.headers}{answer.body!r}")
                assert answer.status in {401, 403}
    assert [c for c in canaries if c in "".join(heard) or c in str(lines)] == []
