"""``/v1/keys``: an admin makes, lists and revokes keys; ``Access`` lets nobody else here."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from assistant.http.errors import ApiError
from assistant.http.schemas import KeyRequest
from assistant.keys import KeyNameError, KeyNameTakenError, Keys


def install(app: FastAPI, keys: Keys) -> None:
    """Add the routes to the app."""

    @app.get("/v1/keys", tags=["keys"])
    def list_keys() -> dict[str, Any]:
        """All keys that were ever made, the oldest first, without their secrets."""
        return {"keys": [key.to_dict() for key in keys.all()]}

    @app.post("/v1/keys", tags=["keys"], status_code=201)
    def create_key(request: KeyRequest) -> dict[str, Any]:
        """Make a key; its secret, under `key`, is shown this once."""
        try:
            made = keys.create(request.name, request.role, expires=request.expires)
        except KeyNameTakenError as error:
            raise ApiError(409, "key_name_taken", str(error), "name") from error
        except KeyNameError as error:
            raise ApiError(422, "invalid_key_name", str(error), "name") from error
        return made.key.to_dict() | {"key": made.token}

    @app.delete("/v1/keys/{name_or_id}", tags=["keys"])
    def revoke_key(name_or_id: str) -> dict[str, Any]:
        """End a key and the sessions that it opened, at once."""
        key = keys.revoke(name_or_id)
        if key is None:
            raise ApiError(404, "no_such_key", f"There is no key {name_or_id!r} in force.", "name_or_id")
        return key.to_dict()
