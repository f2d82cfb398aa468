"""A host of live programs that misbehaves with training programs, for inject.py.

Started in place of Python by `cotenant --python`: the arguments that name the real host's module
are dropped. ``COTENANT_FAULT`` says what goes wrong: ``allocate`` takes all of the GPU's memory
before the program is built, ``illegal`` frees the memory that the captured kernels use.
"""

from __future__ import annotations

import ctypes
import os
import sys

import torch
from cotenant_capture import live_host, live_session

_KEPT = []


def allocate_until_it_fails() -> None:
    size = 1 << 30
    while size >= 1 << 20:
        try:
            _KEPT.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
        except torch.OutOfMemoryError:
            size //= 2


def free_what_graphs_use() -> None:
    """Frees the largest piece of a captured graph's memory: activations, which kernels write first.

    A graph's memory lies in a pool of its own.
    """
    driver = ctypes.CDLL("libcuda.so.1")
    segments = [
        segment
        for segment in torch.cuda.memory_snapshot()
        if tuple(segment["segment_pool_id"]) != (0, 0)
    ]
    largest = max(segments, key=lambda segment: segment["total_size"])
    driver.cuMemFree_v2(ctypes.c_uint64(largest["address"]))


class FaultySession(live_session.LiveSession):
    def load(self, program):
        fault = os.environ["COTENANT_FAULT"] if "training" in program else ""
        if fault == "allocate":
            allocate_until_it_fails()
        answer = super().load(program)
        if fault == "illegal":
            free_what_graphs_use()
        return answer


if __name__ == "__main__":
    live_session.LiveSession = FaultySession
    sys.exit(live_host.main([]))
