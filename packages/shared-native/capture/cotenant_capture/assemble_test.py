"""From a raw recording to a program, on a recording of four operations."""

import copy
import json
import unittest

from cotenant_capture import assemble, counters, reader, writer
from cotenant_capture.boundness import Peaks
from cotenant_capture.errors import RecordError

PEAKS = Peaks(fp32=60e12, fp16=120e12, fp64=30e12, tf32=500e12, bf16=1000e12, bandwidth=5e12)
IDENTITY = {"name": "small", "gpu": "g", "model": "m", "mode": "training", "batch": 2,
            "precision": "fp32"}  # fmt: skip


def node(kind, name="", grid=(0, 0, 0), block=(0, 0, 0), phase="forward", size=0):
    return {"kind": kind, "name": name, "grid": list(grid), "block": list(block), "registers": 40,
            "smem_static": 16, "smem_dynamic": 1024, "cluster": 2, "blocks_per_sm": 8,
            "carveout": -1, "bytes": size, "phase": phase}  # fmt: skip


def event(kind, name, grid=(0, 0, 0), block=(0, 0, 0), size=None):
    return {"kind": kind, "name": name, "bytes": size, "grid": list(grid), "block": list(block)}


def small_raw():
    """Copy in, kernel, copy on the device (which a graph does with a kernel), memset."""
    chain = {"period_ns": 1000.0, "duration_ns": 900.0, "profiled_gap_ns": 300.0, "fixed_ns": 50.0}
    shape = ((4, 2, 1), (64, 1, 1))
    work = dict.fromkeys(counters.WORK_METRICS, 0.0)
    work.update({counters.DURATION: 4000.0, counters.SM_UTIL: 30.0, counters.DRAM_READ: 900.0,
                 counters.DRAM_WRITE: 100.0})  # fmt: skip
    work["smsp__sass_thread_inst_executed_op_ffma_pred_on.sum"] = 10_000.0
    traffic = {counters.DURATION: 2000.0, counters.DRAM_READ: 640.0, counters.DRAM_WRITE: 32.0,
               counters.DRAM_UTIL: 12.5}  # fmt: skip
    return {
        "nodes": [node("memcpy", size=4096), node("kernel", "_Zk", *shape, "backward"),
                  node("memcpy", phase="update", size=256), node("memset", phase="update")],
        "events": [event("memcpy", "Memcpy HtoD (Pinned -> Device)", size=4096),
                   event("kernel", "k<int, 2>(float*)", *shape),
                   event("kernel", "memcpy128", (1, 1, 1), (128, 1, 1)),
                   event("memset", "Memset (Unknown)", size=8)],
        "durations_ns": [[1000, 1010, 990], [5000, 5100, 4900], [800, 800, 800], [700, 700, 700]],
        "latencies_ns": [7750, 7740, 7760],
        "chains": {"kernel": chain, "memset": {**chain, "period_ns": 1050.0},
                   "memcpy": {**chain, "period_ns": 880.0}},
        "host_gaps_ns": [0, 4000, None, 3000],
        "eager": {"ops": 4, "matched": 3, "iterations": 10, "agreeing_iterations": 10},
        "memory": {"persistent_bytes": 10, "peak_bytes": 20, "events": [[1, "alloc", 0, 512]]},
        "environment": {"gpu_name": "G", "torch": "2"},
        "shapes": [[2, 3]], "input_types": ["float32"],
        "notes": {"optimizer": "SGD", "weights": "random"},
        "counters": {"stand_in": {"1": 1}, "traffic": {"1": traffic}, "work": {"1": work}},
    }  # fmt: skip


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.program = assemble.program(small_raw(), IDENTITY, PEAKS)

    def test_kinds_phases_sizes_and_medians(self):
        ops = self.program.ops
        self.assertEqual([op.kind for op in ops], ["copy_h2d", "kernel", "copy_d2d", "memset"])
        self.assertEqual([op.phase for op in ops], ["forward", "backward", "update", "update"])
        self.assertEqual([op.bytes for op in ops], [4096, None, 256, 8])
        self.assertEqual(
            [(op.duration_p25_ns, op.duration_ns, op.duration_p75_ns) for op in ops[:2]],
            [(995, 1000, 1005), (4950, 5000, 5050)],
        )
        self.assertEqual([op.host_gap_ns for op in ops], [0, 4000, None, 3000])

    def test_only_kernels_have_launch_resources(self):
        kernel, device_copy = self.program.ops[1:3]
        self.assertEqual((kernel.grid_x, kernel.grid_y, kernel.block_x), (4, 2, 64))
        self.assertEqual((kernel.cluster, kernel.blocks_per_sm, kernel.smem_dynamic), (2, 8, 1024))
        self.assertIsNone(device_copy.grid_x)
        self.assertEqual(device_copy.evidence, "not a kernel")

    def test_counters_come_from_the_right_run(self):
        kernel = self.program.ops[1]
        self.assertEqual((kernel.dram_read_bytes, kernel.dram_write_bytes), (640, 32))
        self.assertEqual(kernel.dram_util, 0.125)
        # 30 % of 4000 ns is 60 % of the 2000 ns that the same work takes inside the program.
        self.assertAlmostEqual(kernel.sm_util, 0.6)
        self.assertEqual(kernel.flop_fp32, 20_000)
        # Intensity from the cold run's 1000 bytes, not from the 672 inside the program.
        self.assertEqual((kernel.boundness, kernel.evidence), ("compute", "ai=20.00>knee=12.00"))

    def test_busy_time_is_latency_without_start_and_gaps(self):
        solo = self.program.header["solo"]
        # Start 50 + 100; gaps: copy-kernel 0 (its chain has none), kernel-copy 0, copy-memset 0.
        self.assertEqual((solo["latency_ns"], solo["busy_ns"]), (7750, 7600))
        self.assertEqual(solo["op_sum_ns"], 7500)
        self.assertEqual((solo["dependent_gap_ns"], solo["memset_gap_ns"]), (100, 150))
        self.assertEqual(solo["copy_gap_ns"], 0)  # shorter than its durations: nothing to subtract

    def test_provenance(self):
        provenance = self.program.header["provenance"]
        self.assertEqual(provenance["shapes"], {"input0": "float32[2, 3]"})
        self.assertEqual((provenance["optimizer"], provenance["tf32"]), ("SGD", False))
        self.assertEqual(provenance["notes"], {"weights": "random"})
        self.assertEqual(provenance["counters"]["profiled_launches"], 1)
        json.dumps(provenance)

    def test_result_passes_the_reader(self):
        self.assertEqual(reader.parse(writer.render(self.program), "f").ops[1].name[:8], "k<int, 2")


