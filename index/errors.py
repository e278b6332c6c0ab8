"""What can go wrong in the index.

LibraryError
├── EmbedderError          the embedding model cannot be had
├── ModelChangedError      the library was built with another model
├── LibraryLockedError     another process writes to the library
└── LibraryUnusableError   the data directory or its files cannot be used
"""

from __future__ import annotations


class LibraryError(Exception):
    """Whatever goes wrong with a library; its message says what was found, what was expected and what to do."""


class EmbedderError(LibraryError):
    """The embedding model cannot be had."""


class ModelChangedError(LibraryError):
    """The library was built with another embedding model than the one now set."""


class LibraryLockedError(LibraryError):
    """Another process writes to the library."""


class LibraryUnusableError(LibraryError):
    """The data directory, or a file in it, cannot be used."""
