"""The OpenAPI document as a page for people: one answer, without any resource from elsewhere."""

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

from starlette.responses import HTMLResponse

_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
}
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_SCHEMA: Final = "#/components/schemas/"
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
       color: #1a1f2b; background: #fff }
h2 { margin-top: 2.5rem } h3 { margin-bottom: .2rem } h3 code { font-weight: 600 }
pre { background: #f3f5f9; padding: .8rem; overflow: auto; font-size: .85rem }
table { border-collapse: collapse } td, th { text-align: left; padding: .2rem 1rem .2rem 0;
       vertical-align: top } a { color: #0b57c2 }
.method { display: inline-block; min-width: 3.5rem; text-transform: uppercase }
"""


def docs_page(document: Mapping[str, Any], openapi_url: str) -> HTMLResponse:
    """Return the page of an OpenAPI document.

    Parameters
    ----------
    openapi_url
        Where the document itself is, for those who give it to a program.
    """
    title = escape(document["info"]["title"])
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>",
        f'<meta name=viewport content="width=device-width"><style>{_STYLE}</style>',
        f"<h1>{title}</h1><p>{_paragraphs(document['info'].get('description', ''))}</p>",
        f'<p>For programs: <a href="{escape(openapi_url)}">{escape(openapi_url)}</a>.</p>',
        "<h2>Operations</h2>",
        *_operations(document["paths"]),
        "<h2>Schemas</h2>",
        *_schemas(document.get("components", {}).get("schemas", {})),
        "</html>",
    ]
    return HTMLResponse("\n".join(parts), headers=_HEADERS)


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                yield from _operation(method, path, item[method])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    name = escape(operation.get("operationId", f"{method}-{path}"))
    heading = f"<code><span class=method>{method}</span> {escape(path)}</code>"
    yield f'<section id="{name}"><h3>{heading}</h3>'
    yield f"<p>{_paragraphs(operation.get('description') or operation.get('summary', ''))}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><tr><th>Parameter<th>In<th>Takes<th>Means</tr>"
        for each in parameters:
            cells = (each["name"], each["in"], _takes(each.get("schema", {})))
            row = "".join(f"<td>{escape(cell)}" for cell in cells)
            yield f"<tr>{row}<td>{_paragraphs(each.get('description', ''))}</tr>"
        yield "</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(kind)}</code> {_linked(content.get('schema', {}))}</p>"
        yield _example(content, "Example of a body")
    yield "<table><tr><th>Answer<th>Means<th>Holds</tr>"
    for status, answer in operation.get("responses", {}).items():
        holds = " ".join(
            _linked(each.get("schema", {})) for each in answer.get("content", {}).values()
        )
        means = escape(answer.get("description", "")).replace("\n\n", "<br>")
        for header in answer.get("headers", {}).keys() - {"X-Request-Id"}:  # every answer has it
            said = answer["headers"][header].get("description", "")
            means += f"<br><code>{escape(header)}</code>: {escape(said)}"
        yield f"<tr><td>{escape(str(status))}<td>{means}<td>{holds}</tr>"
    yield "</table>"
    for answer in operation.get("responses", {}).get("200", {}).get("content", {}).values():
        yield _example(answer, "Example of an answer")
    yield "</section>"


def _example(content: Mapping[str, Any], title: str) -> str:
    values = [each["value"] for each in content.get("examples", {}).values()]
    texts = (
        value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
        for value in values
    )
    return "".join(
        f"<details><summary>{title}</summary><pre>{escape(text)}</pre></details>" for text in texts
    )


def _schemas(schemas: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in schemas.items():
        text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
        named = escape(name)
        yield f'<details id="{named}" open><summary>{named}</summary><pre>{text}</pre></details>'


def _linked(schema: Mapping[str, Any]) -> str:
    named = str(schema.get("$ref", "")).removeprefix(_SCHEMA)
    if named:
        return f'<a href="#{escape(named)}">{escape(named)}</a>'
    return f"<code>{escape(_takes(schema))}</code>" if schema else ""


def _takes(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kinds = schema.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _paragraphs(text: str) -> str:
    return escape(text).replace("\n\n", "</p><p>")
