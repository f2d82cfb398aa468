"""Launch a captured graph's nodes one at a time, so that a profiler can look at chosen ones."""

from __future__ import annotations

import ctypes

from cotenant_capture import driver, graph
from cotenant_capture.errors import RecordError

_MEMSETS = {1: "cuMemsetD8Async", 2: "cuMemsetD16Async", 4: "cuMemsetD32Async"}
_MEMSETS_2D = {1: "cuMemsetD2D8Async", 2: "cuMemsetD2D16Async", 4: "cuMemsetD2D32Async"}


def launch(node: graph.Node, stream: int) -> None:
    """Put one node of a live graph on ``stream`` with the arguments it was captured with."""
    if node.kind == "kernel":
        _kernel(node, stream)
    elif node.kind == "memset":
        _memset(node, stream)
    elif node.kind == "memcpy":
        params = ctypes.create_string_buffer(driver.MEMCPY_PARAMS_BYTES)
        driver.call("cuGraphMemcpyNodeGetParams", ctypes.c_void_p(node.handle), params)
        driver.call("cuMemcpy3DAsync_v2", params, ctypes.c_void_p(stream))
    else:
        raise RecordError(f"cannot launch a graph node of kind '{node.kind}' on its own")


def _kernel(node: graph.Node, stream: int) -> None:
    params, func = graph.kernel_params(node.handle)
    attributes = []
    cluster = graph.node_attribute(node.handle, driver.ATTR_CLUSTER_DIMENSION)
    if all(cluster.uint3):
        attributes.append((driver.ATTR_CLUSTER_DIMENSION, cluster))
    for attribute in (
        driver.ATTR_COOPERATIVE,
        driver.ATTR_CLUSTER_SCHEDULING,
        driver.ATTR_PREFERRED_SHARED_MEMORY_CARVEOUT,
    ):
        value = graph.node_attribute(node.handle, attribute)
        if value.int1 > 0:
            attributes.append((attribute, value))
    array = (driver.LaunchAttribute * max(1, len(attributes)))()
    for slot, (attribute, value) in zip(array, attributes):
        slot.id = attribute
        slot.value = value
    config = driver.LaunchConfig(
        grid=params.grid,
        block=params.block,
        shared_bytes=params.shared_bytes,
        stream=stream,
        attrs=array,
        num_attrs=len(attributes),
    )
    driver.call(
        "cuLaunchKernelEx",
        ctypes.byref(config),
        func,
        ctypes.c_void_p(params.params),
        ctypes.c_void_p(params.extra),
    )


def _memset(node: graph.Node, stream: int) -> None:
    params = driver.MemsetNodeParams()
    driver.call("cuGraphMemsetNodeGetParams", ctypes.c_void_p(node.handle), ctypes.byref(params))
    if params.height <= 1:
        driver.call(
            _MEMSETS[params.element_size],
            ctypes.c_uint64(params.dst),
            ctypes.c_uint(params.value),
            ctypes.c_size_t(params.width),
            ctypes.c_void_p(stream),
        )
        return
    driver.call(
        _MEMSETS_2D[params.element_size],
        ctypes.c_uint64(params.dst),
        ctypes.c_size_t(params.pitch),
        ctypes.c_uint(params.value),
        ctypes.c_size_t(params.width),
        ctypes.c_size_t(params.height),
        ctypes.c_void_p(stream),
    )
