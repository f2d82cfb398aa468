"""Merging calibration runs."""

import json
import unittest

from merge import merge, render, unite


def run(value, name="launch_host_ns", gpu="H200", table=None):
    constant = {"value": value, "unit": "ns", "source": "measured"}
    return {
        "provenance": {"gpu_name": gpu},
        "constants": {name: constant},
        "tables": {} if table is None else {"takeover": table},
    }


def table(*rows):
    return {
        "source": "measured",
        "keys": 1,
        "columns": ["block_us", "p50_ns"],
        "rows": list(rows),
    }


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
        with self.assertRaisesRegex(ValueError, "run 1: other tables"):
            merge([run(1), run(1, table=table([5, 1]))], "")
        with self.assertRaisesRegex(ValueError, "run 1: another GPU"):
            merge([run(1), run(1, gpu="H100")], "")

    def test_merges_tables_cell_by_cell(self):
        runs = [run(1, table=table([5, v], [20, 10 * v])) for v in (7, 9, 8)]
        merged = merge(runs, "")["tables"]["takeover"]
        self.assertEqual(merged["rows"], [[5, 8], [20, 80]])
        self.assertEqual(merged["merged"], "median of 3 runs")

    def test_keeps_the_first_run_where_the_cases_differ(self):
        merged = merge([run(1, table=table([5, 1])), run(1, table=table([6, 2]))], "")
        self.assertEqual(merged["tables"]["takeover"]["rows"], [[5, 1]])
        self.assertIn("first run", merged["tables"]["takeover"]["merged"])

    def test_unites_runs_of_other_parts(self):
        one = merge([run(1)], "580.0")
        both = unite(one, merge([run(2, name="mps_block_share")], ""))
        self.assertEqual(list(both["constants"]), ["launch_host_ns", "mps_block_share"])
        self.assertEqual(both["provenance"]["driver"], "580.0")
        with self.assertRaisesRegex(ValueError, "launch_host_ns is in"):
            unite(one, one)

    def test_writes_a_row_a_line(self):
        merged = merge([run(1, table=table([5, 1], [20, 2.5]))], "")
        text = render(merged)
        self.assertEqual(json.loads(text), merged)
        self.assertIn("[5, 1],\n", text)


if __name__ == "__main__":
    unittest.main()
