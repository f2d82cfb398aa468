"""From a raw recording to a program: aggregation, classification, consistency check. Pure."""

from __future__ import annotations

import statistics
from typing import Any

from cotenant_capture import boundness, counters
from cotenant_capture.errors import RecordError
from cotenant_capture.program import Allocation, Op, Program

TOLERANCE = 0.05
RECORDER = "cotenant-record 1"

_COPIES = {"HtoD": "copy_h2d", "DtoH": "copy_d2h", "DtoD": "copy_d2d"}


def program(raw: dict[str, Any], identity: dict[str, Any], peaks: boundness.Peaks) -> Program:
    """Assemble; ``identity`` holds name, gpu, model, mode, batch and precision.

    Raises unless the sum of operation durations and the GPU's busy time agree within 5 %.
    """
    tensor_peak = peaks.bf16 if identity["precision"] == "bf16" else peaks.tf32
    ops = [_op(raw, index, peaks, tensor_peak) for index in range(len(raw["nodes"]))]
    solo = solo_times(raw, ops)
    error = abs(solo["op_sum_ns"] - solo["busy_ns"]) / solo["busy_ns"]
    if error > TOLERANCE:
        raise RecordError(
            f"{identity['name']}: operations sum to {solo['op_sum_ns']} ns, but the GPU was busy "
            f"{solo['busy_ns']} ns ({error:.1%} apart); expected at most {TOLERANCE:.0%}. "
            "Is the GPU shared, or its clock changing?"
        )
    header = {
        **identity,
        "label": "recorded",
        "solo": solo,
        "memory": {k: raw["memory"][k] for k in ("persistent_bytes", "peak_bytes")},
        "provenance": provenance(raw, identity["precision"]),
    }
    memory = [Allocation(*event) for event in raw["memory"]["events"]]
    return Program(header=header, ops=ops, memory=memory)


