"""Where the passes of the models run."""

from __future__ import annotations

import threading

import pytest
import torch

from index.passes import ForwardPasses


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
