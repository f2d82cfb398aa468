"""Merging calibration runs."""

import unittest

from merge import merge


def run(value, name="launch_host_ns", gpu="H200"):
    constant = {"value": value, "unit": "ns", "source": "measured"}
    return {"provenance": {"gpu_name": gpu}, "constants": {name: constant}}


class MergeTest(unittest.TestCase):
    def test_takes_the_median_and_keeps_the_range(self):
        merged = merge([run(3), run(1), run(20)], "580.0")
        constant = merged["constants"]["launch_host_ns"]
        self.assertEqual((constant["value"], constant["min"], constant["max"]), (3, 1, 20))
        self.assertEqual(merged["provenance"]["runs"], 3)
        self.assertEqual(merged["provenance"]["driver"], "580.0")

    def test_refuses_runs_of_different_programs_or_gpus(self):
        with self.assertRaisesRegex(ValueError, "run 1: other constants"):
            merge([run(1), run(1, name="poll_ns")], "")
        with self.assertRaisesRegex(ValueError, "run 1: another GPU"):
            merge([run(1), run(1, gpu="H100")], "")


if __name__ == "__main__":
    unittest.main()
