"""The few CUDA driver calls that the recorder needs, through ctypes.

The framework offers no way to read a captured graph, so the walk goes through the driver API.
Loading happens on first use: the package imports on machines without a GPU.
"""

from __future__ import annotations

import ctypes
import functools

from cotenant_capture.errors import RecordError

# CUgraphNodeType
NODE_KERNEL, NODE_MEMCPY, NODE_MEMSET, NODE_HOST, NODE_GRAPH, NODE_EMPTY = range(6)

# CUfunction_attribute
FUNC_SHARED_SIZE_BYTES = 1
FUNC_NUM_REGS = 4
FUNC_MAX_DYNAMIC_SHARED_SIZE_BYTES = 8
FUNC_PREFERRED_SHARED_MEMORY_CARVEOUT = 9
FUNC_REQUIRED_CLUSTER_WIDTH, FUNC_REQUIRED_CLUSTER_HEIGHT, FUNC_REQUIRED_CLUSTER_DEPTH = 11, 12, 13

# CUlaunchAttributeID
ATTR_COOPERATIVE = 2
ATTR_CLUSTER_DIMENSION = 4
ATTR_CLUSTER_SCHEDULING = 5
ATTR_PREFERRED_SHARED_MEMORY_CARVEOUT = 14

# A CUDA_MEMCPY3D is 200 bytes and ends with its width in bytes, height and depth. Nothing else of
# it is looked at, so an opaque buffer is enough.
MEMCPY_PARAMS_BYTES = 256
MEMCPY_SIZE_OFFSET = 176


class KernelNodeParams(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS_v2."""

    _fields_ = [
        ("func", ctypes.c_void_p),
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_bytes", ctypes.c_uint),
        ("params", ctypes.c_void_p),
        ("extra", ctypes.c_void_p),
        ("kern", ctypes.c_void_p),
        ("ctx", ctypes.c_void_p),
    ]


class MemsetNodeParams(ctypes.Structure):
    """CUDA_MEMSET_NODE_PARAMS."""

    _fields_ = [
        ("dst", ctypes.c_uint64),
        ("pitch", ctypes.c_size_t),
        ("value", ctypes.c_uint),
        ("element_size", ctypes.c_uint),
        ("width", ctypes.c_size_t),
        ("height", ctypes.c_size_t),
    ]


class EdgeData(ctypes.Structure):
    """CUgraphEdgeData."""

    _fields_ = [
        ("from_port", ctypes.c_ubyte),
        ("to_port", ctypes.c_ubyte),
        ("type", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte * 5),
    ]


class LaunchAttributeValue(ctypes.Union):
    """CUlaunchAttributeValue: a 64-byte union."""

    _fields_ = [
        ("pad", ctypes.c_byte * 64),
        ("uint3", ctypes.c_uint * 3),
        ("int1", ctypes.c_int),
    ]


class LaunchAttribute(ctypes.Structure):
    """CUlaunchAttribute."""

    _fields_ = [
        ("id", ctypes.c_int),
        ("pad", ctypes.c_byte * 4),
        ("value", LaunchAttributeValue),
    ]


class LaunchConfig(ctypes.Structure):
    """CUlaunchConfig."""

    _fields_ = [
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared_bytes", ctypes.c_uint),
        ("stream", ctypes.c_void_p),
        ("attrs", ctypes.POINTER(LaunchAttribute)),
        ("num_attrs", ctypes.c_uint),
    ]


@functools.cache
def library() -> ctypes.CDLL:
    try:
        return ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise RecordError(f"no CUDA driver: {error}; recording needs an NVIDIA GPU") from error


def call(name: str, *arguments: object) -> None:
    """Call a driver function and raise on any result but success."""
    result = getattr(library(), name)(*arguments)
    if result != 0:
        text = ctypes.c_char_p()
        library().cuGetErrorName(result, ctypes.byref(text))
        label = text.value.decode() if text.value else "unknown error"
        raise RecordError(f"CUDA driver: {name} returned {result} ({label})")


def func_attribute(func: ctypes.c_void_p, attribute: int) -> int:
    value = ctypes.c_int()
    call("cuFuncGetAttribute", ctypes.byref(value), attribute, func)
    return value.value


def func_name(func: ctypes.c_void_p) -> str:
    text = ctypes.c_char_p()
    call("cuFuncGetName", ctypes.byref(text), func)
    return text.value.decode() if text.value else ""


def blocks_per_sm(func: ctypes.c_void_p, threads: int, dynamic_shared: int) -> int:
    blocks = ctypes.c_int()
    call(
        "cuOccupancyMaxActiveBlocksPerMultiprocessor",
        ctypes.byref(blocks),
        func,
        ctypes.c_int(threads),
        ctypes.c_size_t(dynamic_shared),
    )
    return blocks.value
