"""A model promoted while the flow runs decides from one batch on; a bad one never does."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from lakehouse.registry.artefacts import CHAMPION, load_model, save_model
from lakehouse.registry.log import Action
from lakehouse.registry.store import RegistryStore
from risk.models.scorecard import Scorecard
from tests.flow import FlowProcess, ask, run_module, running_flow, sound_account
from tests.lakehouse.registry_cases import an_entry, flip_a_byte, object_path

FOLLOW_WITHIN_SECONDS = 20.0


def a_successor(version: str) -> Scorecard:
    """The shipped champion, ten points more generous."""
    champion = load_model()
    assert isinstance(champion, Scorecard)
    return msgspec.structs.replace(champion, version=version, base_points=champion.base_points + 10)


def models(settings: dict[str, str], *arguments: str) -> None:
    done = run_module("lakehouse", "models", *arguments, "--by", "tests", settings=settings)
    assert done.returncode == 0, done.stderr


def read(flow: FlowProcess) -> float:
    return flow.total("risk_events_read_total")


def wait_for_more(flow: FlowProcess, what: str) -> None:
    before = read(flow)
    flow.wait_until(lambda: read(flow) > before + 200, seconds=60, what=what)


@pytest.mark.long
@pytest.mark.timeout(180)
def test_a_running_flow_follows_a_promotion_and_outlives_a_bad_one(tmp_path: Path) -> None:
    settings = {
        "RISK_SOURCE": "sim://?rate=400&seed=8",
        "RISK_HOME": str(tmp_path / "home"),
        "RISK_BATCH_MAX_MESSAGES": "20",
    }
    lake = str(tmp_path / "home" / "lake")
    successor, other = a_successor("next-1"), a_successor("other-1")
    for model in (successor, other):
        models(settings, "register", str(save_model(model, folder=tmp_path / "fitted")))
    with running_flow(settings, log=tmp_path / "flow.log") as flow:
        flow.wait_until(lambda: read(flow) > 200, seconds=60, what="at work")
        models(settings, "challenge", "other-1", "--reason", "to be seen")
        models(settings, "promote", "next-1", "--reason", "it is newer")
        flow.wait_until(
            lambda: '"model": "next-1"' in flow.tail(),
            seconds=FOLLOW_WITHIN_SECONDS,
            what="following the promotion",
        )
        wait_for_more(flow, "deciding by the new champion")

        models(settings, "register", str(save_model(a_successor("worse-1"), folder=tmp_path)))
        flip_a_byte(object_path(lake, "models", "worse-1.json"))
        promote_by_hand(lake, a_successor("worse-1"))
        flow.wait_until(
            lambda: flow.total("risk_rules_refused_total") >= 1,
            seconds=FOLLOW_WITHIN_SECONDS,
            what="refusing the bad model",
        )
        wait_for_more(flow, "going on by the champion before")
        flow.terminate()
        assert flow.wait(seconds=30) == 0, flow.tail()

    assert sound_account(settings)["gold_behind"] == 0
    spans = ask(
        settings,
        "select model_version, model_sha256, min(off) as first_off, max(off) as last_off "
        "from decisions group by all order by first_off",
    )
    assert [(span["model_version"], span["model_sha256"]) for span in spans] == [
        (CHAMPION, load_model().sha256),
        ("next-1", successor.sha256),
    ]
    assert all(one["last_off"] < next_["first_off"] for one, next_ in pairwise(spans))
    assert flow.tail().count("rules_refused") == 1


def promote_by_hand(lake: str, model: Scorecard) -> None:
    """Append to the log what no command would: it verifies first."""
    store = RegistryStore(lake)
    entry = an_entry(len(store.entries()) + 1, Action.PROMOTE, model.version, sha256=model.sha256)
    assert store.append(entry)
