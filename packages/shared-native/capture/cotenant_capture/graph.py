"""Walk a captured CUDA graph: its operations in execution order, with their launch resources."""

from __future__ import annotations

import ctypes
import dataclasses
from typing import Any

from cotenant_capture import driver
from cotenant_capture.errors import RecordError

_KINDS = {
    driver.NODE_KERNEL: "kernel",
    driver.NODE_MEMCPY: "memcpy",
    driver.NODE_MEMSET: "memset",
    driver.NODE_HOST: "host",
}


@dataclasses.dataclass
class Node:
    """One operation of a captured graph. ``handle`` is valid while the graph lives."""

    handle: int
    kind: str
    name: str = ""
    grid: tuple[int, int, int] = (0, 0, 0)
    block: tuple[int, int, int] = (0, 0, 0)
    registers: int = 0
    smem_static: int = 0
    smem_dynamic: int = 0
    cluster: int = 1
    blocks_per_sm: int = 0
    carveout: int = -1
    bytes: int = 0
    phase: str = "forward"

    def key(self) -> tuple[Any, ...]:
        """What identifies a launch in two captures of the same program."""
        return (self.kind, self.name, self.grid, self.block, self.smem_dynamic)


def node_count(graph: int) -> int:
    count = ctypes.c_size_t()
    driver.call("cuGraphGetNodes", ctypes.c_void_p(graph), None, ctypes.byref(count))
    return count.value


def capturing_node_count(stream: int) -> int:
    """How many nodes the capture in progress on ``stream`` has so far."""
    status, serial, graph = ctypes.c_int(), ctypes.c_uint64(), ctypes.c_void_p()
    dependencies, count = ctypes.c_void_p(), ctypes.c_size_t()
    driver.call(
        "cuStreamGetCaptureInfo_v2",
        ctypes.c_void_p(stream),
        ctypes.byref(status),
        ctypes.byref(serial),
        ctypes.byref(graph),
        ctypes.byref(dependencies),
        ctypes.byref(count),
    )
    if not graph.value:
        raise RecordError("stream is not being captured: the model switched to another stream")
    return node_count(graph.value)


def walk(graph: int, phase_starts: list[tuple[int, str]]) -> list[Node]:
    """Operations of ``graph`` in the order in which they were launched.

    ``phase_starts`` holds (number of nodes captured before the phase, phase), ascending. Nodes are
    listed in the order of their creation, which `missing_links` checks against the edges.
    """
    handles = _handles(graph)
    missing_links(len(handles), _edges(graph, handles))
    nodes = []
    for position, handle in enumerate(handles):
        node = _describe(handle)
        if node is None:
            continue
        for start, phase in phase_starts:
            if position >= start:
                node.phase = phase
        nodes.append(node)
    return nodes


def serialise(graph: int) -> int:
    """Make ``graph`` one chain in launch order; returns how many dependencies that needed.

    A program is a sequence of operations. Nearly every capture is one already, but a library may
    fork to a stream of its own and join again; then the missing dependencies are added.
    """
    handles = _handles(graph)
    links = missing_links(len(handles), _edges(graph, handles))
    sources = (ctypes.c_void_p * len(links))(*(handles[i] for i in links))
    targets = (ctypes.c_void_p * len(links))(*(handles[i + 1] for i in links))
    if links:
        driver.call(
            "cuGraphAddDependencies_v2",
            ctypes.c_void_p(graph),
            sources,
            targets,
            None,
            ctypes.c_size_t(len(links)),
        )
    return len(links)


