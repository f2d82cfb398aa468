"""Run something under the framework's profiler and return the trace's events."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Callable
from typing import Any

import torch
from cotenant_capture import kineto


def profile(
    body: Callable[[], None], iterations: int, memory: bool = False
) -> list[dict[str, Any]]:
    """Trace ``iterations`` calls of ``body``, each followed by a device synchronisation.

    Only GPU activity is traced, which costs the host least; the allocator's events need the
    host side of the profiler as well.
    """
    activities = [torch.profiler.ProfilerActivity.CUDA]
    if memory:
        activities.append(torch.profiler.ProfilerActivity.CPU)
    with torch.profiler.profile(
        activities=activities, profile_memory=memory, acc_events=True
    ) as profiler:
        for _ in range(iterations):
            body()
            torch.cuda.synchronize()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        return kineto.load(path)