def quartiles(values: list[int]) -> tuple[int, int, int]:
    """Lower quartile, median, upper quartile, rounded to whole nanoseconds."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return round(low), round(middle), round(high)


def solo_times(raw: dict[str, Any], ops: list[Op]) -> dict[str, int]:
    """Latency of one replay, and how much of it the GPU was busy.

    A chain of n operations with durations d and gaps g between two events takes
    F + sum(d) + sum(g): F, the cost of starting and ending a graph, and g come from chains of empty
    operations (plain ones, and ones alternating with memsets and copies). A chain's fitted constant
    lacks one gap, since n operations have n - 1 of them. Where the profiler's durations already
    cover the whole period of a chain, there is no gap left to subtract.
    """
    chains = raw["chains"]
    gap = {name: max(0.0, c["period_ns"] - c["duration_ns"]) for name, c in chains.items()}
    kinds = [_gap_kind(op.kind) for op in ops]
    gaps = sum(gap[max(pair, key=lambda kind: kind != "kernel")] for pair in zip(kinds, kinds[1:]))
    fixed = chains["kernel"]["fixed_ns"] + gap["kernel"]
    low, latency, high = quartiles(raw["latencies_ns"])
    return {
        "latency_ns": latency,
        "latency_p25_ns": low,
        "latency_p75_ns": high,
        "busy_ns": round(latency - fixed - gaps),
        "op_sum_ns": sum(op.duration_ns for op in ops),
        "dependent_gap_ns": round(gap["kernel"]),
        "memset_gap_ns": round(gap["memset"]),
        "copy_gap_ns": round(gap["memcpy"]),
        "graph_start_ns": round(fixed),
        "iterations": len(raw["latencies_ns"]),
    }


def provenance(raw: dict[str, Any], precision: str) -> dict[str, Any]:
    notes = dict(raw["notes"])
    return {
        "shapes": {
            f"input{i}": f"{kind}{shape}"
            for i, (kind, shape) in enumerate(zip(raw["input_types"], raw["shapes"]))
        },
        "tf32": False,
        "autocast": "bfloat16" if precision == "bf16" else None,
        "optimizer": notes.pop("optimizer", None),
        "notes": notes,
        **raw["environment"],
        "iterations": len(raw["durations_ns"][0]),
        "eager_iterations": raw["eager"],
        "forks": raw.get("forks"),
        "counters": _counter_facts(raw),
        "recorder": RECORDER,
    }


def _counter_facts(raw: dict[str, Any]) -> Any:
    found = raw.get("counters")
    if not found:
        return None
    return {
        "profiled_launches": len(found["work"]),
        "kernels": len(found["stand_in"]),
        "dram_and_dram_util": "one pass, caches as left by the preceding operations",
        "flop_and_sm_util": "several passes, caches flushed before each",
    }


def _op(raw: dict[str, Any], index: int, peaks: boundness.Peaks, tensor_peak: float) -> Op:
    node, event = raw["nodes"][index], raw["events"][index]
    by_kernel = node["kind"] in ("memcpy", "memset") and event["kind"] == "kernel"
    if node["kind"] != event["kind"] and not by_kernel:
        raise RecordError(
            f"operation {index}: a {node['kind']} in the graph, a {event['kind']} on the GPU; "
            "expected the same"
        )
    low, middle, high = quartiles(raw["durations_ns"][index])
    op = Op(
        index=index,
        kind=_kind(node, event),
        name=event["name"],
        phase=node["phase"],
        duration_ns=middle,
        duration_p25_ns=low,
        duration_p75_ns=high,
        host_gap_ns=raw["host_gaps_ns"][index],
        bytes=node["bytes"] if by_kernel else event["bytes"],
        evidence="not a kernel",
    )
    if op.kind != "kernel":
        return op
    if list(node["grid"]) != list(event["grid"]) or list(node["block"]) != list(event["block"]):
        raise RecordError(
            f"operation {index}: grid {node['grid']}, block {node['block']} in the graph, "
            f"{event['grid']}, {event['block']} on the GPU; expected the same"
        )
    op.grid_x, op.grid_y, op.grid_z = node["grid"]
    op.block_x, op.block_y, op.block_z = node["block"]
    op.registers = node["registers"]
    op.smem_static, op.smem_dynamic = node["smem_static"], node["smem_dynamic"]
    op.cluster, op.blocks_per_sm = node["cluster"], node["blocks_per_sm"]
    _add_counters(op, raw, peaks, tensor_peak)
    return op


def _add_counters(op: Op, raw: dict[str, Any], peaks: boundness.Peaks, tensor_peak: float) -> None:
    found = raw.get("counters")
    if not found:
        op.boundness, op.evidence = "unknown", "no counters"
        return
    stand_in = str(found["stand_in"][str(op.index)])
    traffic, work = found["traffic"][stand_in], found["work"][stand_in]
    op.dram_read_bytes = round(traffic[counters.DRAM_READ])
    op.dram_write_bytes = round(traffic[counters.DRAM_WRITE])
    op.dram_util = min(1.0, traffic[counters.DRAM_UTIL] / 100.0)
    # The work run starts from cold caches and takes longer; the same work in the time of the
    # traffic run is the utilisation inside the program.
    stretch = work[counters.DURATION] / traffic[counters.DURATION]
    op.sm_util = min(1.0, work[counters.SM_UTIL] / 100.0 * stretch)
    counts = counters.flops(work)
    if counts is not None:
        op.flop_fp32, op.flop_fp16 = counts["fp32"], counts["fp16"]
        op.flop_fp64, op.flop_tensor = counts["fp64"], counts["tensor"]
    cold = round(work[counters.DRAM_READ] + work[counters.DRAM_WRITE])
    op.boundness, op.evidence = boundness.classify(
        counts, cold, op.sm_util, op.dram_util, peaks, tensor_peak
    )


def _kind(node: dict[str, Any], event: dict[str, Any]) -> str:
    if node["kind"] != "memcpy":
        return str(node["kind"])
    if event["kind"] == "kernel":  # inside a graph, the driver copies on the device with a kernel
        return "copy_d2d"
    for marker, kind in _COPIES.items():
        if marker in event["name"]:
            return kind
    raise RecordError(f"copy '{event['name']}': expected one of {', '.join(_COPIES)}")


def _gap_kind(kind: str) -> str:
    if kind.startswith("copy"):
        return "memcpy"
    return kind if kind == "memset" else "kernel"
