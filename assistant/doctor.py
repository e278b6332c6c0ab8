"""What must be in order for Dateline to work, checked one by one."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from assistant.parts import open_parts
from assistant.server import PortError, listen
from index.errors import LibraryError

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings, SettingsError

_PACKAGES = ("chromadb", "gradio", "llama-index-core", "sentence-transformers", "torch")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    """What was found, and where it is not in order what to do."""

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def examine(settings: Settings, opener: Callable[..., Parts] | None = None) -> Iterator[Check]:
    """Look at everything in turn; the library is opened but not changed."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    yield Check("versions", True, f"Python {platform.python_version()}, {versions}")
    yield _data_dir(settings)
    try:
        parts = (opener or open_parts)(settings)
    except (LibraryError, SettingsError) as error:
        yield Check("library", False, str(error))
    else:
        try:
            stats = parts.library.stats()
            yield Check("library", True, f"{stats.documents} documents, {stats.passages} passages")
            yield _models(parts)
        finally:
            parts.close()
    yield _port(settings)


def _data_dir(settings: Settings) -> Check:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "choose another folder with DATELINE_DATA_DIR"
        return Check("data folder", False, f"{folder} can't be written ({error.strerror}): {advice}")
    return Check("data folder", True, f"{folder} can be written")


def _models(parts: Parts) -> Check:
    try:
        draft = parts.assistant.draft("Does a question find its way through the models?")
    except LibraryError as error:
        return Check("models", False, str(error))
    total = draft.answer.timings_ms.get("total", 0.0)
    return Check("models", True, f"a question took {total:.0f} ms, loading the models included")


def _port(settings: Settings) -> Check:
    try:
        listen(settings.host, settings.port).close()
    except PortError as error:
        return Check("port", False, str(error))
    return Check("port", True, f"{settings.port} on {settings.host} is free")
