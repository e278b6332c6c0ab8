"""Days that limit what is searched, as people give them: a day, a month or a year."""

from __future__ import annotations

import calendar
import datetime
import re


def read_day(text: str, *, last: bool) -> datetime.date:
    """The day; of a month or year its first one, or its last.

    Raises:
        ValueError: it is none. The message says so without a full stop.
    """
    found = re.fullmatch(r"([0-9]{4})(?:-([0-9]{1,2})(?:-([0-9]{1,2}))?)?", text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a date; write it like 2024-11-12, 2024-11 or 2024")
    year = int(found[1])
    month = int(found[2] or (12 if last else 1))
    try:
        last_day = calendar.monthrange(year, month)[1]
        return datetime.date(year, month, int(found[3] or (last_day if last else 1)))
    except ValueError as error:
        raise ValueError(f"{text!r} is not in the calendar") from error
