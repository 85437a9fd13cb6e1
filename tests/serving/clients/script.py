"""One script of all operations, errors included, for clients in every language.

A line is a request: name, method, path, headers (``Name: value|...``) and body (base64), with tabs
between them.
A client answers with a line each: name, status, body (base64).
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.risk.applications import an_event, as_bytes


@dataclass(frozen=True)
class Step:
    """A request, and what is expected: the status, and a text that the body holds."""

    name: str
    method: str
    path: str
    status: int
    holds: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


def steps(key: str, event_id: str) -> list[Step]:
    """Return the script for this key and a decision that is stored."""
    stored = f"/v1/decisions/{quote(event_id, safe='')}"
    batch = b'{"applications": [%s, {"id": NaN}]}' % as_bytes()
    old = json.dumps({"event": an_event()}).encode()
    as_json = ("Content-Type", "application/json")

    def get(name: str, path: str, status: int = 200, holds: str = "") -> Step:
        return Step(name, "GET", path, status, holds, headers=(("X-API-Key", key),))

    def post(
        name: str, path: str, body: bytes, status: int = 200, holds: str = "", **more: str
    ) -> Step:
        headers = {"X-API-Key": key, as_json[0]: as_json[1]}
        headers |= {header.replace("_", "-"): value for header, value in more.items()}
        return Step(name, "POST", path, status, holds, body, tuple(headers.items()))

    return [
        Step("alive", "GET", "/healthz", 200, "ok"),
        Step("ready", "GET", "/readyz", 200, '"silver"'),
        Step("document", "GET", "/openapi.json", 200, '"openapi"'),
        Step("problems", "GET", "/problems", 200, "unauthenticated"),
        Step("head", "HEAD", "/healthz", 200),
        Step("options", "OPTIONS", "/v1/decisions", 204),
        get("metrics", "/metrics", holds="risk_api_requests_total"),
        get("policy", "/v1/policies/current", holds="standard-1"),
        get("models", "/v1/models", holds='"champion"'),
        post("decide", "/v1/decisions", as_bytes(), holds='"pd"'),
        post("batch", "/v1/decisions:batch", batch, holds='"malformed_json"'),
        post("old form", "/score", old, holds='"persisted":false'),
        get("list", "/v1/decisions?since=2015-01-01T00:00:00Z", holds='"next"'),
        get("read", stored, holds='"lineage"'),
        get("application", f"/v1/applications/{quote(event_id, safe='')}", holds='"decisions"'),
        get("explain", f"{stored}/explanation", holds='"contributions"'),
        post("replay", f"{stored}/replay", b"", holds='"matches":true'),
        Step("no key", "GET", "/v1/models", 401, "unauthenticated"),
        Step("no key, body", "POST", "/v1/decisions", 401, "unauthenticated", as_bytes()),
        get("nobody", "/v1/decisions/2015%2F07%2Fnobody%2Fexplanation", 404, "not_found"),
        get("no method", "/v1/decisions:batch", 405, "method_not_allowed"),
        post("no json", "/v1/decisions", b"{", 400, "malformed_json"),
        post("too long", "/v1/decisions", b" " * 300_000, 413, "body_too_large"),
        post("no type", "/v1/decisions", b"a;b", 415, "unsupported", Content_Type="text/csv"),
        post("refused", "/v1/decisions", as_bytes(loan_amnt=-1), 422, "out_of_range"),
        post("no query", "/v1/decisions?x=1", as_bytes(), 422, "invalid_request"),
        post(
            "no topic",
            "/v1/decisions?record=true",
            as_bytes(),
            409,
            "recording_unavailable",
            Idempotency_Key="k1",
        ),
        post("decide again", "/v1/decisions", as_bytes(), holds='"pd"'),
    ]


def write(script: list[Step], path: Path) -> Path:
    """Write the script for a client."""
    lines = [
        "\t".join(
            [
                step.name,
                step.method,
                step.path,
                "|".join(f"{name}: {value}" for name, value in step.headers),
                base64.b64encode(step.body).decode(),
            ]
        )
        for step in script
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def differences(script: list[Step], said: list[tuple[str, int, bytes]]) -> list[Any]:
    """Return the steps that were answered otherwise than expected."""
    assert [name for name, _, _ in said] == [step.name for step in script]
    return [
        (step.name, status, body[:500])
        for step, (_, status, body) in zip(script, said, strict=True)
        if status != step.status or step.holds.encode() not in body
    ]
