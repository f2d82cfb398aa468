"""Reading profiler traces: replays, host gaps and allocator events from hand-made traces."""

import json
import pathlib
import tempfile
import unittest

from cotenant_capture import kineto
from cotenant_capture.errors import RecordError


def kernel(name, ts, dur, correlation, grid=(1, 1, 1)):
    args = {"grid": list(grid), "block": [32, 1, 1], "correlation": correlation}
    return {"ph": "X", "cat": "kernel", "name": name, "ts": ts, "dur": dur, "args": args}


def copy(ts, dur, correlation, size):
    args = {"bytes": size, "correlation": correlation}
    name = "Memcpy HtoD (Pinned -> Device)"
    return {"ph": "X", "cat": "gpu_memcpy", "name": name, "ts": ts, "dur": dur, "args": args}


def call(name, ts, dur, correlation=0):
    args = {"correlation": correlation}
    return {"ph": "X", "cat": "cuda_runtime", "name": name, "ts": ts, "dur": dur, "args": args}


def memory(ts, size, address, device=1):
    args = {"Bytes": size, "Addr": address, "Device Type": device}
    return {"ph": "i", "cat": "cpu_instant_event", "name": "[memory]", "ts": ts, "args": args}


class GpuEventsTest(unittest.TestCase):
    def test_sorts_by_start_and_converts_microseconds(self):
        found = kineto.gpu_events([kernel("b", 20.5, 1.504, 2), copy(10.0, 2.016, 1, 4096)])
        self.assertEqual([e.kind for e in found], ["memcpy", "kernel"])
        self.assertEqual([e.duration_ns for e in found], [2016, 1504])
        self.assertEqual((found[0].bytes, found[1].bytes), (4096, None))
        self.assertEqual(found[1].block, (32, 1, 1))

    def test_ignores_everything_that_is_not_a_finished_gpu_operation(self):
        noise = [call("cudaLaunchKernel", 1, 1, 5), {"ph": "M", "cat": "kernel"}, {"ph": "X"}]
        self.assertEqual(kineto.gpu_events(noise), [])


class SplitReplaysTest(unittest.TestCase):
    def events(self, names):
        return kineto.gpu_events([kernel(n, 10.0 * i, 1.0, i) for i, n in enumerate(names)])

    def test_cuts_equal_rounds(self):
        rounds = kineto.split_replays(self.events("ababab"), ops=2, replays=3)
        self.assertEqual([[e.name for e in r] for r in rounds], [["a", "b"]] * 3)

    def test_refuses_a_wrong_total(self):
        with self.assertRaisesRegex(RecordError, "saw 5 GPU operations in 3 replays.*6 in all"):
            kineto.split_replays(self.events("ababa"), ops=2, replays=3)

    def test_refuses_another_order(self):
        with self.assertRaisesRegex(RecordError, "replay 1, operation 0: 'b'"):
            kineto.split_replays(self.events("abba"), ops=2, replays=2)


class EagerTest(unittest.TestCase):
    def one(self, begin, first, gap, names=("a", "b")):
        """An iteration from host time ``begin``: two launches of 4 us and a synchronisation."""
        second = begin + 4.0 + gap
        return [
            call("cudaLaunchKernel", begin, 4.0, first),
            call("cudaLaunchKernel", second, 4.0, first + 1),
            kernel(names[0], begin + 6, 1.0, first),
            kernel(names[1], second + 6, 1.0, first + 1),
            call("cudaDeviceSynchronize", second + 5, 10.0),
        ]

    def test_gap_reaches_from_the_end_of_a_call_to_the_start_of_the_next(self):
        iterations = kineto.eager_iterations(self.one(0.0, 1, 2.5) + self.one(100.0, 3, 3.5))
        self.assertEqual([gaps for _, gaps in iterations], [[0, 2500], [0, 3500]])

    def test_launch_order_counts_where_the_gpu_ran_in_another(self):
        events = self.one(0.0, 1, 1.0)
        events[2], events[3] = kernel("a", 50.0, 1.0, 1), kernel("b", 40.0, 1.0, 2)
        events[-1] = call("cudaDeviceSynchronize", 60.0, 1.0)
        self.assertEqual([e.name for e in kineto.eager_iterations(events)[0][0]], ["a", "b"])

    def test_median_leaves_out_unusual_iterations(self):
        events = []
        for i, gap in enumerate((1.0, 9.0, 2.0)):
            events += self.one(100.0 * i, 10 * i + 1, gap)
        events += self.one(500.0, 91, 50.0, names=("a", "other"))
        ops, gaps, agreeing = kineto.median_gaps(kineto.eager_iterations(events))
        self.assertEqual([e.name for e in ops], ["a", "b"])
        self.assertEqual((gaps, agreeing), ([0, 2000], 3))

    def test_nothing_seen_is_an_error(self):
        with self.assertRaisesRegex(RecordError, "no eager iteration"):
            kineto.median_gaps([])


class MemoryTest(unittest.TestCase):
    def trace(self, *events):
        launches = EagerTest().one(10.0, 1, 10.0)  # launches at 10 and 24
        return [*launches, *events]

    def test_places_events_before_the_next_launch_and_numbers_blocks(self):
        events = [memory(5, 512, 0xA), memory(15, 1024, 0xB), memory(16, -512, 0xA),
                  memory(40, -1024, 0xB)]  # fmt: skip
        _, found, unmatched = kineto.memory_events(self.trace(*events))
        self.assertEqual(
            [(e.op, e.event, e.block, e.bytes) for e in found],
            [(0, "alloc", 0, 512), (1, "alloc", 1, 1024), (1, "free", 0, 512),
             (2, "free", 1, 1024)],
        )  # fmt: skip
        self.assertEqual(unmatched, 0)

    def test_an_address_used_again_is_another_block(self):
        events = [memory(5, 512, 0xA), memory(6, -512, 0xA), memory(7, 256, 0xA)]
        _, found, _ = kineto.memory_events(self.trace(*events))
        self.assertEqual([e.block for e in found], [0, 0, 1])

    def test_counts_releases_of_older_blocks_and_ignores_the_host(self):
        events = [memory(5, -512, 0xA), memory(6, 64, 0xC, device=0)]
        _, found, unmatched = kineto.memory_events(self.trace(*events))
        self.assertEqual((found, unmatched), ([], 1))

    def test_refuses_several_iterations(self):
        events = self.trace() + EagerTest().one(200.0, 11, 1.0)
        with self.assertRaisesRegex(RecordError, "2 iterations; expected exactly one"):
            kineto.memory_events(events)


class LoadTest(unittest.TestCase):
    def test_reads_the_events_and_refuses_other_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "trace.json"
            path.write_text(json.dumps({"traceEvents": [{"ph": "X"}]}))
            self.assertEqual(kineto.load(path), [{"ph": "X"}])
            path.write_text('{"traceEvents": [')
            with self.assertRaisesRegex(RecordError, "not a profiler trace"):
                kineto.load(path)
            path.write_text("[]")
            with self.assertRaisesRegex(RecordError, "no traceEvents"):
                kineto.load(path)


if __name__ == "__main__":
    unittest.main()
