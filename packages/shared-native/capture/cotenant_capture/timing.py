"""Solo latency of a graph, and the constants needed to compare it with a sum of durations."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from cotenant_capture import kineto
from cotenant_capture.profiling import profile

# Lengths of the two chains of empty kernels: their difference gives the period of a chain, what is
# left of the shorter one the cost of starting and ending a graph between two events.
_SHORT, _LONG = 100, 1100
_SPIN_HZ = 2.0e9


def latencies_ns(
    replay: Callable[[], None], stream: Any, iterations: int, warmup: int = 5
) -> list[int]:
    """GPU time of single replays of a graph, each after the GPU has gone idle.

    A spinning kernel ahead of the first event keeps the GPU busy until the host has submitted the
    whole graph, so that the time between the events is the GPU's alone.
    """
    with torch.cuda.stream(stream):
        submit = 0.0
        for _ in range(warmup):
            torch.cuda.synchronize()
            begin = time.perf_counter()
            replay()
            submit = max(submit, time.perf_counter() - begin)
        torch.cuda.synchronize()
        spin = int((200e-6 + 2.0 * min(submit, 5e-3)) * _SPIN_HZ)
        latencies = []
        for _ in range(iterations):
            before = torch.cuda.Event(enable_timing=True)
            after = torch.cuda.Event(enable_timing=True)
            torch.cuda._sleep(spin)
            before.record(stream)
            replay()
            after.record(stream)
            torch.cuda.synchronize()
            latencies.append(round(before.elapsed_time(after) * 1e6))
    return latencies


class Chains:
    """Chains of empty kernels, plain and alternating with small memsets and copies."""

    def __init__(self) -> None:
        self.stream = torch.cuda.Stream()
        self.source = torch.zeros(256, device="cuda")
        self.target = torch.zeros(256, device="cuda")
        self.graphs = {
            name: {length: self._capture(name, length) for length in (_SHORT, _LONG)}
            for name in ("kernel", "memset", "memcpy")
        }

    def measure_periods(self) -> dict[str, dict[str, float]]:
        """Without a profiler: period of each chain, and the fixed cost of a graph, in ns."""
        result = {}
        for name, graphs in self.graphs.items():
            medians = {}
            for length, graph in graphs.items():
                latencies = sorted(latencies_ns(graph.replay, self.stream, 21))
                medians[length] = latencies[len(latencies) // 2]
            period = (medians[_LONG] - medians[_SHORT]) / (_LONG - _SHORT)
            result[name] = {"period_ns": period, "fixed_ns": medians[_SHORT] - period * _SHORT}
        return result

    def measure_durations(self) -> dict[str, dict[str, float]]:
        """With the profiler: mean duration and mean gap of each chain's operations, in ns."""
        result = {}
        for name, graphs in self.graphs.items():
            events = kineto.gpu_events(
                profile(lambda g=graphs[_LONG]: self._replay(g), iterations=2)
            )
            middle = events[len(events) // 2 + 20 : -20]
            gaps = [
                (b.start_us - a.start_us) * 1000.0 - a.duration_ns
                for a, b in zip(middle, middle[1:])
            ]
            result[name] = {
                "duration_ns": sum(e.duration_ns for e in middle) / len(middle),
                "profiled_gap_ns": sum(gaps) / len(gaps),
            }
        return result

    def _replay(self, graph: Any) -> None:
        with torch.cuda.stream(self.stream):
            graph.replay()

    def _capture(self, name: str, length: int) -> Any:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            for i in range(length):
                if i % 2 == 0 or name == "kernel":
                    torch.cuda._sleep(0)
                elif name == "memset":
                    self.target.zero_()
                else:
                    self.target.copy_(self.source)
        return graph
