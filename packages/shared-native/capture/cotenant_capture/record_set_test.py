"""The shipped set of programs."""

import pathlib
import unittest

from cotenant_capture.machine import merge
from cotenant_capture.record_set import shipped


class ShippedTest(unittest.TestCase):
    def test_five_models_in_two_modes_and_two_precisions(self):
        programs = shipped(("fp32", "bf16"), ("inference", "training"))
        self.assertEqual(len(set(programs)), 20)
        self.assertEqual(programs[0], ("resnet50", "inference", 4, "fp32"))
        self.assertIn(("bert", "training", 8, "bf16"), programs)

    def test_every_program_of_the_set_is_there(self):
        folder = pathlib.Path(__file__).resolve().parents[2] / "programs" / "h200"
        for model, mode, batch, precision in shipped(("fp32", "bf16"), ("inference", "training")):
            name = f"{model}-{mode}-b{batch}-{precision}.program.gz"
            self.assertTrue((folder / name).is_file(), name)


class MachineTest(unittest.TestCase):
    def raw(self, period):
        chain = {"period_ns": period, "duration_ns": 1, "profiled_gap_ns": 1, "fixed_ns": 1}
        facts = ("gpu_name", "driver", "cuda", "torch", "sm_clock_mhz", "mem_clock_mhz", "date")
        return {
            "chains": {name: chain for name in ("kernel", "memset", "memcpy")},
            "environment": dict.fromkeys(facts, "x"),
        }

    def test_median_and_range_over_recordings(self):
        merged = merge([self.raw(700.04), self.raw(690), self.raw(1000)])
        constant = merged["constants"]["kernel_chain_period_ns"]
        self.assertEqual((constant["value"], constant["min"], constant["max"]), (700.0, 690, 1000))
        self.assertEqual(merged["provenance"]["recordings"], 3)


if __name__ == "__main__":
    unittest.main()
