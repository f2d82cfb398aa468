"""Choose which operations to profile: one for each group of launches that do the same work.

Counters cost about a quarter of a second an operation, and a training iteration repeats most of
its launches. Same kernel, grid, block and shared memory is nearly always the same work, but not
quite: a matrix product with the same output and another inner dimension looks the same. Launches
of one key are therefore divided again wherever their measured durations differ.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

RELATIVE_STEP = 1.15
ABSOLUTE_STEP_NS = 1000


def representatives(keys: Sequence[Hashable], durations_ns: Sequence[int]) -> list[int]:
    """For every operation the index of the operation that is profiled in its place.

    Operations of a key are sorted by duration and a new group starts where the duration exceeds
    the group's shortest by both steps. The one in the middle of a group represents it.
    """
    by_key: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        by_key.setdefault(key, []).append(index)
    chosen = [0] * len(keys)
    for members in by_key.values():
        members.sort(key=lambda i: (durations_ns[i], i))
        group: list[int] = []
        for index in members:
            if group and _differs(durations_ns[group[0]], durations_ns[index]):
                _settle(group, chosen)
                group = []
            group.append(index)
        _settle(group, chosen)
    return chosen


def _differs(shortest_ns: int, duration_ns: int) -> bool:
    return (
        duration_ns > shortest_ns * RELATIVE_STEP and duration_ns > shortest_ns + ABSOLUTE_STEP_NS
    )


def _settle(group: list[int], chosen: list[int]) -> None:
    middle = group[len(group) // 2]
    for index in group:
        chosen[index] = middle
