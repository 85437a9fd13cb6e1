"""``POST /score`` by the reference's own policy: what the reference decided on its own events."""

from __future__ import annotations

import asyncio
import csv
import gzip
import json
from pathlib import Path

import httpx

from tests.serving.api_cases import standing_rules, talking_to

COMPARED = ("dti_band", "util_band", "rate_band", "early_warning_flag", "risk_tier", "reasons")


def test_the_old_form_answers_what_the_reference_answered(shared_data: Path) -> None:
    events = gzip.decompress((shared_data / "events_reference.jsonl.gz").read_bytes()).splitlines()
    with (shared_data / "decisions_reference.csv").open(encoding="utf-8") as lines:
        expected = list(csv.DictReader(lines))

    async def ask(client: httpx.AsyncClient) -> list[httpx.Response]:
        bodies = (b'{"event": %s, "reject_if_missing_required": false}' % raw for raw in events)
        return list(await asyncio.gather(*(client.post("/score", content=body) for body in bodies)))

    answers = talking_to(ask, rules=standing_rules("reference-1"))
    compared = 0
    for answer, row in zip(answers, expected, strict=True):
        said = answer.json()
        if row["scored"] == "1":
            compared += 1
            decision = said["decision"]
            decision["early_warning_flag"] = int(decision["early_warning_flag"])
            decision["reasons"] = "|".join(decision["reasons"])
            assert ["" if decision[n] is None else str(decision[n]) for n in COMPARED] == [
                row[n] for n in COMPARED
            ]
    assert compared == 760
    unscored = [json.loads(answer.content) for answer in answers if not answer.json()["valid"]]
    assert [each["missing_required"] for each in unscored] == [["dti"], ["dti"]]
