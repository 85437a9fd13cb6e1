"""The flow does its work as a member of the writers' role, which owns nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from lakehouse.postgres.migrate import migrate
from tests.flow import run_module, sound_account


def test_the_flow_runs_as_a_member_of_the_writers(postgres: str, tmp_path: Path) -> None:
    migrate(postgres)
    with psycopg.connect(postgres) as connection:
        connection.execute("create role a_flow login password 'told' in role risk_writer")
    settings = {
        "RISK_SOURCE": "sim://?rate=0&seed=5&limit=2000",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_SILVER_DSN": make_conninfo(postgres, user="a_flow", password="told"),
        "RISK_METRICS_ADDRESS": "127.0.0.1:0",
    }
    try:
        for _ in range(2):
            done = run_module("bytewax.run", "dataflows.score", settings=settings)
            assert done.returncode == 0, done.stderr
        account = sound_account(settings)
        assert (account["read"], account["gold_behind"]) == (2_000, 0)
    finally:
        with psycopg.connect(postgres) as connection:
            connection.execute("drop role a_flow")
