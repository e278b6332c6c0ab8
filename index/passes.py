"""Passes through a network: each on one thread, as many at once as there are cores.

A pass that is split over threads waits at every layer for the slowest of them, so whatever else runs on the machine
holds it up: on two busy cores a question's pass takes 1 s on two threads and .05 s on one. On idle cores passes side by
side are as fast as one split pass after the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

_PADDED_TO = 8
"""Rows of a pass are padded to a multiple of so many tokens: torch keeps code for every shape, some 200 kB each."""


class ForwardPasses:
    """Where a model's passes run. Threads may share it; those that ask at once take turns."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_cores(), thread_name_prefix="forward-pass", initializer=_keep_to_one_thread)

    def run(self, work: Callable[[Given], Result], given: Iterable[Given]) -> list[Result]:
        """Do the work on each, in any order; the results in the order given."""
        return list(self._pool.map(work, given))

    def start(self, work: Callable[[], Result]) -> Future[Result]:
        """Do one piece of work when its turn comes."""
        return self._pool.submit(work)


class SharedPass(Generic[Given, Result]):
    """One thing at a time to each who asks, in one pass for all who wait at the time.

    A network reads its weights once a pass, and for one question that is most of the work: four together take 1.3 times
    what one takes. Where nobody else asks, a thing goes at once and alone.
    """

    def __init__(
        self, passes: ForwardPasses, work: Callable[[Sequence[Given]], Sequence[Result]], *, most: int
    ) -> None:
        """
        Args:
            work: the results of one pass, in the order given.
            most: things in a pass.
        """
        self._passes = passes
        self._work = work
        self._most = most
        self._lock = threading.Lock()
        self._next: tuple[list[Given], Future[Sequence[Result]]] | None = None
        """What goes into the next pass, which has not begun."""

    def run(self, given: Given) -> Result:
        """The result for one thing. An error of the pass is raised for all that was in it."""
        with self._lock:
            if self._next is None or len(self._next[0]) >= self._most:
                waiting: list[Given] = []
                self._next = waiting, self._passes.start(lambda: self._pass(waiting))
            waiting, results = self._next
            place = len(waiting)
            waiting.append(given)
        return results.result()[place]

    def _pass(self, waiting: list[Given]) -> Sequence[Result]:
        with self._lock:
            if self._next is not None and self._next[0] is waiting:
                self._next = None
        return self._work(waiting)


def padded_width(lengths: Iterable[int]) -> int:
    """Tokens of a row of a pass: those of the longest, rounded up so that passes have few shapes."""
    return -(-max(lengths) // _PADDED_TO) * _PADDED_TO


def length_batches(lengths: Sequence[int], most_tokens: int, *, rows: int = 1) -> Iterator[list[int]]:
    """Indices, the longest first, in batches of a bounded number of padded tokens: hardly any padding.

    Args:
        rows: every batch but the last has a multiple of so many; one has more than ``most_tokens`` if need be.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    batch: list[int] = []
    for start in range(0, len(order), rows):
        if batch and (len(batch) + rows) * lengths[batch[0]] > most_tokens:
            yield batch
            batch = []
        batch += order[start : start + rows]
    if batch:
        yield batch


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _keep_to_one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    torch.get_num_threads()  # a thread's first operation would take the number over from the process anew
