"""The API does its work as a member of `risk_reader` and `risk_audit`, which own nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lakehouse.postgres.migrate import migrate
from tests.flow import run_module
from tests.risk.applications import as_bytes
from tests.serving.api_server import running_api
from tests.waiting import until


@pytest.fixture
def as_api(postgres: str) -> Iterator[str]:
    """Silver as a user sees it who is a member of the two roles and nothing else."""
    migrate(postgres)
    with psycopg.connect(postgres) as connection:
        connection.execute(
            "create role an_api_user login password 'told' in role risk_reader, risk_audit"
        )
    yield make_conninfo(postgres, user="an_api_user", password="told")
    with psycopg.connect(postgres) as connection:
        connection.execute("drop role an_api_user")


def test_the_api_starts_decides_and_audits_as_reader_and_audit(
    as_api: str, postgres: str, tmp_path: Path
) -> None:
    owner = {"RISK_HOME": str(tmp_path), "RISK_SILVER_DSN": postgres}
    made = run_module(
        "serving",
        "keys",
        "create",
        "--name",
        "a client",
        "--scope",
        "score",
        "--json",
        settings=owner,
    )
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout)["key"]
    with (
        running_api(tmp_path, {"RISK_SILVER_DSN": as_api}) as api,
        psycopg.connect(postgres, autocommit=True) as connection,
    ):
        assert httpx.get(f"{api.url}/readyz").status_code == 200
        answer = httpx.post(
            f"{api.url}/v1/decisions",
            content=as_bytes(emp_length=None, purpose=" Small_Business "),
            headers={"X-API-Key": key},
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["missing_inputs"] == ["employment_years"]
        assert answer.json()["issues"] == []
        audited = "select count(*) from silver.audit_log where action = 'decided'"
        until(lambda: connection.execute(audited).fetchall() == [(1,)], what="audited", seconds=30)
