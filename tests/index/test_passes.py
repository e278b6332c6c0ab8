"""Where the passes of the models run."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from index.passes import ForwardPasses, SharedPass, length_batches


def test_results_come_in_the_order_given() -> None:
    """Whatever is done first, results stand as their questions stood."""
    assert ForwardPasses().run(lambda number: number * number, range(50)) == [number * number for number in range(50)]


def test_each_pass_keeps_to_one_thread() -> None:
    """A pass is not split over cores; several run at once instead."""
    assert set(ForwardPasses().run(lambda _: torch.get_num_threads(), range(8))) == {1}


def test_an_error_in_a_pass_reaches_whoever_asked() -> None:
    """The first error is raised where the passes were asked for, and later passes go on."""
    passes = ForwardPasses()
    with pytest.raises(ZeroDivisionError):
        passes.run(lambda number: 1 // number, [1, 0])
    assert passes.run(lambda number: number + 1, [1]) == [2]


def test_many_threads_may_ask_at_once() -> None:
    """Threads that share a model get their own results."""
    passes = ForwardPasses()
    found: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        found[number] = passes.run(lambda given: given * number, [1, 2, 3])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [number, 2 * number, 3 * number] for number in range(16)}


def test_what_waits_goes_into_one_pass() -> None:
    """While all cores are busy, things gather, and go in passes of no more than is set; each asker gets its own."""
    passes, seen = ForwardPasses(), list[int]()
    busy, free = threading.Semaphore(0), threading.Event()

    def block() -> bool:
        busy.release()
        return free.wait()

    def square(numbers: Sequence[int]) -> list[int]:
        seen.append(len(numbers))
        return [number * number for number in numbers]

    shared = SharedPass(passes, square, most=4)
    for _ in range(len(os.sched_getaffinity(0))):
        passes.start(block)
        busy.acquire()
    with ThreadPoolExecutor(10) as askers:
        asked = [askers.submit(shared.run, number) for number in range(10)]
        time.sleep(0.2)
        free.set()
        assert [one.result() for one in asked] == [number * number for number in range(10)]
    assert sorted(seen) == [2, 4, 4]


def test_an_error_of_a_shared_pass_reaches_all_in_it_and_no_later_one() -> None:
    shared = SharedPass(ForwardPasses(), lambda numbers: [1 // number for number in numbers], most=4)
    with pytest.raises(ZeroDivisionError):
        shared.run(0)
    assert shared.run(1) == 1


@pytest.mark.parametrize("rows", [1, 4])
def test_batches_hold_every_index_once(rows: int) -> None:
    """Sorted by length, none lost; only the last has rows left over, and none is more than it may be."""
    lengths = [5, 200, 3, 90, 7, 7, 40, 41, 42, 43, 44]
    batches = list(length_batches(lengths, 200, rows=rows))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert all(len(batch) % rows == 0 for batch in batches[:-1])
    assert all(len(batch) == rows or len(batch) * max(lengths[index] for index in batch) <= 200 for batch in batches)
