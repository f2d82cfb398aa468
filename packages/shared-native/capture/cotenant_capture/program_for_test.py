"""A small program with every kind of field, for the tests of writer and reader."""

from cotenant_capture.program import Allocation, Op, Program


def small_program():
    copy = Op(0, "copy_h2d", "Memcpy HtoD (Pinned -> Device)", "forward", bytes=4096,
              duration_ns=900, duration_p25_ns=880, duration_p75_ns=910, host_gap_ns=0,
              evidence="not a kernel")  # fmt: skip
    kernel = Op(1, "kernel", 'void f<int, 2>(char const*, "x")', "update", 3, 2, 1, 128, 1, 1, 32,
                0, 49152, 2, 4, 5000, 4900, 5100, 1200, None, 1024, 0, 0.25, 1.0, 7, 0, 0, 9,
                "memory", "ai=0.02<=knee=14.00")  # fmt: skip
    header = {"name": "small", "gpu": "h200", "label": "recorded", "solo": {"latency_ns": 6000}}
    memory = [Allocation(0, "alloc", 0, 512), Allocation(1, "free", 0, 512)]
    return Program(header, [copy, kernel], memory)
