"""What can go wrong in the index.

LibraryError
├── BusyError              another process has been writing for long (corpus.errors)
├── CatalogError           the catalog cannot be used (corpus.errors)
│   ├── CatalogDownError   its server does not answer
│   └── CatalogFullError   its disk is full
├── OriginalsError         the copies of files cannot be read or written (corpus.errors)
├── EmbedderError          the embedding model cannot be had
├── ModelChangedError      the library was built with another model
├── LibraryLockedError     another process writes to the library
└── LibraryUnusableError   the data directory or its files cannot be used
    └── ServerDownError    a server that the library stands on does not answer
"""

from __future__ import annotations

from corpus.errors import CatalogDownError, CatalogError, CatalogFullError, LibraryError, OriginalsError

__all__ = [
    "CatalogDownError",
    "CatalogError",
    "CatalogFullError",
    "EmbedderError",
    "LibraryError",
    "LibraryLockedError",
    "LibraryUnusableError",
    "ModelChangedError",
    "OriginalsError",
    "ServerDownError",
]


class EmbedderError(LibraryError):
    """The embedding model cannot be had."""


class ModelChangedError(LibraryError):
    """The library was built with another embedding model than the one now set."""


class LibraryLockedError(LibraryError):
    """Another process writes to the library."""


class LibraryUnusableError(LibraryError):
    """The data directory, or a file in it, cannot be used."""


class ServerDownError(LibraryUnusableError):
    """A server that the library stands on does not answer now; it may the next time."""
