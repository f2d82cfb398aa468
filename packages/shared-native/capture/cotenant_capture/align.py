"""Line up the operations of eager execution with those of the captured graph."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from cotenant_capture.kineto import GpuEvent


def key(kind: str, name: str, grid: tuple[int, ...], block: tuple[int, ...]) -> tuple[Any, ...]:
    """What must agree. Copies and memsets go by other names in a graph, where some are kernels."""
    return (kind, name, grid, block) if kind == "kernel" else (kind,)


def event_keys(events: Sequence[GpuEvent]) -> list[tuple[Any, ...]]:
    return [key(e.kind, e.name, e.grid, e.block) for e in events]


def match(graph: Sequence[Any], eager: Sequence[Any]) -> dict[int, int]:
    """Map indices of ``eager`` to indices of ``graph`` where both hold the same operation.

    The two usually agree completely. Where they do not (a library may choose another algorithm
    outside capture), the longest common runs are matched and the rest stays unmatched.
    """
    if list(graph) == list(eager):
        return {i: i for i in range(len(graph))}
    matcher = difflib.SequenceMatcher(a=list(graph), b=list(eager), autojunk=False)
    return {
        b + offset: a + offset
        for a, b, size in matcher.get_matching_blocks()
        for offset in range(size)
    }


def project(position: int, mapping: dict[int, int], eager_ops: int, graph_ops: int) -> int:
    """Graph position for the gap before eager operation ``position``.

    An unmatched operation takes the place of the next matched one after it, so order is kept.
    """
    while position < eager_ops:
        if position in mapping:
            return mapping[position]
        position += 1
    return graph_ops
