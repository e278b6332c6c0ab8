"""What a user can set, and where it is read from.

Later ones win: the defaults below, ``dateline.toml`` in the working folder, the environment (``DATELINE_*``),
flags of the command line (keyword arguments of ``load_settings``).
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as _SourceError

from corpus.readers.raw import Limits
from index.servers import ChromaServer

TOML_FILE = "dateline.toml"
ENVIRONMENT_PREFIX = "DATELINE_"

_SECRETS = ("chroma_url", "chroma_token", "chroma_headers", "database_url", "llm_key", "originals_url")
"""Settings whose values no message shows."""

LogFormat = Literal["pretty", "json"]
Precision = Literal["auto", "float32", "bfloat16"]


def _words(given: Any) -> Any:
    return given.replace(",", " ").split() if isinstance(given, str) else given


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s?#@*]+", origin):
            raise ValueError(f"{origin!r} is not an origin; write it like https://example.org, without a path")
    return tuple(origin.lower() for origin in origins)


class SettingsError(Exception):
    """A setting that can't be used. The message names it, what it holds, and what is expected."""


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected the address of a server, such as http://host:8000")
    if parts.username is not None:
        raise ValueError("expected an address without user and password: they are sent by DATELINE_CHROMA_HEADERS")
    return url


def _place(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if not parts.scheme or not (parts.netloc or parts.path.startswith("/")):
        raise ValueError("expected a URL, such as s3://bucket/folder or file:///shared/folder")
    if parts.scheme == "file" and (parts.netloc or len(parts.path) < 2):
        raise ValueError("expected the whole path of a folder, with three strokes: file:///shared/folder")
    return url


class Settings(BaseSettings):
    """Every setting; one object is made at the start and handed on by argument."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_ignore_empty=True,
        toml_file=TOML_FILE,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data_dir: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("dateline", appauthor=False))
    )
    """Folder that holds the library: catalog, vectors, originals. Made on first use."""

    host: str = Field(default="127.0.0.1", min_length=1)
    """Address that the server listens on; the default is reachable from this computer alone."""

    port: int = Field(default=7860, ge=0, le=65535)
    """Port that the server listens on; 0 takes a free one."""

    workers: int = Field(default=1, ge=1, le=64)
    """Processes that serve behind the port; more than one needs `database_url` and `chroma_url`."""

    embedding_model: str = Field(default="packaged", min_length=1)
    """`packaged` (comes with the installation), or a sentence-transformers model by its folder or hub name."""

    reader: str = Field(default="packaged", min_length=1)
    """Model that scores sentences as answers: `packaged`, `none`, or a CrossEncoder by its folder or hub name."""

    precision: Precision = "auto"
    """Number format of the embedding model and the packaged reader: `auto` (what is fast), `float32`, `bfloat16`."""

    llm: str | None = None
    """LLM that phrases answers: `openai:MODEL`, `ollama:MODEL` or `gguf:PATH`; none: the documents' own words."""

    llm_url: str | None = None
    """Address of the LLM's server; the default is OpenAI's, or Ollama's on this computer."""

    llm_key: SecretStr | None = None
    """Key for the LLM's server. It is never shown, logged or kept in an answer."""

    llm_timeout: float = Field(default=60.0, gt=0)
    """Seconds in which the LLM must have finished; then the documents' own words are shown."""

    llm_retries: int = Field(default=1, ge=0, le=10)
    """How often a request that the LLM's server refused for the moment is sent again, within the time-out."""

    llm_concurrency: int = Field(default=2, ge=1)
    """Questions that are put to the LLM at the same time."""

    entailment: str = Field(default="none", min_length=1)
    """Model that verifies what sentences of the LLM mean: `none`, or an NLI CrossEncoder by its folder or hub name."""

    llm_context: int = Field(default=4096, ge=1024)
    """Tokens that the LLM holds, question, quotes and answer together."""

    max_upload_bytes: int = Field(default=50 * 1024 * 1024, gt=0)
    """Largest file that the page and the API take, in bytes."""

    max_file_bytes: int = Field(default=256 * 1024 * 1024, gt=0)
    """Largest file that is read from a folder, in bytes."""

    max_unpacked_bytes: int = Field(default=1024 * 1024 * 1024, gt=0)
    """Largest size that the files in an archive may have together once unpacked, in bytes."""

    max_read_seconds: float = Field(default=600.0, gt=0)
    """Longest time that reading a file may take, in seconds; looked at between its parts."""

    max_question_characters: int = Field(default=10_000, gt=0)
    """Longest question that is taken, in characters."""

    answer_accuracy: float = Field(default=0, ge=0, lt=1)
    """Answer only where answers are right at least this often, as measured: `0.8`; `0` for the usual balance."""

    requests_per_minute: int = Field(default=600, gt=0)
    """Requests a minute that are taken of one key, or where there is none of one address."""

    max_concurrent: int = Field(default=8, gt=0)
    """Requests that are worked on at once; more wait."""

    max_waiting: int = Field(default=64, ge=0)
    """Requests that may wait; more are refused with 503."""

    max_request_seconds: int = Field(default=120, gt=0)
    """Longest time that a request waits, and that its answer may take to begin."""

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_origins)] = ()
    """Sites whose pages may call the API with a key, such as `https://example.org`, between spaces or commas."""

    log_format: LogFormat = "pretty"
    """The server's log on standard error: `pretty` for people, or `json`."""

    log_questions: bool = False
    """Whether the log holds what was asked."""

    chroma_url: Annotated[str, AfterValidator(_web_address)] | None = None
    """Chroma server for the vectors: `http://host:8000`, `https://host/?tenant=T&database=D`; without it: embedded."""

    chroma_token: SecretStr | None = None
    """Token that the Chroma server asks for, sent as `x-chroma-token`."""

    chroma_headers: dict[str, SecretStr] = {}
    """Further headers for the Chroma server, or for a proxy before it, as a JSON object."""

    database_url: SecretStr | None = None
    """PostgreSQL for the catalog: `postgresql://user:password@host/database`; without it: SQLite, in a file."""

    originals_url: Annotated[SecretStr, AfterValidator(_place)] | None = None
    """Where copies of files are kept: `file:///shared/folder`, `s3://bucket/folder` or another fsspec URL."""

    @property
    def copies_url(self) -> str | None:
        """Where copies of files are kept; None for the data folder."""
        return self.originals_url.get_secret_value() if self.originals_url is not None else None

    @property
    def catalog_url(self) -> str | None:
        """The address of the catalog's database; None for SQLite in the data folder."""
        return self.database_url.get_secret_value() if self.database_url is not None else None

    @property
    def chroma_server(self) -> ChromaServer | None:
        """The Chroma server; None for an embedded Chroma."""
        if self.chroma_url is None:
            return None
        headers = {name: value.get_secret_value() for name, value in self.chroma_headers.items()}
        if self.chroma_token is not None:
            headers["x-chroma-token"] = self.chroma_token.get_secret_value()
        return ChromaServer(self.chroma_url, headers)

    @property
    def limits(self) -> Limits:
        """What reading a file of a folder may cost."""
        return Limits(
            max_bytes=self.max_file_bytes,
            max_unpacked_bytes=self.max_unpacked_bytes,
            max_seconds=self.max_read_seconds,
        )

    @property
    def upload_limits(self) -> Limits:
        """What reading a file may cost that somebody sends."""
        return replace(self.limits, max_bytes=self.max_upload_bytes)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 — the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, environment, ``dateline.toml``; no ``.env`` file and no secrets folder."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: Any) -> Settings:
    """The settings with ``flags`` above all; a flag that is None counts as not given.

    Raises SettingsError with one sentence.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{TOML_FILE} in the working folder is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{TOML_FILE} in the working folder is not UTF-8 text: {error}") from error
    except OSError as error:
        raise SettingsError(f"{TOML_FILE} in the working folder can't be read: {error.strerror}") from error
    except _SourceError as error:
        raise SettingsError(str(error)) from error


def environment_name(setting: str) -> str:
    """``data_dir`` -> ``DATELINE_DATA_DIR``."""
    return ENVIRONMENT_PREFIX + setting.upper()


def _sentence(error: ValidationError) -> str:
    parts = []
    for problem in error.errors():
        name = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            known = ", ".join(Settings.model_fields)
            parts.append(f"there is no setting {name!r} (the settings are {known})")
        else:
            message = problem["msg"][:1].lower() + problem["msg"][1:]
            found = "secret" if name.split(".")[0] in _SECRETS else repr(problem["input"])
            parts.append(f"the setting {name!r} ({environment_name(name)}) is {found}: {message}")
    sentence = "; ".join(parts)
    return sentence[:1].upper() + sentence[1:]
