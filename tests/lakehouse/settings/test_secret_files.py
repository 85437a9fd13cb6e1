"""A folder of secrets is refused when one of them is empty, short or well known."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from lakehouse.errors import SettingsInvalid
from lakehouse.settings.secret import refuse_weak_files
from tests.flow import run_module
from tests.project.tree import ROOT


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """Those that ops/secrets.sh makes."""
    folder = tmp_path / "secrets"
    subprocess.run(["sh", ROOT / "ops" / "secrets.sh", folder], check=True)
    return folder


def test_those_that_the_script_makes_are_strong_and_stay(secrets: Path) -> None:
    made = {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}
    assert refuse_weak_files(secrets) == len(made)
    assert secrets.stat().st_mode & 0o777 == 0o700
    subprocess.run(["sh", ROOT / "ops" / "secrets.sh", secrets], check=True)
    assert {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()} == made
    identities = json.loads(made["s3_identities.json"])["identities"]
    assert identities[1]["credentials"][0]["secretKey"] == made["lake_secret_key"].strip()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("postgres_password", "\n", "is empty"),
        ("postgres_password", "changeme", "is one of the first"),
        ("grafana_password", "tiny", "is shorter than 16"),
        ("silver_dsn_api", "postgresql://risk_api_user@postgres/risk", "is empty"),
        ("silver_dsn_api", "postgresql://a:Password@postgres/risk", "is one of the first"),
        ("s3_identities.json", "{}", "is empty"),
        ("s3_identities.json", '{"a": [{"secretKey": "minioadmin"}]}', "is one of the first"),
        ("s3_identities.json", "{minioadmin", "is not JSON"),
    ],
)
def test_a_weak_one_stops_the_start_with_one_line(
    secrets: Path, name: str, text: str, says: str
) -> None:
    (secrets / name).write_text(text, encoding="utf-8")
    ended = run_module("lakehouse", "secrets", str(secrets), settings={})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"{name} {says}" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not text.strip() or text.strip() not in ended.stderr


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_secrets_is_refused(tmp_path: Path, *, exists: bool) -> None:
    folder = tmp_path / "empty"
    if exists:
        folder.mkdir()
    with pytest.raises(SettingsInvalid, match=r"ops/secrets\.sh"):
        refuse_weak_files(folder)