def missing_links(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """Positions i of nodes on which node i + 1 does not depend yet."""
    for source, target in edges:
        if source >= target:
            raise RecordError(
                f"captured graph: node {target} depends on node {source}, which was created later; "
                "expected launch order"
            )
    linked = set(edges)
    return [i for i in range(count - 1) if (i, i + 1) not in linked]


class Executable:
    """A launchable copy of a captured graph, as it is at this moment.

    The framework's own replay also resets random generator state with operations of its own, which
    are no part of the program.
    """

    def __init__(self, graph: int):
        self._exec = ctypes.c_void_p()
        driver.call(
            "cuGraphInstantiateWithFlags",
            ctypes.byref(self._exec),
            ctypes.c_void_p(graph),
            ctypes.c_uint64(0),
        )

    def launch(self, stream: int) -> None:
        driver.call("cuGraphLaunch", self._exec, ctypes.c_void_p(stream))


def kernel_params(handle: int) -> tuple[driver.KernelNodeParams, ctypes.c_void_p]:
    """Launch parameters of a kernel node, and its function."""
    params = driver.KernelNodeParams()
    driver.call("cuGraphKernelNodeGetParams_v2", ctypes.c_void_p(handle), ctypes.byref(params))
    func = ctypes.c_void_p(params.func)
    if not params.func:
        driver.call("cuKernelGetFunction", ctypes.byref(func), ctypes.c_void_p(params.kern))
    allowed = driver.func_attribute(func, driver.FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    if params.shared_bytes > allowed:  # the library's permission is not on this handle
        driver.call(
            "cuFuncSetAttribute",
            func,
            driver.FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            ctypes.c_int(params.shared_bytes),
        )
    return params, func


def node_attribute(handle: int, attribute: int) -> driver.LaunchAttributeValue:
    value = driver.LaunchAttributeValue()
    driver.call(
        "cuGraphKernelNodeGetAttribute",
        ctypes.c_void_p(handle),
        ctypes.c_int(attribute),
        ctypes.byref(value),
    )
    return value


def _handles(graph: int) -> list[int]:
    count = ctypes.c_size_t(node_count(graph))
    array = (ctypes.c_void_p * count.value)()
    driver.call("cuGraphGetNodes", ctypes.c_void_p(graph), array, ctypes.byref(count))
    return [int(h) for h in array]


def _edges(graph: int, handles: list[int]) -> list[tuple[int, int]]:
    count = ctypes.c_size_t()
    driver.call("cuGraphGetEdges_v2", ctypes.c_void_p(graph), None, None, None, ctypes.byref(count))
    sources = (ctypes.c_void_p * count.value)()
    targets = (ctypes.c_void_p * count.value)()
    data = (driver.EdgeData * count.value)()
    driver.call(
        "cuGraphGetEdges_v2", ctypes.c_void_p(graph), sources, targets, data, ctypes.byref(count)
    )
    position = {handle: i for i, handle in enumerate(handles)}
    return [(position[int(s)], position[int(t)]) for s, t in zip(sources, targets)]


def _describe(handle: int) -> Node | None:
    """The operation behind ``handle``, or None for nodes that do no work on the GPU."""
    kind = ctypes.c_int()
    driver.call("cuGraphNodeGetType", ctypes.c_void_p(handle), ctypes.byref(kind))
    if kind.value not in _KINDS:
        if kind.value == driver.NODE_GRAPH:
            raise RecordError(
                "captured graph: child graphs are not supported; expected plain nodes"
            )
        return None
    node = Node(handle=handle, kind=_KINDS[kind.value])
    if kind.value == driver.NODE_MEMCPY:
        node.bytes = _copied_bytes(handle)
    if kind.value != driver.NODE_KERNEL:
        return node
    params, func = kernel_params(handle)
    node.name = driver.func_name(func)
    node.grid = (params.grid[0], params.grid[1], params.grid[2])
    node.block = (params.block[0], params.block[1], params.block[2])
    node.registers = driver.func_attribute(func, driver.FUNC_NUM_REGS)
    node.smem_static = driver.func_attribute(func, driver.FUNC_SHARED_SIZE_BYTES)
    node.smem_dynamic = params.shared_bytes
    node.carveout = driver.func_attribute(func, driver.FUNC_PREFERRED_SHARED_MEMORY_CARVEOUT)
    threads = node.block[0] * node.block[1] * node.block[2]
    node.blocks_per_sm = driver.blocks_per_sm(func, threads, node.smem_dynamic)
    node.cluster = _cluster_size(handle, func)
    return node


def _copied_bytes(handle: int) -> int:
    params = ctypes.create_string_buffer(driver.MEMCPY_PARAMS_BYTES)
    driver.call("cuGraphMemcpyNodeGetParams", ctypes.c_void_p(handle), params)
    size = (ctypes.c_size_t * 3).from_buffer(params, driver.MEMCPY_SIZE_OFFSET)
    return size[0] * max(1, size[1]) * max(1, size[2])


def _cluster_size(handle: int, func: ctypes.c_void_p) -> int:
    """Blocks in a cluster: the launch's wish, else what the kernel was compiled for, else 1."""
    shape = list(node_attribute(handle, driver.ATTR_CLUSTER_DIMENSION).uint3)
    if not all(shape):
        shape = [
            driver.func_attribute(func, attribute)
            for attribute in (
                driver.FUNC_REQUIRED_CLUSTER_WIDTH,
                driver.FUNC_REQUIRED_CLUSTER_HEIGHT,
                driver.FUNC_REQUIRED_CLUSTER_DEPTH,
            )
        ]
    return max(1, shape[0]) * max(1, shape[1]) * max(1, shape[2])
