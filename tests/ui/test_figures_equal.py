"""Every figure is what its SQL answers, and what the API answers for the same id."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pyarrow as pa
import pytest

from lakehouse.lake.copied import CopiedLake
from lakehouse.lake.literal import as_typed
from lakehouse.lake.session import Asked, Lake
from lakehouse.settings.settings import Settings
from lakehouse.silver.claims import open_silver
from tests.ui.conftest import Tab, environment, free_port
from tests.waiting import until
from ui.app import PAGES
from ui.cards import Card, View, render
from ui.data.asking import Desk
from ui.data.filters import parse
from ui.data.questions import Stores
from ui.look import words

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CARDS = [(page, card) for page in PAGES if not page.is_single for card in page.cards]
CHOICES: tuple[dict[str, Any], ...] = ({}, {"period": "36m", "term": ["36"], "compare": "previous"})


class Remembering(CopiedLake):
    """Keeps each answer, to be compared with what the question answers elsewhere."""

    def __init__(self, lake_uri: str) -> None:
        super().__init__(lake_uri, memory_mb=300)
        self.answers: list[tuple[Asked, pa.Table]] = []
        self.compared: set[str] = set()

    def query(self, statement: str, parameters: Any = None) -> pa.Table:
        answer = super().query(statement, parameters)
        self.answers.append((Asked(statement, parameters or {}, 0.0), answer))
        return answer


@pytest.fixture(scope="module")
def stores(seeded: Path) -> Iterator[tuple[Remembering, Stores, Lake]]:
    settings = Settings.from_env(environment(seeded))
    with ExitStack() as stack:
        lake = Remembering(settings.lake_uri)
        stack.callback(lake.close)
        assert lake.copy()
        typed = Lake(settings.lake_uri)
        stack.callback(typed.close)
        dsn = stack.enter_context(open_silver(settings))
        yield lake, Stores(settings, dsn, now=lambda: NOW), typed


@pytest.mark.parametrize("said", CHOICES, ids=["default", "chosen"])
@pytest.mark.parametrize("card", [card for _, card in CARDS], ids=[card.key for _, card in CARDS])
def test_the_sql_of_a_card_answers_in_the_prompt_what_the_card_was_drawn_from(
    stores: tuple[Remembering, Stores, Lake], card: Card, said: dict[str, Any]
) -> None:
    lake, beside, typed = stores
    desk = Desk(lake, beside, now=lambda: NOW)
    view = View(desk, parse(said), "light", (None,) * len(card.inputs))
    lake.answers.clear()
    render(card, view)
    drawn_from = {(str(each.statement), str(each.parameters)) for each, _ in lake.answers}
    shown = {(str(each.statement), str(each.parameters)) for each in view.asked}
    assert shown == drawn_from
    for asked, answer in lake.answers:
        text = as_typed(asked.statement, asked.parameters)
        if text in lake.compared:
            continue
        lake.compared.add(text)
        again = typed.query(text)
        assert again.schema == answer.schema
        assert again.num_rows == answer.num_rows
        for one, other in zip(again.to_pylist(), answer.to_pylist(), strict=True):
            assert all(map(is_same, one.values(), other.values())), (one, other)


def is_same(one: Any, other: Any) -> bool:
    """Say whether two values are one, but for a sum's last digits, which its order decides."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (
            math.isnan(one) and math.isnan(other)
        )
    return bool(one == other)


def test_the_first_tiles_say_what_plain_sql_says(tab: Tab, seeded: Path) -> None:
    tab.open("/?period=24m")
    lake = Lake(str(seeded / "lake"))
    row = lake.query(
        """
        with last as (select date_trunc('month', max(applied_on)) as month from decisions)
        select count(*) as n, avg(pd) as pd, sum(amount_usd) as usd, sum(pd * amount_usd) as lost,
            count(*) filter (where tier = 'Watchlist') / count(*) as share
        from decisions, last
        where applied_on >= last.month - to_months(23)
        """
    ).to_pylist()[0]
    lake.close()
    usd, lost = words.amount(row["usd"]), words.amount(row["lost"])
    for key, expected in (
        ("ov-applications", words.count(row["n"])),
        ("ov-watchlist", words.number(row["share"] * 100, 1) + "%"),
        ("ov-pd", words.number(row["pd"] * 100, 1) + "%"),
        ("ov-amount", "".join(usd)),
        ("ov-exposure", "".join(lost)),
    ):
        assert tab.text(f".kpi:has(#{key}-title) .kpi-value") == expected


