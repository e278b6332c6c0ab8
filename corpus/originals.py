"""Copies of the files that documents were read from, under the hash of their content: one copy however many names.

They are in the data folder, or wherever a URL of fsspec leads: a shared folder, S3-compatible storage.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime
import hashlib
import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from corpus.errors import OriginalsError

_PIECE = 1024 * 1024
"""Bytes that are read at once."""
_UNFINISHED = ".part"
_LOOK_SECONDS = 2
_S3 = ("s3", "s3a")
_S3_CLIENT = {"allow_http": True, "connect_timeout": "3s", "timeout": "120s"}
_S3_RETRIES = {"max_retries": 2, "retry_timeout": datetime.timedelta(seconds=10)}


def content_hash(data: bytes) -> str:
    """BLAKE2b-128: what a copy is kept under."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Originals(Protocol):
    """A place of copies. Which of them may go is for the catalog to say.

    Each call raises OriginalsError where the place does not answer, or lets nobody in.
    """

    def path(self, hashed: str) -> Path | None:
        """Where the copy is, or would be, on this machine; None for a place that is reached otherwise."""

    def pieces(self, hashed: str) -> Iterator[bytes] | None:
        """What the copy holds, piece by piece; None where there is none."""

    def keep(self, data: bytes, hashed: str) -> None:
        """Keep a copy; it is there whole, or not at all."""

    def remove(self, hashed: str) -> None:
        """Remove the copy, where there is one."""

    def hashes(self) -> Iterator[str]:
        """Of all copies, whole or not."""

    def look(self) -> None:
        """Whether the place answers."""

    def try_writing(self) -> None:
        """Whether it can be written."""


def open_originals(folder: Path, url: str | None) -> Originals:
    """The place of copies: below a data folder, or where a URL leads.

    Raises:
        OriginalsError: the URL's kind is not known, or the package for it is not installed.
    """
    if url is None:
        return FolderOriginals(folder / "originals")
    parts = urlsplit(url)
    if parts.scheme == "file":
        return FolderOriginals(Path(parts.path), made=False)
    return FsspecOriginals(url)


def read_whole(originals: Originals, hashed: str) -> bytes | None:
    """What a copy holds; None where there is none."""
    pieces = originals.pieces(hashed)
    return b"".join(pieces) if pieces is not None else None


class FolderOriginals:
    """Copies in a folder of this machine, or one that is mounted on it."""

    def __init__(self, folder: Path, *, made: bool = True) -> None:
        """Nothing is touched yet.

        Args:
            made: make the folder on first use. Where it is to be there, one that is missing is one that is not mounted.
        """
        self._folder = folder
        self._made = made

    def path(self, hashed: str) -> Path:
        return self._folder / hashed[:2] / hashed

    def pieces(self, hashed: str) -> Iterator[bytes] | None:
        path = self.path(hashed)
        with self._reaching():
            return iter([path.read_bytes()]) if path.is_file() else None

    def keep(self, data: bytes, hashed: str) -> None:
        path = self.path(hashed)
        with self._reaching():
            if path.is_file() and path.stat().st_size == len(data):
                return
            if self._made:
                self._folder.mkdir(parents=True, exist_ok=True)
            path.parent.mkdir(exist_ok=True)
            unfinished = path.with_name(hashed + _UNFINISHED)
            with unfinished.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)

    def remove(self, hashed: str) -> None:
        path = self.path(hashed)
        self.look()  # in a folder that is not mounted nothing is missing
        with self._reaching():
            path.unlink(missing_ok=True)
            path.with_name(hashed + _UNFINISHED).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other copies are in the folder, or it was never made
            path.parent.rmdir()

    def hashes(self) -> Iterator[str]:
        for path in sorted(self._folder.glob("??/*")):
            yield path.name.removesuffix(_UNFINISHED)

    def look(self) -> None:
        with self._reaching():
            if not self._made or self._folder.exists():
                next(self._folder.iterdir(), None)

    def try_writing(self) -> None:
        self.keep(b"", _TRIAL)
        self.remove(_TRIAL)

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OriginalsError(
                f"the copies of files in {str(self._folder)!r} cannot be read or written ({error.strerror}): see that "
                "the folder is there, can be written and has space, then try again"
            ) from error


_TRIAL = content_hash(b"Dateline tries whether it may write here.")


