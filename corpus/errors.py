"""What can go wrong with what is kept on disk.

LibraryError             its further forms stand in index.errors
├── BusyError            another process has been writing for long
├── OriginalsError       the copies of files cannot be read or written
└── CatalogError         the catalog cannot be used
    ├── CatalogDownError its server does not answer
    └── CatalogFullError its disk is full
"""

from __future__ import annotations


class LibraryError(Exception):
    """Whatever goes wrong with a library; its message says what was found, what was expected and what to do."""


class CatalogError(LibraryError):
    """The catalog cannot be used: its file is damaged, or of another version, for instance."""


class CatalogDownError(CatalogError):
    """The server of the catalog does not answer now; it may the next time."""


class CatalogFullError(CatalogError):
    """The disk of the catalog is full: nothing can be written until there is space, and all can be read."""


class OriginalsError(LibraryError):
    """The place of the copies of files does not answer, is full, or lets nobody in; it may the next time."""


class BusyError(LibraryError):
    """Another process has been writing to the library for long."""
