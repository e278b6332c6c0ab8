"""Requests a minute, for each key and each address."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from assistant.http.caller import Caller
from assistant.http.errors import ApiError


class Rates:
    """Requests a minute, counted for each key, and for each address where there is none."""

    def __init__(self, most: int) -> None:
        self._most = RateLimitItemPerMinute(most)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def count(self, request: Request, caller: Caller | None) -> None:
        """Count a request.

        Raises ApiError: it is one too many.
        """
        address = request.client.host if request.client else ""
        who = ("key", caller.key_id) if caller is not None and caller.key_id is not None else ("address", address)
        if not await self._limiter.hit(self._most, *who):
            again = (await self._limiter.get_window_stats(self._most, *who)).reset_time - time.time()
            raise ApiError(
                429,
                "rate_limit_exceeded",
                f"More than {self._most.amount:,} requests came within a minute: wait, or raise "
                "DATELINE_REQUESTS_PER_MINUTE.",
                headers={"Retry-After": str(max(1, math.ceil(again)))},
            )
