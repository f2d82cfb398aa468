"""Finding and calling a user's build function."""

import pathlib
import tempfile
import unittest

from cotenant_capture.errors import RecordError
from cotenant_capture.workload import Workload, call_builder, load_builder

_MODEL = """
from cotenant_capture import Workload

def build(batch):
    return Workload(model="net", inputs=(batch,))

LIMIT = 3
"""


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = pathlib.Path(self.folder.name) / "net.py"
        self.file.write_text(_MODEL)

    def refused(self, target, reason):
        with self.assertRaisesRegex(RecordError, reason):
            load_builder(target)

    def test_finds_the_function(self):
        workload = call_builder(
            load_builder(f"{self.file}:build"), batch=8, mode="inference", precision="fp32"
        )
        self.assertEqual(workload.inputs, (8,))

    def test_names_what_is_wrong(self):
        self.refused("net.py", "expected FILE.py:FUNCTION")
        self.refused("net.py:", "expected FILE.py:FUNCTION")
        self.refused("/no/net.py:build", "no file '/no/net.py'")
        self.refused(f"{self.file}:make", r"no function 'make'; '.*' has build")
        self.refused(f"{self.file}:LIMIT", "no function 'LIMIT'")

    def test_a_file_that_fails_is_reported_in_one_line(self):
        self.file.write_text("1 / 0")
        self.refused(f"{self.file}:build", r"importing failed: ZeroDivisionError")


class CallTest(unittest.TestCase):
    def call(self, builder, mode="inference"):
        return call_builder(builder, batch=4, mode=mode, precision="bf16")

    def test_passes_only_what_the_function_accepts(self):
        seen = []
        self.call(lambda batch: (seen.append(batch), ("net", ()))[1])
        self.call(lambda **given: (seen.append(sorted(given)), ("net", ()))[1])
        self.assertEqual(seen, [4, ["batch", "mode", "precision"]])

    def test_a_pair_is_enough_for_inference_but_not_for_training(self):
        workload = self.call(lambda batch: ("net", [1, 2]))
        self.assertEqual((workload.model, workload.inputs), ("net", (1, 2)))
        with self.assertRaisesRegex(RecordError, "needs Workload.optimizer"):
            self.call(lambda batch: ("net", []), mode="training")

    def test_refuses_other_results(self):
        with self.assertRaisesRegex(RecordError, "returned NoneType"):
            self.call(lambda: None)

    def test_default_forward_and_loss(self):
        workload = Workload(model=lambda a, b: a + b, inputs=(1, 2))
        output = workload.run_forward((1, 2))
        self.assertEqual((output, workload.run_loss(output, (1, 2))), (3, 3))


if __name__ == "__main__":
    unittest.main()
