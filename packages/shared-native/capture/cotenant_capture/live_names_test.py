"""Names of live programs, on the programs that are shipped."""

import pathlib
import unittest

from cotenant_capture import reader
from cotenant_capture.live_names import Origin, excerpt_origin, program_header, split_copy

DATA = pathlib.Path(__file__).resolve().parent.parent.parent


class LiveNamesTest(unittest.TestCase):
    def test_copies(self):
        self.assertEqual(split_copy("h200/a"), ("h200/a", ""))
        self.assertEqual(split_copy("h200/a#2"), ("h200/a", "#2"))
        self.assertEqual(split_copy("/tmp/#2/b.program.gz"), ("/tmp/#2/b.program.gz", ""))

    def test_an_excerpt_leads_to_its_model(self):
        header = program_header(DATA, "h200/conv2d-inference-b4-fp32")
        origin = excerpt_origin(header)
        self.assertEqual(origin, Origin("h200/resnet50-inference-b4-fp32", 50))
        self.assertIsNone(excerpt_origin(program_header(DATA, origin.program)))

    def test_an_excerpt_of_several_ops(self):
        excerpt = {"program": "h200/a", "op": 3, "count": 2, "repeat": 18}
        header = {"provenance": {"excerpt": excerpt}}
        self.assertEqual(excerpt_origin(header), Origin("h200/a", 36))

    def test_a_program_without_a_model(self):
        spin = DATA / "programs" / "h200" / "spin-20us-x1.program.gz"
        self.assertNotIn("excerpt", reader.read(spin).header.get("provenance", {}))
        with self.assertRaisesRegex(Exception, "none of the shipped models"):
            program_header(DATA, "h200/spin-20us-x1")


if __name__ == "__main__":
    unittest.main()
