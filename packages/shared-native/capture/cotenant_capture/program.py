"""The program format, version 1: one iteration of a model as a list of GPU operations.

A file is gzip of UTF-8 text: a JSON header line, a CSV table of operations, a line ``[memory]``, a
CSV table of allocations, and an end line that repeats the counts.
"""

from __future__ import annotations

import dataclasses
from typing import Any

FORMAT = "cotenant-program"
VERSION = 1

KINDS = ("kernel", "copy_h2d", "copy_d2h", "copy_d2d", "memset", "host", "marker")
PHASES = ("forward", "backward", "update")
BOUNDNESS = ("compute", "memory", "unknown")
LABELS = ("recorded", "derived", "imported")
MEMORY_HEADER = "op,event,block,bytes"


@dataclasses.dataclass
class Op:
    """One operation; field order is column order. None: not applicable or not known."""

    index: int
    kind: str
    name: str
    phase: str
    grid_x: int | None = None
    grid_y: int | None = None
    grid_z: int | None = None
    block_x: int | None = None
    block_y: int | None = None
    block_z: int | None = None
    registers: int | None = None
    smem_static: int | None = None
    smem_dynamic: int | None = None
    cluster: int | None = None
    blocks_per_sm: int | None = None
    duration_ns: int = 0
    duration_p25_ns: int = 0
    duration_p75_ns: int = 0
    host_gap_ns: int | None = None
    bytes: int | None = None
    dram_read_bytes: int | None = None
    dram_write_bytes: int | None = None
    sm_util: float | None = None
    dram_util: float | None = None
    flop_fp32: int | None = None
    flop_fp16: int | None = None
    flop_fp64: int | None = None
    flop_tensor: int | None = None
    boundness: str = "unknown"
    evidence: str = ""


@dataclasses.dataclass
class Allocation:
    """A block handed out or taken back before operation ``op``."""

    op: int
    event: str
    block: int
    bytes: int


@dataclasses.dataclass
class Program:
    """Header fields without the format, version and counts, which the writer adds."""

    header: dict[str, Any]
    ops: list[Op]
    memory: list[Allocation]


COLUMNS = tuple(field.name for field in dataclasses.fields(Op))
TEXT_COLUMNS = ("kind", "name", "phase", "boundness", "evidence")
FRACTION_COLUMNS = ("sm_util", "dram_util")
REQUIRED_COLUMNS = ("index", "duration_ns", "duration_p25_ns", "duration_p75_ns")
ENUM_COLUMNS = {"kind": KINDS, "phase": PHASES, "boundness": BOUNDNESS}
