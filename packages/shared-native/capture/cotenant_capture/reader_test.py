"""Program files: what is written can be read, and what is damaged is refused with its place."""

import gzip
import pathlib
import tempfile
import unittest

from cotenant_capture import reader, writer
from cotenant_capture.errors import RecordError
from cotenant_capture.program_for_test import small_program


class RoundTripTest(unittest.TestCase):
    def test_reading_gives_what_was_written(self):
        program = small_program()
        self.assertEqual(reader.parse(writer.render(program), "f"), program)

    def test_files_are_equal_byte_for_byte_and_nothing_else_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = (pathlib.Path(folder) / n for n in ("a.gz", "b.gz"))
            writer.write(small_program(), first)
            writer.write(small_program(), second)
            self.assertEqual(first.read_bytes(), second.read_bytes())
            self.assertEqual(reader.read(first), small_program())
            self.assertEqual(sorted(p.name for p in first.parent.iterdir()), ["a.gz", "b.gz"])

    def test_shipped_recordings_are_valid(self):
        folder = pathlib.Path(__file__).resolve().parents[2] / "programs"
        files = sorted(folder.rglob("*.program.gz"))
        self.assertTrue(files, f"no recordings in {folder}")
        for file in files:
            with self.subTest(file.name):
                program = reader.read(file)
                self.assertEqual(f"{program.header['name']}.program.gz", file.name)
                if file.name.startswith("spin-"):
                    continue  # made up by `cotenant program spin`: nothing was measured
                solo = program.header["solo"]
                error = abs(solo["op_sum_ns"] - solo["busy_ns"]) / solo["busy_ns"]
                self.assertLessEqual(error, 0.05)
                self.assertEqual(solo["op_sum_ns"], sum(op.duration_ns for op in program.ops))
                # An excerpt is one kernel of a recording, without the input's copy.
                excerpt = "excerpt" in program.header["provenance"]
                self.assertEqual(program.ops[0].kind, "kernel" if excerpt else "copy_h2d")


class RefusalTest(unittest.TestCase):
    def setUp(self):
        self.text = writer.render(small_program())

    def refused(self, text, reason):
        with self.assertRaisesRegex(RecordError, "^prog: " + reason):
            reader.parse(text, "prog")

    def changed(self, old, new, reason):
        self.assertIn(old, self.text)
        self.refused(self.text.replace(old, new, 1), reason)

    def test_header(self):
        self.changed('"version":1', '"version":2', "row 1, column version: 2; expected 1")
        self.changed("cotenant-program", "other", "row 1, column format: not a program file")
        self.changed('"recorded"', '"guessed"', "row 1, column label: 'guessed'")
        self.changed('"ops":2', '"ops":-2', "row 1, column ops: -2")
        self.refused("{", "row 1: not JSON")

    def test_columns(self):
        self.changed("index,kind,", "index,type,", "row 2: unknown columns")
        self.changed("op,event,block", "op,event,blk", "row 6: unknown columns")

    def test_counts_that_disagree(self):
        self.changed('"ops":2', '"ops":3', r"row 5: 2 operations; expected 3 \(header\)")
        self.changed('"memory_events":2', '"memory_events":1', r"row 9: '\[end\] ops=2")
        self.changed("1,free,0,512\n", "", r"row 8: 1 memory events; expected 2 \(header\)")
        self.changed("[end] ops=2", "[end] ops=9", r"row 9: '\[end\] ops=9")

    def test_truncation_anywhere_is_noticed(self):
        lines = self.text.splitlines(keepends=True)
        for kept in range(len(lines)):
            with self.subTest(lines=kept):
                with self.assertRaises(RecordError):
                    reader.parse("".join(lines[:kept]), "prog")

    def test_fields(self):
        self.changed("0,copy_h2d", "1,copy_h2d", "row 3, column index: 1; expected 0")
        self.changed("copy_h2d", "copy", "row 3, column kind: 'copy'; expected kernel or")
        self.changed(",update,", ",later,", "row 4, column phase: 'later'")
        self.changed(",5000,", ",5e3,", "row 4, column duration_ns: '5e3'; expected a whole")
        self.changed(",1.0000,", ",1.5000,", "row 4, column dram_util: '1.5000'; expected a number")
        self.changed(",900,", ",,", "row 3, column duration_ns: ''")
        self.changed(",memory,ai", ",ai", "row 4: 29 fields; expected 30")

    def test_memory_events(self):
        self.changed("0,alloc,0,512", "0,take,0,512", "row 7, column event: '0,take,0,512'")
        self.changed("1,free,0,512", "1,free,7,512", "row 8, column block: free of 7")
        self.changed("1,free,0,512", "1,free,0,511", "row 8, column block")
        self.changed("1,free,0,512", "3,free,0,512", "row 8, column op: 3; expected 0 to 2")
        self.changed("1,free,0,512", "1,alloc,0,512", "row 8, column block: 0 twice")


class DamagedFileTest(unittest.TestCase):
    def test_not_gzip_cut_off_or_missing(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "p.program.gz"
            with self.assertRaisesRegex(RecordError, "no such file"):
                reader.read(path)
            path.write_bytes(b"plain text")
            with self.assertRaisesRegex(RecordError, "expected a gzip file"):
                reader.read(path)
            whole = gzip.compress(writer.render(small_program()).encode())
            path.write_bytes(whole[: len(whole) // 2])
            with self.assertRaisesRegex(RecordError, "truncated"):
                reader.read(path)


if __name__ == "__main__":
    unittest.main()
