"""Large language models behind one small interface; LlamaIndex's classes and llama.cpp stay in this file.

``openai:MODEL`` is any server that speaks OpenAI's chat completions, ``ollama:MODEL`` an Ollama server, ``gguf:PATH`` a
file that llama.cpp runs in this process. What a model says is text to be verified, never an order.
"""

from __future__ import annotations

import functools
import json
import queue
import secrets
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from assistant.settings import Settings

Schema = Mapping[str, Any]
"""A JSON schema that the output must fit."""

KINDS = ("openai", "ollama", "gguf")
OPENAI_URL = "https://api.openai.com/v1"
OLLAMA_URL = "http://127.0.0.1:11434"
_MARGIN = 1.25
"""Tokens are counted by a tokenizer that may not be the model's own; so many times more are reckoned with."""
_MOST_CHARACTERS = 8
"""Characters a token of the output has at most: more is cut, whatever the server sends."""


class LlmError(Exception):
    """The LLM gave no answer. The message is one clause that says why, without key and without what it was sent."""


class LanguageModel(Protocol):
    """Goes on from a prompt."""

    @property
    def name(self) -> str:
        """As the setting names it, a file without its folder: ``openai:gpt-4o-mini``."""

    @property
    def context_tokens(self) -> int:
        """Tokens that prompt and output may have together."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, rather too many than too few."""

    def stream(
        self, system: str, prompt: str, *, most_tokens: int, schema: Schema | None = None
    ) -> Generator[str, None, None]:
        """The output piece by piece. Closing the generator stops the model.

        Raises:
            LlmError: it did not answer, or not in time.
        """


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often a model is asked."""

    seconds: float
    """Until the whole output must be there."""
    retries: int
    """Of a request that failed for the moment, before any of its output was there."""
    at_once: int
    """Questions that are put to the model at the same time; more wait, within their seconds."""


def open_llm(settings: Settings) -> LanguageModel | None:
    """The model that the settings name; None where they name none. Nothing is asked of it yet.

    Raises:
        LlmError: the setting is of no known form, or what it needs is not installed.
    """
    if settings.llm is None:
        return None
    kind, _, model = settings.llm.partition(":")
    key = settings.llm_key.get_secret_value() if settings.llm_key is not None else ""
    limits = Limits(settings.llm_timeout, settings.llm_retries, settings.llm_concurrency)
    if kind not in KINDS or not model:
        raise LlmError(f"DATELINE_LLM is {settings.llm!r}; it should read openai:MODEL, ollama:MODEL or gguf:PATH")
    url = settings.llm_url or {"openai": OPENAI_URL, "ollama": OLLAMA_URL}.get(kind, "")
    if kind != "gguf" and urlsplit(url).scheme not in ("http", "https"):
        raise LlmError(f"DATELINE_LLM_URL is {url!r}; it should begin with http:// or https://")
    if kind == "gguf":
        path = Path(model).expanduser()
        return BoundedModel(f"gguf:{path.name}", _Gguf(path, settings.llm_context), limits, settings.llm_context)
    served = _OpenAi if kind == "openai" else _Ollama
    return BoundedModel(
        settings.llm, served(model, url, key, limits, settings.llm_context), limits, settings.llm_context
    )


class _Backend(Protocol):
    def pieces(
        self, system: str, prompt: str, most_tokens: int, schema: Schema | None
    ) -> Generator[str, None, None]: ...

    def count_tokens(self, text: str) -> int: ...


class BoundedModel:
    """A model that ends in time: its output is made in a thread of its own and waited for no longer than allowed."""

    def __init__(self, name: str, backend: _Backend, limits: Limits, context_tokens: int) -> None:
        self.name = name
        self.context_tokens = context_tokens
        self._backend = backend
        self._limits = limits
        self._free = threading.BoundedSemaphore(limits.at_once)

    def count_tokens(self, text: str) -> int:
        return self._backend.count_tokens(text)

    def stream(
        self, system: str, prompt: str, *, most_tokens: int, schema: Schema | None = None
    ) -> Generator[str, None, None]:
        deadline = time.monotonic() + self._limits.seconds
        if not self._free.acquire(timeout=self._limits.seconds):
            raise LlmError(f"the LLM was busy with other questions for {self._limits.seconds:g} s")
        pieces = functools.partial(self._backend.pieces, system, prompt, most_tokens, schema)
        pump = _Pump(pieces, self._limits.retries, self._free.release)
        said = 0
        try:
            while (piece := pump.next(deadline, self._limits.seconds)) is not None:
                said += len(piece)
                yield piece
                if said > most_tokens * _MOST_CHARACTERS:
                    return
        finally:
            pump.stop()


class _Pump:
    """Runs a generator in a thread and hands its pieces on."""

    def __init__(
        self, pieces: Callable[[], Generator[str, None, None]], retries: int, done: Callable[[], None]
    ) -> None:
        self._pieces = pieces
        self._retries = retries
        self._done = done
        self._stopped = threading.Event()
        self._queue: queue.Queue[str | LlmError | None] = queue.Queue()
        threading.Thread(target=self._run, name="llm", daemon=True).start()

    def _run(self) -> None:
        try:
            for attempt in range(self._retries + 1):
                failure = self._hand_on()
                if failure is None or self._stopped.is_set():
                    return
                if not failure.passing or attempt == self._retries or self._stopped.wait(_PAUSE * 2**attempt):
                    self._queue.put(failure.error)
                    return
        finally:
            self._done()

    def _hand_on(self) -> _Failure | None:
        handed = 0
        try:
            with closing(self._pieces()) as pieces:
                for piece in pieces:
                    if self._stopped.is_set():
                        return None
                    self._queue.put(piece)
                    handed += 1
        except LlmError as error:
            return _Failure(error, passing=False)
        except Exception as error:  # noqa: BLE001 — whatever a server's library raises is told as ours
            return _Failure(_told(error), passing=not handed and _passing(error))
        self._queue.put(None)
        return None

    def next(self, deadline: float, seconds: float) -> str | None:
        """The next piece; None at the end.

        Raises:
            LlmError: the iterator failed, or nothing came before the deadline.
        """
        try:
            item = self._queue.get(timeout=max(deadline - time.monotonic(), 0.001))
        except queue.Empty:
            raise LlmError(f"the LLM did not finish within {seconds:g} s") from None
        if isinstance(item, LlmError):
            raise item
        return item

    def stop(self) -> None:
        self._stopped.set()


_PAUSE = 0.5
"""Seconds before a request is sent again; each time twice as many."""


@dataclass(frozen=True, slots=True)
class _Failure:
    error: LlmError
    passing: bool
    """Whether the same request may have an answer a moment later."""


_STATUSES = {
    400: "refused the request",
    401: "does not take the key (DATELINE_LLM_KEY)",
    403: "does not allow it with this key (DATELINE_LLM_KEY)",
    404: "does not know the model or the address (DATELINE_LLM, DATELINE_LLM_URL)",
    408: "took too long",
    413: "finds the request too large",
    429: "takes no more requests at the moment",
}


def _status(error: Exception) -> int | None:
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None


def _passing(error: Exception) -> bool:
    status = _status(error)
    return status in (408, 429) or status >= 500 if status is not None else "Connect" in type(error).__name__


def _told(error: Exception) -> LlmError:
    """What went wrong, by kind: a server's own words may hold the key or the prompt."""
    status = _status(error)
    if status is not None:
        return LlmError(f"the LLM's server {_STATUSES.get(status, 'failed')} (HTTP {status})")
    name = type(error).__name__
    if "Timeout" in name:
        return LlmError("the LLM's server did not answer in time")
    if any(part in name for part in ("Connect", "RemoteProtocol", "ReadError")) or isinstance(error, OSError):
        return LlmError("the LLM's server can't be reached, or closed the connection")
    return LlmError(f"the LLM's server sent what can't be read ({name})")