def test_the_cut_offs_say_what_the_command_says_of_the_same_loans(tab: Tab, seeded: Path) -> None:
    tab.open("/cutoffs?cut=20,28,70,2")
    first, last = quarters(tab.text(".page-sub"))
    limits = "--pd 0.2 --high-dti 28 --high-utilisation 70 --many-inquiries 2"
    command = f"lakehouse cutoffs {limits} --from {first} --to {last} --json"
    done = subprocess.run(
        [sys.executable, "-m", *command.split()],
        env=environment(seeded),
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout)
    today, then = said["today"], said["then"]
    assert then["loans"] != today["loans"]
    swaps = said["swapped_in"]["loans"] + said["swapped_out"]["loans"]
    rate = then["default_rate"]
    tile = ".kpi:has(#ct-{}-title) {}"
    for key, part, expected in (
        ("approved", ".kpi-value", words.number(then["share"] * 100, 1)),
        ("approved", ".was", words.number(today["share"] * 100, 1)),
        ("bad", ".kpi-value", words.number(rate["value"] * 100, 1)),
        ("bad", ".kpi-note ~ .kpi-note", f"95 %: {words.interval(rate['low'], rate['high'])}"),
        ("loss", ".kpi-value", words.number(then["expected_loss_usd"] / 1e6, 1)),
        ("swaps", ".kpi-value", words.count(swaps)),
        ("swaps", ".kpi-unit", f"of {words.count(said['loans'])}"),
    ):
        assert tab.text(tile.format(key, part)) == expected


def quarters(text: str) -> tuple[date, date]:
    """Return the first day of the first quarter named, and the day after the last."""
    named = re.findall(r"Q(\d) (\d{4})", text)
    first, last = (date(int(year), 3 * int(number) - 2, 1) for number, year in named)
    after = date(last.year + last.month // 10, (last.month + 2) % 12 + 1, 1)
    return first, after


@pytest.fixture(scope="module")
def api(seeded: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    more = {"RISK_API_ADDRESS": address}
    with (seeded / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.app"],
            env=environment(seeded, **more),
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def answers() -> bool:
        assert process.poll() is None, (seeded / "api.log").read_text(encoding="utf-8")[-2_000:]
        try:
            urlopen(f"http://{address}/healthz", timeout=2).close()
        except URLError:
            return False
        return True

    try:
        until(answers, what="so", seconds=60)
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_an_application_says_what_the_api_answers_for_its_id(
    tab: Tab, api: str, seeded: Path, application: str
) -> None:
    event_id = application.removeprefix("/application/")
    key = (seeded / "api-key").read_text(encoding="utf-8").strip()
    asked = Request(f"{api}/v1/decisions/{event_id}", headers={"x-api-key": key})
    with urlopen(asked, timeout=20) as answered:
        stored = json.load(answered)
    tab.open(application)
    said = tab.text(".page")
    for expected in (
        stored["application_id"],
        stored["tier"],
        words.percent(stored["pd"]),
        f"{stored['points']:g}",
        stored["versions"]["model"],
        stored["versions"]["policy"],
    ):
        assert expected in said


def test_the_index_holds_no_data(site: str, seeded: Path) -> None:
    with urlopen(site, timeout=20) as answered:
        index = answered.read().decode()
    lake = Lake(str(seeded / "lake"))
    rows = lake.query("select application_id, event_id from decisions limit 2000").to_pylist()
    lake.close()
    assert not any(each["application_id"] in index or each["event_id"] in index for each in rows)
