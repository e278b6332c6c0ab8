"""What must be in order for Dateline to work, checked one by one."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from assistant.parts import open_parts
from assistant.reader import ReaderError, open_reader
from assistant.server import PortError, listen
from assistant.settings import SettingsError
from index.errors import LibraryError, ModelChangedError, OriginalsError
from index.health import problems, unopened_problem

if TYPE_CHECKING:
    from assistant.parts import Parts
    from assistant.settings import Settings

_LEAST_FREE = 500_000_000
"""Bytes on the disk of the data folder: a rebuilt vector index stands beside the old one for a while."""
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


def examine(settings: Settings, opener: Callable[..., Parts] | None = None, *, fix: bool = False) -> Iterator[Check]:
    """Look at everything in turn.

    Args:
        fix: mend the library where it can be mended; otherwise it is not changed.
    """
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES)
    yield Check("versions", True, f"Python {platform.python_version()}, {versions}")
    yield _data_dir(settings)
    yield _disk(settings)
    try:
        yield from _library(settings, opener or open_parts, fix=fix)
    except (LibraryError, SettingsError) as error:
        yield Check("library", False, str(error))
    yield _port(settings)


def _library(settings: Settings, opener: Callable[..., Parts], *, fix: bool) -> Iterator[Check]:
    unopened = unopened_problem(settings.data_dir, settings.chroma_server, settings.catalog_url)
    if unopened and not fix:
        # To open it would be to mend it.
        advice = "the next start rebuilds it from the catalog, and so does: dateline doctor --fix"
        yield Check("vectors", False, f"{unopened}: {advice}")
        return
    try:
        parts = opener(settings)
    except ModelChangedError:
        if not fix:
            raise
        parts = opener(settings, any_model=True)
    try:
        library = parts.library
        if unopened:
            yield Check("vectors", library.writable, f"{unopened}; rebuilt from the catalog")
        if fix and library.writable and library.model_changed:
            count = sum(1 for _ in library.reindex())
            yield Check("model", True, f"another model had built the library; {count} documents were indexed anew")
        for problem in problems(library):
            if fix and problem.mend is not None:
                problem.mend()
                yield Check("contents", True, f"mended: {problem.said}")
            else:
                advice = ": dateline doctor --fix mends it" if problem.mend is not None else ""
                yield Check("contents", False, problem.said + advice)
        if library.writable:
            yield _originals(parts)
        stats = library.stats()
        yield Check("library", True, f"{stats.documents} documents, {stats.passages} passages")
        yield _reader(parts, settings)
        yield _models(parts)
        if settings.llm is not None:
            yield _llm(parts, settings)
        if settings.entailment != "none":
            yield _entailment(settings)
    finally:
        parts.close()


def _disk(settings: Settings) -> Check:
    folder = settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    said = f"{free / 1e9:.1f} GB free"
    if free < _LEAST_FREE:
        said += f", at least {_LEAST_FREE / 1e9:.1f} GB are needed to add documents: free some space"
    return Check("disk", free >= _LEAST_FREE, said)


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


def _originals(parts: Parts) -> Check:
    try:
        parts.library.originals.try_writing()
    except OriginalsError as error:
        return Check("originals", False, str(error))
    return Check("originals", True, "copies of files can be kept")


def _reader(parts: Parts, settings: Settings) -> Check:
    if parts.reader is not None:
        return Check("reader", True, parts.reader.name)
    if settings.reader == "none":
        return Check("reader", True, "turned off")
    try:
        open_reader(settings.reader, precision=settings.precision)
    except ReaderError as error:
        return Check("reader", False, str(error))
    return Check("reader", True, "can be had now")


def _models(parts: Parts) -> Check:
    try:
        draft = parts.assistant.draft("Does a question find its way through the models?")
    except LibraryError as error:
        return Check("models", False, str(error))
    total = draft.answer.timings_ms.get("total", 0.0)
    return Check("models", True, f"a question took {total:.0f} ms, loading the models included")


def _llm(parts: Parts, settings: Settings) -> Check:
    from assistant.llm import LlmError, open_llm
    from assistant.prompts import PING, PING_SYSTEM

    try:
        llm = parts.llm or open_llm(settings)
        said = "".join(llm.stream(PING_SYSTEM, PING, most_tokens=8)) if llm is not None else ""
    except LlmError as error:
        return Check("llm", False, f"{settings.llm}: {error}")
    if not said.strip():
        return Check("llm", False, f"{settings.llm} answers with nothing: choose another model with DATELINE_LLM")
    return Check("llm", True, f"{settings.llm} answers")


def _entailment(settings: Settings) -> Check:
    from assistant.entailment import EntailmentError, open_entailment

    try:
        model = open_entailment(settings.entailment)
        if model is not None:
            model.probability("The bridge was closed.", "The bridge was closed.")
    except EntailmentError as error:
        return Check("entailment", False, str(error))
    return Check("entailment", True, f"{settings.entailment} answers")


def _port(settings: Settings) -> Check:
    try:
        listen(settings.host, settings.port).close()
    except PortError as error:
        return Check("port", False, str(error))
    return Check("port", True, f"{settings.port} on {settings.host} is free")
