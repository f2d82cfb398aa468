"""Read the framework profiler's trace (Kineto, Chrome trace JSON). Pure: no torch, no GPU.

Three questions are answered here: how long each GPU operation took in every replay of a graph,
how much host time lies between two launches of eager execution, and between which launches the
allocator handed out and took back memory.
"""

from __future__ import annotations

import bisect
import dataclasses
import json
import pathlib
import statistics
from typing import Any

from cotenant_capture.errors import RecordError

_GPU_CATEGORIES = {"kernel": "kernel", "gpu_memcpy": "memcpy", "gpu_memset": "memset"}
_API_CATEGORIES = ("cuda_runtime", "cuda_driver")
_ITERATION_END = "cudaDeviceSynchronize"
_GPU_DEVICE_TYPE = 1


@dataclasses.dataclass(frozen=True)
class GpuEvent:
    """One operation as the GPU executed it."""

    kind: str
    name: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    bytes: int | None
    start_us: float
    duration_ns: int
    correlation: int

    def key(self) -> tuple[Any, ...]:
        """What identifies the same operation in another iteration."""
        return (self.kind, self.name, self.grid, self.block, self.bytes)


@dataclasses.dataclass(frozen=True)
class MemoryEvent:
    """One allocation or release inside an iteration; ``op``: index of the next launch."""

    op: int
    event: str
    block: int
    bytes: int


def load(path: pathlib.Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, json.JSONDecodeError) as error:
        raise RecordError(f"{path}: not a profiler trace: {error}") from error
    events = document.get("traceEvents") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise RecordError(f"{path}: no traceEvents; expected a Chrome trace of the profiler")
    return events


def gpu_events(events: list[dict[str, Any]]) -> list[GpuEvent]:
    """Operations on the GPU, in order of their start."""
    found = []
    for event in events:
        kind = _GPU_CATEGORIES.get(event.get("cat", ""))
        if kind is None or event.get("ph") != "X":
            continue
        arguments = event.get("args", {})
        found.append(
            GpuEvent(
                kind=kind,
                name=str(event.get("name", "")),
                grid=_triple(arguments.get("grid")),
                block=_triple(arguments.get("block")),
                bytes=int(arguments["bytes"]) if "bytes" in arguments else None,
                start_us=float(event["ts"]),
                duration_ns=round(float(event["dur"]) * 1000.0),
                correlation=int(arguments.get("correlation", 0)),
            )
        )
    found.sort(key=lambda e: e.start_us)
    return found


def split_replays(found: list[GpuEvent], ops: int, replays: int) -> list[list[GpuEvent]]:
    """Cut the operations of ``replays`` replays of one graph of ``ops`` operations."""
    if len(found) != ops * replays:
        raise RecordError(
            f"profiler saw {len(found)} GPU operations in {replays} replays; "
            f"expected {ops} each, {ops * replays} in all"
        )
    rounds = [found[i * ops : (i + 1) * ops] for i in range(replays)]
    for number, replay in enumerate(rounds):
        for op, (event, first) in enumerate(zip(replay, rounds[0])):
            if event.key() != first.key():
                raise RecordError(
                    f"replay {number}, operation {op}: '{event.name}' where the first replay "
                    f"has '{first.name}'; expected the same order in every replay"
                )
    return rounds


def eager_iterations(events: list[dict[str, Any]]) -> list[tuple[list[GpuEvent], list[int]]]:
    """Per eager iteration: its operations in launch order, and the host gap before each.

    An iteration ends with a device synchronisation. The host gap is the time from the end of the
    previous launch call to the start of this one: what the framework did on the CPU in between,
    without the launch call itself. Before the first launch there is none (0).
    """
    by_correlation = {e.correlation: e for e in gpu_events(events)}
    launches: list[tuple[float, float, GpuEvent]] = []
    ends: list[float] = []
    for event in events:
        if event.get("cat") not in _API_CATEGORIES or event.get("ph") != "X":
            continue
        start = float(event["ts"])
        if event.get("name") == _ITERATION_END:
            ends.append(start)
            continue
        operation = by_correlation.get(int(event.get("args", {}).get("correlation", 0)))
        if operation is not None:
            launches.append((start, start + float(event["dur"]), operation))
    launches.sort(key=lambda item: item[0])
    ends.sort()
    groups: list[list[tuple[float, float, GpuEvent]]] = [[] for _ in range(len(ends) + 1)]
    for launch in launches:
        groups[bisect.bisect_left(ends, launch[0])].append(launch)
    iterations = []
    for group in groups:
        if not group:
            continue
        gaps = [0]
        for before, after in zip(group, group[1:]):
            gaps.append(max(0, round((after[0] - before[1]) * 1000.0)))
        iterations.append(([launch[2] for launch in group], gaps))
    return iterations


def median_gaps(
    iterations: list[tuple[list[GpuEvent], list[int]]],
) -> tuple[list[GpuEvent], list[int], int]:
    """Operations of the usual iteration, their median host gaps, and how many iterations agreed."""
    if not iterations:
        raise RecordError("profiler saw no eager iteration; expected at least one")
    keys = [tuple(e.key() for e in ops) for ops, _ in iterations]
    usual = max(keys, key=keys.count)
    agreeing = [it for it, key in zip(iterations, keys) if key == usual]
    gaps = [round(statistics.median(column)) for column in zip(*(g for _, g in agreeing))]
    return agreeing[0][0], gaps, len(agreeing)


def memory_events(events: list[dict[str, Any]]) -> tuple[list[GpuEvent], list[MemoryEvent], int]:
    """Allocator activity of one eager iteration, placed between its launches.

    Returns the iteration's operations, the events, and how many releases concerned a block from
    before the iteration (they are left out: nothing in the record would match them).
    """
    iterations = eager_iterations(events)
    if len(iterations) != 1:
        raise RecordError(f"memory trace holds {len(iterations)} iterations; expected exactly one")
    by_correlation = {e.correlation for e in iterations[0][0]}
    starts = sorted(
        float(e["ts"])
        for e in events
        if e.get("cat") in _API_CATEGORIES
        and e.get("ph") == "X"
        and int(e.get("args", {}).get("correlation", 0)) in by_correlation
    )
    raw = [
        e
        for e in events
        if e.get("name") == "[memory]"
        and int(e.get("args", {}).get("Device Type", -1)) == _GPU_DEVICE_TYPE
    ]
    raw.sort(key=lambda e: (float(e["ts"]), int(e["args"].get("Ev Idx", 0))))
    live: dict[int, tuple[int, int]] = {}
    result: list[MemoryEvent] = []
    unmatched = 0
    blocks = 0
    for event in raw:
        arguments = event["args"]
        size, address = int(arguments["Bytes"]), int(arguments["Addr"])
        op = bisect.bisect_right(starts, float(event["ts"]))
        if size > 0:
            live[address] = (blocks, size)
            result.append(MemoryEvent(op, "alloc", blocks, size))
            blocks += 1
        elif address in live:
            block, allocated = live.pop(address)
            result.append(MemoryEvent(op, "free", block, allocated))
        else:
            unmatched += 1
    return iterations[0][0], result, unmatched


def _triple(value: Any) -> tuple[int, int, int]:
    if not isinstance(value, list) or len(value) != 3:
        return (0, 0, 0)
    return (int(value[0]), int(value[1]), int(value[2]))
