"""Measure one program on the GPU: everything but the hardware counters.

The result is a plain dictionary (the "raw recording"): `assemble` turns it into a program without
needing a GPU, so a recording can be kept and assembled again.
"""

from __future__ import annotations

import dataclasses
import gc
import statistics
import sys
import time
from typing import Any

import torch
from cotenant_capture import align, environment, kineto
from cotenant_capture.graph import Executable, serialise
from cotenant_capture.iteration import Iteration, set_precision
from cotenant_capture.profiling import profile
from cotenant_capture.timing import Chains, latencies_ns
from cotenant_capture.workload import Workload

_EAGER_ITERATIONS = 10
# Below this share of operations that capture and eager execution have in common, say so.
_USUAL_MATCH = 0.95


def measure(workload: Workload, mode: str, precision: str, iterations: int) -> dict[str, Any]:
    """Run every measurement of one program that needs no counters."""
    set_precision()
    gc.disable()  # a collection in the middle would show up as a host gap
    begin = time.perf_counter()
    iteration = Iteration(workload, mode, precision)
    iteration.warm_up()
    memory = _memory(iteration)
    _progress("warm", begin)
    graph, nodes = iteration.capture()
    stream = iteration.stream
    forked = Executable(graph.raw_cuda_graph())
    links_added = serialise(graph.raw_cuda_graph())
    executable = Executable(graph.raw_cuda_graph())

    def replay() -> None:
        executable.launch(stream.cuda_stream)

    latencies = latencies_ns(replay, stream, iterations)
    forks = None
    if links_added:
        with_forks = latencies_ns(lambda: forked.launch(stream.cuda_stream), stream, iterations)
        forks = {
            "dependencies_added": links_added,
            "latency_with_forks_ns": round(statistics.median(with_forks)),
        }
    chains = Chains()
    periods = chains.measure_periods()
    facts = environment.describe(replay)
    _progress("timed", begin)
    # From here on the profiler is attached, which slows launches: no more latencies.
    durations = chains.measure_durations()
    replays = kineto.split_replays(
        kineto.gpu_events(profile(replay, iterations=iterations + 1)),
        len(nodes),
        iterations + 1,
    )[1:]
    _progress("replays", begin)
    eager_ops, eager_gaps, eager_agreeing = kineto.median_gaps(
        kineto.eager_iterations(profile(iteration.run, iterations=_EAGER_ITERATIONS))
    )
    _progress("eager", begin)
    memory_ops, memory_events, unmatched = kineto.memory_events(
        profile(iteration.run, iterations=1, memory=True)
    )
    _progress("memory", begin)
    graph_keys = [align.key(n.kind, e.name, n.grid, n.block) for n, e in zip(nodes, replays[0])]
    by_graph = align.match(graph_keys, align.event_keys(eager_ops))
    in_memory = align.match(graph_keys, align.event_keys(memory_ops))
    if len(by_graph) < _USUAL_MATCH * max(len(nodes), len(eager_ops)):
        print(
            f"warning: capture has {len(nodes)} operations, eager execution {len(eager_ops)}, and "
            f"only {len(by_graph)} agree: the model behaves differently while it is captured",
            file=sys.stderr,
        )
    gaps: list[int | None] = [None] * len(nodes)
    for eager_index, graph_index in by_graph.items():
        gaps[graph_index] = eager_gaps[eager_index]
    return {
        "raw_version": 1,
        "nodes": [_plain(node) for node in nodes],
        "latencies_ns": latencies,
        "forks": forks,
        "chains": {name: {**periods[name], **durations[name]} for name in periods},
        "events": [
            {"name": e.name, "kind": e.kind, "bytes": e.bytes, "grid": e.grid, "block": e.block}
            for e in replays[0]
        ],  # fmt: skip
        "durations_ns": [[r[i].duration_ns for r in replays] for i in range(len(nodes))],
        "host_gaps_ns": gaps,
        "eager": {
            "ops": len(eager_ops),
            "matched": len(by_graph),
            "iterations": _EAGER_ITERATIONS,
            "agreeing_iterations": eager_agreeing,
        },
        "memory": {
            **memory,
            "events": [
                [
                    align.project(e.op, in_memory, len(memory_ops), len(nodes)),
                    e.event,
                    e.block,
                    e.bytes,
                ]
                for e in memory_events
            ],  # fmt: skip
            "releases_of_older_blocks": unmatched,
        },
        "environment": facts,
        "shapes": [list(t.shape) for t in workload.inputs],
        "input_types": [str(t.dtype).removeprefix("torch.") for t in workload.inputs],
        "notes": workload.notes,
    }


def _memory(iteration: Iteration) -> dict[str, int]:
    """Bytes held between iterations, and at the most inside one."""
    persistent = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    iteration.run()
    torch.cuda.synchronize()
    return {"persistent_bytes": persistent, "peak_bytes": torch.cuda.max_memory_allocated()}


def _plain(node: Any) -> dict[str, Any]:
    fields = dataclasses.asdict(node)
    del fields["handle"]
    return fields


def _progress(step: str, begin: float) -> None:
    print(f"  {step} {time.perf_counter() - begin:.1f}s", file=sys.stderr, flush=True)