class RefusalTest(unittest.TestCase):
    def refused(self, change, reason):
        raw = copy.deepcopy(small_raw())
        change(raw)
        with self.assertRaisesRegex(RecordError, reason):
            assemble.program(raw, IDENTITY, PEAKS)

    def test_sum_and_busy_time_too_far_apart(self):
        def slow(raw):
            raw["latencies_ns"] = [9000, 9000, 9000]

        self.refused(slow, r"small: operations sum to 7500 ns.*busy 8850 ns \(15.3% apart\)")

    def test_graph_and_gpu_disagree(self):
        def other_grid(raw):
            raw["events"][1]["grid"] = [5, 2, 1]

        def other_kind(raw):
            raw["events"][1]["kind"] = "memset"

        self.refused(other_grid, r"operation 1: grid \[4, 2, 1\]")
        self.refused(other_kind, "operation 1: a kernel in the graph, a memset on the GPU")

    def test_a_copy_of_unknown_direction(self):
        def peer(raw):
            raw["events"][0]["name"] = "Memcpy PtoP"

        self.refused(peer, "copy 'Memcpy PtoP'")


class WithoutCountersTest(unittest.TestCase):
    def test_boundness_is_unknown_and_fields_stay_empty(self):
        raw = small_raw()
        del raw["counters"]
        kernel = assemble.program(raw, IDENTITY, PEAKS).ops[1]
        self.assertEqual((kernel.boundness, kernel.evidence), ("unknown", "no counters"))
        self.assertIsNone(kernel.sm_util)
        self.assertIsNone(kernel.flop_tensor)


if __name__ == "__main__":
    unittest.main()
