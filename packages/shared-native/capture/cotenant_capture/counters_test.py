"""Reading Nsight Compute's CSV report and counting operations."""

import unittest

from cotenant_capture import counters
from cotenant_capture.errors import RecordError

_HEAD = '"ID","Kernel Name","Block Size","Grid Size","device__attribute_mode","{}","{}"'


def report(*rows, units='"","","","","","byte","ns"'):
    head = _HEAD.format(counters.DRAM_READ, counters.DURATION)
    return "\n".join(["==PROF== Connected", head, units, *rows]) + "\n"


_ROW = '"0","void f<int, 2>(float)","(128, 1, 1)","(3, 2, 1)","No-CC","1,234,567","2,016"'


def parse(text):
    return counters.parse_csv(text, "report", counters.TRAFFIC_METRICS)


class ParseTest(unittest.TestCase):
    def test_reads_names_with_commas_dimensions_and_thousands(self):
        (launch,) = parse(report(_ROW))
        self.assertEqual(launch.name, "void f<int, 2>(float)")
        self.assertEqual((launch.grid, launch.block), ((3, 2, 1), (128, 1, 1)))
        self.assertEqual(launch.metrics, {counters.DRAM_READ: 1234567.0, counters.DURATION: 2016.0})

    def test_scales_units(self):
        (launch,) = parse(report(_ROW, units='"","","","","","Kbyte","us"'))
        self.assertEqual(launch.metrics[counters.DRAM_READ], 1234567e3)
        self.assertEqual(launch.metrics[counters.DURATION], 2016e3)

    def test_a_missing_value_is_left_out(self):
        (launch,) = parse(report(_ROW.replace('"2,016"', '"n/a"')))
        self.assertNotIn(counters.DURATION, launch.metrics)

    def test_refuses_what_is_cut_off_or_out_of_order(self):
        with self.assertRaisesRegex(RecordError, "row 2: 3 fields; expected 7"):
            parse(report('"0","f","(1, 1, 1)"'))
        with self.assertRaisesRegex(RecordError, "ID 5; expected 0"):
            parse(report(_ROW.replace('"0"', '"5"', 1)))
        with self.assertRaisesRegex(RecordError, 'no row starting with "ID"'):
            parse("==ERROR== nothing profiled\n")

    def test_refuses_unknown_units_and_text(self):
        with self.assertRaisesRegex(RecordError, "unit 'furlong'"):
            parse(report(_ROW, units='"","","","","","furlong","ns"'))
        with self.assertRaisesRegex(RecordError, "'fast' is not a number"):
            parse(report(_ROW.replace('"2,016"', '"fast"')))


class FlopsTest(unittest.TestCase):
    def metrics(self, **executed):
        values = {name: 0.0 for name in counters.WORK_METRICS if "inst_executed" in name}
        for op, count in executed.items():
            values[f"smsp__sass_thread_inst_executed_op_{op}_pred_on.sum"] = float(count)
        return values

    def test_weighs_fused_and_packed_instructions(self):
        found = counters.flops(self.metrics(fadd=1, fmul=10, ffma=100, hfma=5, hadd=3, dfma=7))
        self.assertEqual(found, {"fp32": 211, "fp16": 26, "fp64": 14, "tensor": 0})

    def test_adds_up_tensor_types_and_keeps_double_precision_apart(self):
        metrics = self.metrics()
        metrics["sm__ops_path_tensor_src_bf16_dst_fp32.sum"] = 4096.0
        metrics["sm__ops_path_tensor_src_fp16.sum"] = 2.0
        metrics["sm__ops_path_tensor_src_fp64.sum"] = 64.0
        found = counters.flops(metrics)
        self.assertEqual((found["tensor"], found["fp64"]), (4098, 64))

    def test_no_counts_without_every_instruction_counter(self):
        metrics = self.metrics()
        metrics.popitem()
        self.assertIsNone(counters.flops(metrics))


if __name__ == "__main__":
    unittest.main()
