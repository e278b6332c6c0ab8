"""Hard limits on which documents may be searched."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Filters:
    """Hard limits that the reader of an answer sets. A document without a published date passes no date filter."""

    as_of: datetime.date | None = None
    """The reader's clock: documents published later do not exist."""
    after: datetime.date | None = None
    """Published on this day or later."""
    before: datetime.date | None = None
    """Published on this day or earlier."""
    document_ids: tuple[str, ...] | None = None
    """Only these documents; None for all."""

    @property
    def dated(self) -> bool:
        return any(limit is not None for limit in (self.as_of, self.after, self.before))

    @property
    def contradiction(self) -> str | None:
        """Why no document can pass, in a clause; None where one may."""
        if self.after and self.before and self.after > self.before:
            return f"after {self.after} is later than before {self.before}: no document can pass both"
        if self.after and self.as_of and self.after > self.as_of:
            return f"after {self.after} is later than as_of {self.as_of}: what was published by then cannot pass"
        return None

    def to_dict(self) -> dict[str, Any]:
        """Only what is set: ``{"as_of": "2024-11-12"}``."""
        filters: dict[str, Any] = {
            name: value.isoformat()
            for name in ("as_of", "after", "before")
            if (value := getattr(self, name)) is not None
        }
        if self.document_ids is not None:
            filters["document_ids"] = list(self.document_ids)
        return filters