def _tiktoken_count(text: str) -> int:
    from llama_index.core.utils import get_tokenizer

    return int(len(get_tokenizer()(text)) * _MARGIN) + 1


class _LlamaIndex:
    """What is common to LlamaIndex's classes: messages in, deltas out."""

    def count_tokens(self, text: str) -> int:
        return _tiktoken_count(text)

    def _deltas(self, llm: Any, system: str, prompt: str, options: Mapping[str, Any]) -> Iterator[str]:
        from llama_index.core.base.llms.types import ChatMessage, MessageRole

        messages = [ChatMessage(role=MessageRole.SYSTEM, content=system), ChatMessage(role="user", content=prompt)]
        with closing(llm.stream_chat(messages, **options)) as responses:
            for response in responses:
                if response.delta:
                    yield response.delta


class _OpenAi(_LlamaIndex):
    def __init__(self, model: str, url: str, key: str, limits: Limits, context_tokens: int) -> None:
        self._options: dict[str, Any] = {
            "model": model,
            "api_base": url,
            "api_key": key or "none",  # a local server asks for none, the client insists on one
            "is_chat_model": True,
            "context_window": context_tokens,
            "temperature": 0.0,
            "max_retries": 0,  # requests are sent again by ``_Pump``, within their seconds
            "timeout": limits.seconds,
        }
        self._takes_schema = True

    def pieces(self, system: str, prompt: str, most_tokens: int, schema: Schema | None) -> Generator[str, None, None]:
        import httpx
        from llama_index.llms.openai_like import OpenAILike
        from openai import BadRequestError, UnprocessableEntityError

        plain = {"max_tokens": most_tokens}
        # A connection of its own, so that the server stops when nobody reads on.
        with httpx.Client(timeout=self._options["timeout"]) as connection:
            llm = OpenAILike(**self._options, http_client=connection)
            if schema is None or not self._takes_schema:
                yield from self._deltas(llm, system, prompt, plain)
                return
            form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": True}}
            try:
                yield from self._deltas(llm, system, prompt, {**plain, "response_format": form})
            except (BadRequestError, UnprocessableEntityError):
                for piece in self._deltas(llm, system, prompt, plain):
                    self._takes_schema = False  # an older server: it is asked without from now on
                    yield piece


