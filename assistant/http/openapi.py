"""The OpenAPI document: what FastAPI makes of the routes, and who may call them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from assistant.http.access import OPEN

EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["data"],
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
}
"""The schema of one server-sent event."""
_SCHEME = "key"
_ABOUT = (
    "A key, made with `dateline keys create NAME` or at `/v1/keys`. Until the first is made none is needed, "
    "and the server is open to this computer alone."
)


def install(app: FastAPI) -> None:
    """Have the app's document tell that its operations want a key."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made()
            schemes = document.setdefault("components", {}).setdefault("securitySchemes", {})
            schemes[_SCHEME] = {"type": "http", "scheme": "bearer", "description": _ABOUT}
            for path, item in document["paths"].items():
                for operation in item.values():
                    operation["security"] = [] if path in OPEN else [{_SCHEME: []}]
        return app.openapi_schema or made()

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's docs do
