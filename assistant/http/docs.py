"""``/docs``: the API's OpenAPI document as a page without scripts, served with nothing from elsewhere."""

from __future__ import annotations

import functools
import json
import re
import secrets
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import markupsafe
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

Json = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "maxItems": "at most {} items",
}
"""Whole numbers that limit a value, in words; ``_ONE`` says the singular."""
_ONE = {"at least 1 characters": "not empty"}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a request's body."""

    name: str
    type: str
    """For people: ``array of strings``, ``date or null``."""
    required: bool
    default: str | None
    """As JSON; None where there is none."""
    about: str
    """What it means, with its limits."""


@dataclass(frozen=True, slots=True)
class Body:
    """One form in which a request's body may come."""

    media_type: str
    fields: tuple[Field, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Field, ...]
    bodies: tuple[Body, ...]
    curl: str
    """Empty where the bodies have their own examples."""

    @property
    def anchor(self) -> str:
        return re.sub(r"\W+", "-", f"{self.method}{self.path}").strip("-").lower()


def install(app: FastAPI) -> None:
    """Serve the page at ``/docs``; it shows whatever routes the app has by then."""

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs(request: Request) -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'"
        page = docs_page(app.openapi(), str(request.base_url).rstrip("/"), nonce)
        return HTMLResponse(page, headers={"Content-Security-Policy": policy})


def docs_page(openapi: Json, base: str, nonce: str) -> str:
    """The page of an OpenAPI document; the examples call the server at ``base``."""
    groups: dict[str, list[Operation]] = {}
    for tag, operation in operations(openapi, base):
        groups.setdefault(tag, []).append(operation)
    return (
        _templates()
        .get_template("docs.html")
        .render(info=openapi["info"], groups=groups, errors=_error_fields(openapi), nonce=nonce)
    )


def operations(openapi: Json, base: str) -> Iterator[tuple[str, Operation]]:
    """Each operation with its tag, in the order of the document."""
    for path, item in openapi["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            told = item[method]
            parameters = [_resolved(openapi, parameter) for parameter in told.get("parameters", ())]
            call = _call(method, base + path, parameters)
            content = _resolved(openapi, told.get("requestBody", {})).get("content", {})
            bodies = tuple(_body(openapi, media_type, entry["schema"], call) for media_type, entry in content.items())
            yield (
                (told.get("tags") or ["other"])[0],
                Operation(
                    method=method.upper(),
                    path=path,
                    summary=told.get("summary", ""),
                    about=told.get("description", ""),
                    parameters=tuple(_parameter(openapi, parameter) for parameter in parameters),
                    bodies=bodies,
                    curl="" if bodies else call,
                ),
            )


def _call(method: str, url: str, parameters: list[Json]) -> str:
    """The curl command without a body: path parameters in capitals, required ones of the query filled in."""
    url = re.sub(r"{(\w+)}", lambda found: found[1].upper(), url)
    required = [item["name"] for item in parameters if item["in"] == "query" and item.get("required")]
    if required:
        url += "?" + "&".join(f"{name}={name.upper()}" for name in required)
    flag = "" if method in ("get", "post") else f"-X {method.upper()} "
    return f"curl {flag}{shlex.quote(url)}"


def _body(openapi: Json, media_type: str, schema: Json, call: str) -> Body:
    schema = _resolved(openapi, schema)
    required = schema.get("required", ())
    properties: Json = schema.get("properties", {})
    names = sorted(properties, key=lambda name: name not in required)
    fields = tuple(_field(openapi, name, properties[name], required=name in required) for name in names)
    if media_type == "application/json":
        example = (schema.get("examples") or [dict.fromkeys(required, "…")])[0]
        text = json.dumps({name: example[name] for name in names if name in example}, ensure_ascii=False)
        options = ["-H 'Content-Type: application/json'", f"-d {shlex.quote(text)}"]
    else:
        options = [f"-F {name}={value}" for name in names for value in _form_values(properties[name])]
    return Body(media_type, fields, " \\\n  ".join([call, *options]))


def _form_values(schema: Json) -> tuple[str, ...]:
    """What stands for a field of a form in an example: two files for a list of them, else its own example."""
    if schema.get("type") == "array":
        return ("@FILE", "@ANOTHER_FILE")
    return ("@FILE",) if schema.get("format") == "binary" else tuple(map(str, schema.get("examples", ())))


def _parameter(openapi: Json, parameter: Json) -> Field:
    field = _field(openapi, parameter["name"], parameter["schema"], required=parameter.get("required", False))
    where = "In the path." if parameter["in"] == "path" else ""
    about = " ".join(part for part in (parameter.get("description", ""), field.about, where) if part)
    return Field(field.name, field.type, field.required, field.default, about)


def _field(openapi: Json, name: str, schema: Json, *, required: bool) -> Field:
    schema = _resolved(openapi, schema)
    limits = [
        _ONE.get(said, said)
        for form in (schema, *(_resolved(openapi, part) for part in schema.get("anyOf", ())))
        for key, words in _LIMITS.items()
        if key in form and (said := words.format(f"{int(form[key]):,}"))
    ]
    default = json.dumps(schema["default"], ensure_ascii=False) if "default" in schema else None
    limited = f"{', '.join(limits).capitalize()}." if limits else ""
    about = " ".join(part for part in (schema.get("description", ""), limited) if part)
    return Field(name, _type(openapi, schema), required, default, about)


def _type(openapi: Json, schema: Json) -> str:
    """A schema's type in words."""
    schema = _resolved(openapi, schema)
    if "anyOf" in schema:
        return " or ".join(_type(openapi, part) for part in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    kind = schema.get("type", "any")
    if kind == "array":
        inner = _type(openapi, schema.get("items", {}))
        return f"list of {inner}s" if inner.isalpha() else f"list of {inner}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(f"{name}: {_type(openapi, part)}" for name, part in schema["properties"].items()) + "}"
    if kind == "string":
        return {"date": "date", "date-time": "date and time", "binary": "file"}.get(schema.get("format", ""), "string")
    return str(kind)


def _error_fields(openapi: Json) -> tuple[Field, ...]:
    """The fields of what every error is, where the document tells them."""
    error = openapi.get("components", {}).get("schemas", {}).get("ErrorDetail", {})
    return tuple(_field(openapi, name, inner, required=True) for name, inner in error.get("properties", {}).items())


def _resolved(openapi: Json, schema: Json) -> Json:
    """The schema, or what its ``$ref`` names (the words beside the reference win)."""
    if "$ref" not in schema:
        return schema
    found: Any = openapi
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return {**found, **{key: value for key, value in schema.items() if key != "$ref"}}


def _code(text: str) -> markupsafe.Markup:
    """Words between backticks as code; everything else as it is."""
    pieces = (markupsafe.escape(piece) for piece in text.split("`"))
    return markupsafe.Markup("").join(
        markupsafe.Markup("<code>{}</code>").format(piece) if number % 2 else piece
        for number, piece in enumerate(pieces)
    )


@functools.cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("assistant.http", "templates"), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["code"] = _code
    return environment