class _Ollama(_LlamaIndex):
    def __init__(self, model: str, url: str, key: str, limits: Limits, context_tokens: int) -> None:
        self._options: dict[str, Any] = {
            "model": model,
            "base_url": url,
            "request_timeout": limits.seconds,
            "context_window": context_tokens,
            "temperature": 0.0,
            "headers": {"Authorization": f"Bearer {key}"} if key else None,
        }

    def pieces(self, system: str, prompt: str, most_tokens: int, schema: Schema | None) -> Generator[str, None, None]:
        from llama_index.llms.ollama import Ollama
        from ollama import Client

        host, seconds, headers = (self._options[name] for name in ("base_url", "request_timeout", "headers"))
        options = {"format": dict(schema)} if schema is not None else {}
        with Client(host=host, timeout=seconds, headers=headers) as connection:
            llm = Ollama(**self._options, client=connection, additional_kwargs={"num_predict": most_tokens})
            yield from self._deltas(llm, system, prompt, options)


class _Gguf:
    """llama.cpp in this process; the file is loaded at the first question."""

    def __init__(self, path: Path, context_tokens: int) -> None:
        import importlib.util

        if importlib.util.find_spec("xllamacpp") is None:
            raise LlmError("gguf: needs llama.cpp: pip install 'dateline[gguf]'")
        if not path.is_file():
            raise LlmError(f"there is no file {str(path)!r} (DATELINE_LLM)")
        self._path = path
        self._context_tokens = context_tokens
        self._lock = threading.Lock()
        self._server: Any = None
        self._key = secrets.token_urlsafe(16)
        """llama.cpp listens on loopback, on a port of its own choice: nobody else shall use it."""

    def _loaded(self) -> Any:
        with self._lock:
            if self._server is None:
                import xllamacpp

                parameters = xllamacpp.CommonParams()
                parameters.model.path = str(self._path)
                parameters.n_ctx = self._context_tokens
                parameters.n_parallel = 1
                parameters.port = 0
                parameters.verbosity = -1
                parameters.api_keys = [self._key]
                parameters.warmup = False
                try:
                    self._server = xllamacpp.Server(parameters)
                except RuntimeError as error:
                    raise LlmError(f"llama.cpp can't load {self._path.name!r}: is it a GGUF file?") from error
            return self._server

    def count_tokens(self, text: str) -> int:
        import httpx

        url, headers = f"{self._loaded().listening_address}/tokenize", {"Authorization": f"Bearer {self._key}"}
        try:
            answer = httpx.post(url, json={"content": text}, headers=headers, timeout=30, trust_env=False)
            return len(answer.raise_for_status().json()["tokens"])
        except httpx.HTTPError as error:
            raise LlmError(f"llama.cpp does not count tokens ({type(error).__name__})") from error

    def pieces(self, system: str, prompt: str, most_tokens: int, schema: Schema | None) -> Generator[str, None, None]:
        request: dict[str, Any] = {
            "messages": [{"role": "system", "content": system}, {"role": "user", "content": prompt}],
            "max_tokens": most_tokens,
            "temperature": 0.0,
            "stream": True,
        }
        if schema is not None:
            request["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "schema": dict(schema), "strict": True},
            }
        server = self._loaded()
        chunks: queue.Queue[Any] = queue.Queue()
        stopped = threading.Event()

        def take(chunk: Any) -> bool:
            chunks.put(chunk)
            return stopped.is_set()

        def run() -> None:
            try:
                server.handle_chat_completions(request, take)
            except RuntimeError as error:
                chunks.put({"error": {"message": str(error)}})
            finally:
                chunks.put(None)

        threading.Thread(target=run, name="llama.cpp", daemon=True).start()
        try:
            while (chunk := chunks.get()) is not None:
                yield from _delta_of(chunk)
        finally:
            stopped.set()


def _delta_of(chunk: Any) -> Iterator[str]:
    """The words of a chunk in OpenAI's shape."""
    if isinstance(chunk, (str, bytes)):
        chunk = json.loads(chunk)
    if isinstance(chunk, Sequence):
        for part in chunk:
            yield from _delta_of(part)
        return
    if "error" in chunk:
        raise LlmError("llama.cpp refused the request: is DATELINE_LLM_CONTEXT more than the model holds?")
    for choice in chunk.get("choices", ()):
        with suppress(KeyError):
            if text := choice["delta"]["content"]:
                yield text


@dataclass(frozen=True, slots=True)
class ScriptedModel:
    """A stand-in for tests: says what it is told to, or fails as it is told to."""

    pieces: tuple[str, ...]
    failure: LlmError | None = None
    """Raised behind the pieces."""
    name: str = "scripted:stand-in"
    context_tokens: int = 4096

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def stream(
        self,
        system: str,  # noqa: ARG002 — the interface's
        prompt: str,  # noqa: ARG002
        *,
        most_tokens: int,  # noqa: ARG002
        schema: Schema | None = None,  # noqa: ARG002
    ) -> Generator[str, None, None]:
        yield from self.pieces
        if self.failure is not None:
            raise self.failure
