"""Requests a minute, for each key and each address."""

from __future__ import annotations

import math
import time

import anyio
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from assistant.http.caller import Caller
from assistant.http.errors import RETRY_AFTER, ApiError
from assistant.shared_rates import SharedRates
from index.errors import CatalogDownError, CatalogFullError

_THREADS = 4
"""In which the shared counts are asked for: a request is not to wait for those that are worked on."""


class Rates:
    """Requests a minute, counted for each key, and for each address where there is none."""

    def __init__(self, most: int, shared: SharedRates | None = None) -> None:
        """``shared``: where several processes count together; without it this one counts alone."""
        self._most = RateLimitItemPerMinute(most)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = shared
        self._threads: anyio.CapacityLimiter | None = None

    async def count(self, request: Request, caller: Caller | None) -> None:
        """Count a request.

        Raises ApiError: it is one too many, or the database that counts does not answer.
        """
        address = request.client.host if request.client else ""
        who = ("key", caller.key_id) if caller is not None and caller.key_id is not None else ("address", address)
        again = await self._hit_shared(self._shared, who) if self._shared is not None else await self._hit(who)
        if again is not None:
            raise ApiError(
                429,
                "rate_limit_exceeded",
                f"More than {self._most.amount:,} requests came within a minute: wait, or raise "
                "DATELINE_REQUESTS_PER_MINUTE.",
                headers={"Retry-After": str(max(1, math.ceil(again)))},
            )

    async def _hit(self, who: tuple[str, str]) -> float | None:
        """The seconds after which the next may come, where this one is too many."""
        if await self._limiter.hit(self._most, *who):
            return None
        return (await self._limiter.get_window_stats(self._most, *who)).reset_time - time.time()

    async def _hit_shared(self, shared: SharedRates, who: tuple[str, str]) -> float | None:
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(_THREADS)
        try:
            return await anyio.to_thread.run_sync(shared.hit, " ".join(who), limiter=self._threads)
        except CatalogFullError:
            return await self._hit(who)  # what reads goes on: each process counts alone until there is space
        except CatalogDownError as error:
            raise ApiError(503, "server_down", str(error), headers={"Retry-After": RETRY_AFTER}) from error
