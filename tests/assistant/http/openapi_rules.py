"""What JSON Schema cannot say of our requests, for Schemathesis: such cases are left out, for they may be refused.

Rules between two fields, days that are not in the calendar though they look like days, and times that have passed.
"""

from __future__ import annotations

import datetime
from typing import Any

import schemathesis


def obeys_the_rules(fields: Any) -> bool:
    """Whether fields that their schemas allow are allowed together, and now."""
    if not isinstance(fields, dict):
        return True
    days = {name: fields.get(name) for name in ("as_of", "after", "before")}
    for earlier, later in (("after", "before"), ("after", "as_of")):
        first, last = days[earlier], days[later]
        if isinstance(first, str) and isinstance(last, str) and _filled(first, "01-01") > _filled(last, "12-31"):
            return False
    if fields.get("conversation_id") is not None and fields.get("history"):
        return False
    american = [fields.get(name) for name in ("search_after_date_filter", "search_before_date_filter")]
    if any(isinstance(day, str) and not _in_calendar(day) for day in american) or all(american):
        return False
    messages = fields.get("messages")
    if isinstance(messages, list) and not any(_asks(message) for message in messages):
        return False
    expires = fields.get("expires")
    return not isinstance(expires, str) or "2027" < expires[:4] < "9999"


def _filled(day: str, rest: str) -> str:
    """A month or year as a day that sorts like its first or last one."""
    return day + f"-{rest}"[len(day) - 4 :]


def _asks(message: Any) -> bool:
    """Whether a message of a chat holds a question."""
    if not isinstance(message, dict) or message.get("role") != "user":
        return False
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return any(isinstance(text, str) and text.strip() for text in texts)


def _in_calendar(day: str) -> bool:
    try:
        datetime.datetime.strptime(day, "%m/%d/%Y")
    except ValueError:
        return False
    return True


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:
    return obeys_the_rules(body)


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    return obeys_the_rules(query)


@schemathesis.hook
def filter_case(context: Any, case: Any) -> bool:
    return obeys_the_rules(case.body) and obeys_the_rules(case.query)
