"""Passes through a network: each on one thread, as many at once as there are cores.

A pass that is split over threads waits at every layer for the slowest of them, so whatever else runs on the machine
holds it up: on two busy cores a question's pass takes 1 s on two threads and .05 s on one. On idle cores passes side by
side are as fast as one split pass after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")


class ForwardPasses:
    """Where a model's passes run. Threads may share it; those that ask at once take turns."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_cores(), thread_name_prefix="forward-pass", initializer=_keep_to_one_thread)

    def run(self, work: Callable[[Given], Result], given: Iterable[Given]) -> list[Result]:
        """Do the work on each, in any order; the results in the order given."""
        return list(self._pool.map(work, given))


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _keep_to_one_thread() -> None:
    import torch

    torch.set_num_threads(1)
    torch.get_num_threads()  # a thread's first operation would take the number over from the process anew
