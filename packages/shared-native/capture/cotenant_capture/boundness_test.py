"""Roofline classes at and around the knee of each pipe."""

import pathlib
import tempfile
import unittest

from cotenant_capture.boundness import Peaks, classify, load_peaks
from cotenant_capture.errors import RecordError

PEAKS = Peaks(fp32=60e12, fp16=120e12, fp64=30e12, tf32=500e12, bf16=1000e12, bandwidth=5e12)
_SPEC = pathlib.Path(__file__).parent / "testdata" / "gpu.json"


def flops(**counts):
    return {"fp32": 0, "fp16": 0, "fp64": 0, "tensor": 0, **counts}


def bound(counts, cold, sm=0.0, dram=0.0):
    return classify(counts, cold, sm, dram, PEAKS, PEAKS.bf16)


class ClassifyTest(unittest.TestCase):
    def test_fp32_knee_is_peak_over_bandwidth(self):
        self.assertEqual(bound(flops(fp32=1201), 100), ("compute", "ai=12.01>knee=12.00"))
        self.assertEqual(bound(flops(fp32=1200), 100), ("memory", "ai=12.00<=knee=12.00"))

    def test_tensor_work_needs_far_more_intensity(self):
        self.assertEqual(bound(flops(tensor=15_000), 100)[0], "memory")
        self.assertEqual(bound(flops(tensor=25_000), 100), ("compute", "ai=250.00>knee=200.00"))

    def test_mixed_work_takes_a_knee_between_the_pipes(self):
        # 3e3 FP32 operations take as long as 5e4 of the tensor cores.
        name, evidence = bound(flops(fp32=3000, tensor=50_000), 100)
        self.assertEqual((name, evidence), ("compute", "ai=530.00>knee=106.00"))

    def test_utilisation_decides_without_floating_point_work(self):
        self.assertEqual(bound(flops(), 100, sm=0.6), ("compute", "sm=0.60>=0.60"))
        self.assertEqual(bound(flops(), 100, sm=0.59, dram=0.6), ("memory", "dram=0.60>=0.60"))
        self.assertEqual(bound(flops(), 100, sm=0.5, dram=0.1)[0], "unknown")

    def test_work_without_any_traffic_falls_back_to_utilisation(self):
        self.assertEqual(bound(flops(fp32=10), 0, sm=0.7)[0], "compute")

    def test_no_counters_is_unknown(self):
        self.assertEqual(bound(None, None), ("unknown", "no counters"))


class LoadPeaksTest(unittest.TestCase):
    def test_reads_a_specification(self):
        peaks = load_peaks(_SPEC)
        self.assertEqual((peaks.fp32, peaks.bf16, peaks.bandwidth), (66.9e12, 989.4e12, 4.8e12))
        self.assertEqual((peaks.fp16, peaks.fp64), (133.8e12, 33.45e12))

    def test_names_what_is_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "gpu.json"
            path.write_text('{"peak": {}, "memory": {}}')
            with self.assertRaisesRegex(RecordError, "gpu.json: .*fp32_flops"):
                load_peaks(path)
        with self.assertRaisesRegex(RecordError, "FileNotFoundError"):
            load_peaks(path)


if __name__ == "__main__":
    unittest.main()
