"""Keys from their making to their end, and the secrets they rest on."""

import json
import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog

from lakehouse.errors import SettingsInvalid
from lakehouse.postgres.migrate import migrate
from lakehouse.security.api_keys import list_keys, revoke_key
from lakehouse.security.audit_chain import AuditWriter, entry_of
from lakehouse.settings.settings import Settings
from serving.__main__ import main
from serving.access.keys import (
    KEY_FORM,
    Scope,
    Terms,
    create_key,
    digest_of,
    ensure_first_key,
    load_pepper,
)
from tests.lakehouse.silver_cases import ask, tell

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PEPPER = b"p" * 32
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def keyring(postgres: str) -> str:
    migrate(postgres)
    return postgres


@pytest.fixture
def run(
    keyring: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setenv("RISK_HOME", str(tmp_path))
    monkeypatch.setenv("RISK_SILVER_DSN", keyring)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def text_of_prefix(text: str) -> str:
    return text.split("_")[1]


def secrets_in(dsn: str) -> str:
    keys = ask(dsn, "select array_agg(k)::text from silver.api_keys as k")
    return str(keys) + str(ask(dsn, "select array_agg(a)::text from silver.audit_log as a"))


def test_a_key_has_256_random_bits_and_is_kept_as_a_keyed_hash_only(keyring: str) -> None:
    terms = Terms(name="the desk", scopes=[Scope.SCORE, Scope.SCORE])
    texts = [create_key(keyring, PEPPER, terms, at=AT, by="somebody") for _ in range(2)]
    named = [KEY_FORM.fullmatch(text.encode()) for text in texts]
    assert len({found[2] for found in named if found}) == 2
    assert named[0] is not None
    (first,) = [key for key in list_keys(keyring) if key.prefix == text_of_prefix(texts[0])]
    assert first.digest == digest_of(named[0][2], PEPPER)
    assert first.scopes == ("score",)
    assert named[0][2].decode() not in secrets_in(keyring)


def test_another_pepper_makes_another_hash() -> None:
    assert digest_of(b"secret", PEPPER) != digest_of(b"secret", b"q" * 32)


def test_the_pepper_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(8) as pool:
        peppers = set(pool.map(lambda _: load_pepper(settings), range(32)))
    assert len(peppers) == 1
    assert len(peppers.pop()) >= 32
    assert mode_of(tmp_path / "home" / "api-pepper") == 0o600
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["api-pepper"]


def test_the_pepper_of_the_settings_comes_first(tmp_path: Path) -> None:
    settings = Settings.from_env({"RISK_HOME": str(tmp_path), "RISK_API_PEPPER": "q" * 32})
    assert load_pepper(settings) == b"q" * 32
    assert not (tmp_path / "api-pepper").exists()


def test_a_short_pepper_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="RISK_API_PEPPER is shorter than 32"):
        Settings.from_env({"RISK_API_PEPPER": "q" * 31})
    (tmp_path / "api-pepper").write_text("cut")
    (tmp_path / "api-pepper").chmod(0o600)
    with pytest.raises(SettingsInvalid, match="fewer than 32 characters"):
        load_pepper(Settings(home=tmp_path))


def test_a_pepper_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_pepper(Settings(home=tmp_path))
    (tmp_path / "api-pepper").chmod(0o640)
    with pytest.raises(SettingsInvalid, match="chmod 600"):
        load_pepper(Settings(home=tmp_path))


def test_an_embedded_house_gets_one_key_for_everything_and_says_where(
    keyring: str, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path)
    with structlog.testing.capture_logs() as lines:
        path = ensure_first_key(settings, keyring, at=AT)
    text = path.read_text().strip()
    assert lines == [{"event": "api_key_created", "log_level": "info", "path": str(path)}]
    assert mode_of(path) == 0o600
    (key,) = list_keys(keyring)
    assert set(key.scopes) == set(Scope)
    ensure_first_key(settings, keyring, at=AT)
    assert (path.read_text().strip(), len(list_keys(keyring))) == (text, 1)


def test_processes_that_start_at_once_make_one_first_key(keyring: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ensure_first_key(settings, keyring, at=AT), range(4)))
    assert len(list_keys(keyring)) == 1