class FsspecOriginals:
    """Copies wherever fsspec reaches."""

    def __init__(self, url: str) -> None:
        """Does not connect yet.

        Raises:
            OriginalsError: the URL's kind is not known, or the package for it is not installed.
        """
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self._place = f"{parts.scheme}://{host}{parts.path}"
        self._files: Any
        try:
            if parts.scheme in _S3:
                self._files, root = _s3_files(), host + parts.path
            else:
                import fsspec  # type: ignore[import-untyped]

                # What other processes do must be seen at once.
                self._files, root = fsspec.url_to_fs(url, use_listings_cache=False)
        except ImportError as error:
            extra = "pip install '.[s3]'" if parts.scheme in _S3 else str(error)
            raise OriginalsError(
                f"the package that reaches {self._place} is not installed ({extra}): install it, or correct "
                "DATELINE_ORIGINALS_URL"
            ) from error
        except ValueError as error:
            raise OriginalsError(
                f"{self._place} cannot be used ({error}): correct DATELINE_ORIGINALS_URL, such as s3://bucket/folder "
                "or file:///shared/originals"
            ) from error
        self._advice = "start the storage, let Dateline in, or correct DATELINE_ORIGINALS_URL"
        if parts.scheme in _S3:
            self._advice += ", AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        self._root = root.rstrip("/")
        # Storage that is away takes its client ten seconds to notice; readiness must not wait for that.
        self._looker = concurrent.futures.ThreadPoolExecutor(1, "originals")
        self._looking: concurrent.futures.Future[None] | None = None

    def path(self, hashed: str) -> None:  # noqa: ARG002 — the signature is the protocol's
        return None

    def pieces(self, hashed: str) -> Iterator[bytes] | None:
        name = self._name(hashed)
        with self._reaching():
            if self._size(name) is None:
                return None
            file = self._files.open(name, "rb")
        return self._read(file)

    def _read(self, file: Any) -> Iterator[bytes]:
        with self._reaching(), file:
            while piece := file.read(_PIECE):
                yield piece

    def keep(self, data: bytes, hashed: str) -> None:
        name = self._name(hashed)
        with self._reaching():
            if self._size(name) == len(data):
                return
            with contextlib.suppress(FileExistsError):
                # Not with its parents: a bucket with a misspelt name would be made.
                self._files.mkdir(name.rpartition("/")[0], create_parents=False)
            self._files.pipe_file(name + _UNFINISHED, data)
            self._files.mv(name + _UNFINISHED, name)

    def remove(self, hashed: str) -> None:
        name = self._name(hashed)
        with self._reaching():
            for one in (name, name + _UNFINISHED):
                if self._size(one) is not None:  # `exists` takes some errors for a no
                    self._files.rm_file(one)

    def hashes(self) -> Iterator[str]:
        with self._reaching():
            names = sorted(self._files.find(self._root))
        for name in names:
            yield name.rpartition("/")[2].removesuffix(_UNFINISHED)

    def look(self) -> None:
        looking = self._looking
        if looking is None:
            looking = self._looking = self._looker.submit(self._list)
        try:
            looking.result(_LOOK_SECONDS)
        except concurrent.futures.TimeoutError as error:
            raise OriginalsError(
                f"the copies of files at {self._place} cannot be read or written (no answer in {_LOOK_SECONDS} seconds)"
            ) from error
        finally:
            if looking.done():
                self._looking = None

    def _list(self) -> None:
        with self._reaching(), contextlib.suppress(FileNotFoundError):  # nothing is kept yet
            self._files.ls(self._root, detail=False)

    def try_writing(self) -> None:
        self.look()  # storage says why it refuses to list, but not why it refuses to look for one copy
        self.keep(b"", _TRIAL)
        self.remove(_TRIAL)

    def _size(self, name: str) -> int | None:
        """Bytes; None where there is no such file."""
        try:
            size: int = self._files.info(name)["size"]
        except FileNotFoundError:
            return None
        return size

    def _name(self, hashed: str) -> str:
        return f"{self._root}/{hashed[:2]}/{hashed}"

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # each kind of storage has errors of its own
            raise OriginalsError(
                f"the copies of files at {self._place} cannot be read or written ({_said(error)}): {self._advice}"
            ) from error


def _s3_files() -> Any:
    """A file system of fsspec on S3-compatible storage, by the usual variables of the environment.

    Raises:
        ValueError: one of these can't be.
    """
    from obstore.fsspec import FsspecStore

    endpoint = os.environ.get("AWS_ENDPOINT_URL", "https://")
    if urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError(f"AWS_ENDPOINT_URL is {endpoint!r}, and no address such as https://storage.example.org")
    store: Any = FsspecStore
    # Not an instance that was made earlier: the variables may be others now.
    return store("s3", client_options=_S3_CLIENT, retry_config=_S3_RETRIES, skip_instance_cache=True)


def _said(error: Exception) -> str:
    """What storage said, in a line: obstore's errors hold the whole answer, and below it all that they are made of."""
    text, _, source = str(error).partition("\n\nDebug source:")
    if "/latest/api/token" in text:  # a cloud's machine is asked for its role where no key is named
        return "AWS_ACCESS_KEY_ID is not set, and this machine has no role that gives a key"
    if told := re.search(r"<Code>(.*?)</Code>\s*<Message>(.*?)</Message>", text, re.DOTALL):
        return html.unescape(f"{told[1]}: {told[2]}")
    if source and "HTTP error" in text:
        server = re.search(r"https?://[^/\s]+", text)
        causes = re.findall(r'(?:message|error): "([^"]+)"', source) or re.findall(r"kind: (\w+)", source)
        return " ".join([server[0] if server else "the server", "does not answer:", *causes[-1:]])
    return (
        text.rpartition(" - ")[2].removeprefix("Server returned non-2xx status code: ").strip(": \n")
        or type(error).__name__
    )
