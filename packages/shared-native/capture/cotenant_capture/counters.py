"""Hardware counters: which are asked of Nsight Compute, and how its CSV output is read. Pure.

Two passes over the distinct operations are taken, because they need opposite cache states:

traffic  DRAM bytes and DRAM utilisation as they are inside the program. All four metrics fit one
         pass, so the kernel runs once, its predecessors have just run, and nothing is flushed:
         the L2 holds what it would really hold.
work     operation counts and SM utilisation need several passes of the same kernel. The caches are
         flushed before each (Nsight Compute's default), so every pass sees the same state, and the
         DRAM bytes of this run are the cold ones that the roofline model asks for.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Collection

from cotenant_capture.errors import RecordError

DURATION = "gpu__time_duration.sum"
DRAM_READ = "dram__bytes_read.sum"
DRAM_WRITE = "dram__bytes_write.sum"
DRAM_UTIL = "dram__throughput.avg.pct_of_peak_sustained_elapsed"
SM_UTIL = "sm__throughput.avg.pct_of_peak_sustained_elapsed"

TRAFFIC_METRICS = (DURATION, DRAM_READ, DRAM_WRITE, DRAM_UTIL)

# Operations that one executed thread instruction stands for. Half precision arithmetic is packed
# two to an instruction.
_SASS = "smsp__sass_thread_inst_executed_op_{}_pred_on.sum"
_WEIGHTS = {
    "fp32": {"fadd": 1, "fmul": 1, "ffma": 2},
    "fp16": {"hadd": 2, "hmul": 2, "hfma": 4},
    "fp64": {"dadd": 1, "dmul": 1, "dfma": 2},
}
# Operations on the tensor cores: on Hopper these count 2MNK for a matrix product, whether it goes
# through warp or warp-group instructions (checked with products of known size in every type).
TENSOR_METRICS = tuple(
    f"sm__ops_path_tensor_src_{types}.sum"
    for types in ("bf16_dst_fp32", "fp16", "tf32_dst_fp32", "fp8")
)
TENSOR_FP64_METRIC = "sm__ops_path_tensor_src_fp64.sum"
WORK_METRICS = (
    DURATION,
    DRAM_READ,
    DRAM_WRITE,
    SM_UTIL,
    *(_SASS.format(op) for ops in _WEIGHTS.values() for op in ops),
    *TENSOR_METRICS,
    TENSOR_FP64_METRIC,
)

# Factors to the base units of Nsight Compute ("--print-units base" gives 1 for all of them).
_UNITS = {
    "": 1.0, "%": 1.0, "inst": 1.0, "byte": 1.0, "ns": 1.0, "nsecond": 1.0,
    "us": 1e3, "usecond": 1e3, "ms": 1e6, "msecond": 1e6, "s": 1e9, "second": 1e9,
    "Kbyte": 1e3, "Mbyte": 1e6, "Gbyte": 1e9,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Launch:
    """One profiled launch as Nsight Compute reports it."""

    name: str
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    metrics: dict[str, float]


def parse_csv(text: str, where: str, wanted: Collection[str]) -> list[Launch]:
    """Launches in a ``--csv --page raw`` report, in the order of profiling."""
    lines = [line for line in text.splitlines() if line and not line.startswith("==")]
    start = next((i for i, line in enumerate(lines) if line.startswith('"ID"')), None)
    if start is None:
        raise RecordError(f'{where}: no row starting with "ID"; expected a raw-page CSV report')
    rows = list(csv.reader(io.StringIO("\n".join(lines[start:]))))
    header, units = rows[0], rows[1] if len(rows) > 1 else []
    launches = []
    for number, row in enumerate(rows[2:], start=2):
        if len(row) != len(header):
            raise RecordError(
                f"{where}: row {number}: {len(row)} fields; expected {len(header)} (truncated?)"
            )
        fields = dict(zip(header, row))
        if fields["ID"] != str(len(launches)):
            raise RecordError(f"{where}: row {number}: ID {fields['ID']}; expected {len(launches)}")
        metrics = {
            name: _number(value, unit, f"{where}: row {number}, column {name}")
            for name, value, unit in zip(header, row, units)
            if name in wanted and value not in ("", "n/a", "no data")
        }
        launches.append(
            Launch(
                name=fields["Kernel Name"],
                grid=_dimensions(fields["Grid Size"]),
                block=_dimensions(fields["Block Size"]),
                metrics=metrics,
            )
        )
    return launches


def flops(metrics: dict[str, float]) -> dict[str, int] | None:
    """Operations by pipe, or None if the launch carries no instruction counts."""
    needed = [_SASS.format(op) for ops in _WEIGHTS.values() for op in ops]
    if any(name not in metrics for name in needed):
        return None
    counts = {
        pipe: round(sum(weight * metrics[_SASS.format(op)] for op, weight in ops.items()))
        for pipe, ops in _WEIGHTS.items()
    }
    counts["fp64"] += round(metrics.get(TENSOR_FP64_METRIC, 0.0))
    counts["tensor"] = round(sum(metrics.get(name, 0.0) for name in TENSOR_METRICS))
    return counts


def _number(text: str, unit: str, where: str) -> float:
    try:
        return float(text.replace(",", "")) * _UNITS[unit]
    except KeyError as error:
        raise RecordError(f"{where}: unit '{unit}'; expected a base unit") from error
    except ValueError as error:
        raise RecordError(f"{where}: '{text}' is not a number") from error


def _dimensions(text: str) -> tuple[int, int, int]:
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    if len(numbers) != 3:
        raise RecordError(f"launch dimensions '{text}'; expected three numbers")
    return (numbers[0], numbers[1], numbers[2])