def test_a_first_key_that_was_revoked_is_not_replaced(keyring: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    ensure_first_key(settings, keyring, at=AT)
    revoke_key(keyring, list_keys(keyring)[0].prefix, at=AT, by="somebody")
    ensure_first_key(settings, keyring, at=AT)
    assert len(list_keys(keyring)) == 1


def test_a_silver_of_ones_own_gets_no_key_unasked(keyring: str, tmp_path: Path) -> None:
    settings = Settings.from_env({"RISK_HOME": str(tmp_path), "RISK_SILVER_DSN": keyring})
    assert not ensure_first_key(settings, keyring, at=AT).exists()
    assert list_keys(keyring) == []


def test_a_key_is_made_listed_and_revoked_at_the_terminal(run: Run, keyring: str) -> None:
    code, made, said = run("keys", "create", "--name", "the desk", "--scope", "score", "admin")
    named = KEY_FORM.fullmatch(made.strip().encode())
    assert (code, "shown this once" in said) == (0, True)
    assert named is not None
    prefix, secret = named[1].decode(), named[2].decode()
    code, listed, _ = run("keys", "list", "--json")
    (key,) = json.loads(listed)
    assert (key["prefix"], key["name"], key["scopes"]) == (prefix, "the desk", ["admin", "score"])
    assert (key["is_live"], "digest" in key, secret in listed) == (True, False, False)
    assert run("keys", "revoke", prefix)[0] == 0
    code, _, complaint = run("keys", "revoke", prefix)
    assert (code, complaint.startswith("query_invalid: there is no live key")) == (2, True)
    assert run("keys", "list")[1].count("revoked") == 1
    assert secret not in secrets_in(keyring)


def test_a_key_can_end_by_itself_and_say_so_as_json(run: Run) -> None:
    options = ("--expires-in-days", "0.5", "--rate", "7.5", "--burst", "3", "--json")
    made = json.loads(run("keys", "create", "--name", "n", "--scope", "score", *options)[1])
    (key,) = json.loads(run("keys", "list", "--json")[1])
    assert key["expires_at"] == made["expires_at"]
    assert (key["rate_per_second"], key["burst"]) == (7.5, 3)
    assert json.loads(run("keys", "revoke", made["key"], "--json")[1]) == {"revoked": key["prefix"]}


@pytest.mark.parametrize("text", ["", "short", "crm_abc", "abcdefg1", "' or 1=1"])
def test_what_is_no_name_of_a_key_is_refused_without_being_repeated(run: Run, text: str) -> None:
    code, _, complaint = run("keys", "revoke", text)
    assert (code, complaint) == (
        2,
        "query_invalid: expected the 8 characters that name a key; see `keys list`\n",
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--name", "", "--scope", "score"),
        ("--name", "a\nb", "--scope", "score"),
        ("--name", "n", "--scope", "everything"),
        ("--name", "n"),
        ("--name", "n", "--scope", "score", "--rate", "0"),
        ("--name", "n", "--scope", "score", "--rate", "nan"),
        ("--name", "n", "--scope", "score", "--burst", "0"),
        ("--name", "n", "--scope", "score", "--expires-in-days", "-1"),
    ],
)
def test_terms_that_make_no_sense_are_refused(run: Run, options: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit, match="2"):
        run("keys", "create", *options)


def test_the_audit_log_is_verified_at_the_terminal(run: Run, keyring: str) -> None:
    assert run("audit", "verify")[:2] == (0, "0 rows hold, up to none: the log is empty\n")
    writer = AuditWriter(keyring)
    writer.write(
        [entry_of(at=AT, actor="k", action="a", subject=f"e{n}", details={}) for n in range(3)]
    )
    writer.close()
    code, said, _ = run("audit", "verify")
    assert (code, re.sub(r":\w{64}", ":HASH", said)) == (0, "3 rows hold, up to 3:HASH\n")
    head = json.loads(run("audit", "verify", "--json")[1])["head"]
    assert run("audit", "verify", "--head", head)[0] == 0
    tell(
        keyring,
        "alter table silver.audit_log disable trigger all;"
        "delete from silver.audit_log where seq = 3",
    )
    assert run("audit", "verify")[0] == 0
    code, said, _ = run("audit", "verify", "--head", head)
    assert (code, said.splitlines()[-1]) == (1, "BROKEN at row 3: it is altered or missing")
    assert json.loads(run("audit", "verify", "--head", head, "--json")[1])["first_broken"] == 3


def test_what_can_be_expected_to_fail_is_one_line_at_the_terminal(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISK_API_PEPER", "q" * 32)
    code, _, complaint = run("keys", "list")
    said = "RISK_API_PEPER is no setting; did you mean RISK_API_PEPPER?"
    assert (code, complaint) == (2, f"settings_invalid: {said}\n")
