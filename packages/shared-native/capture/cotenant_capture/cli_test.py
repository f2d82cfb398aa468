"""The command line: what it refuses before anything is measured, and assembling without a GPU."""

import contextlib
import gzip
import io
import json
import pathlib
import tempfile
import unittest

from cotenant_capture import cli, reader
from cotenant_capture.assemble_test import IDENTITY, small_raw
from cotenant_capture.errors import RecordError

_SPEC = str(pathlib.Path(__file__).parent / "testdata" / "gpu.json")


def run(*arguments):
    """Exit code, standard output, standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(arguments)
        except SystemExit as exit_request:
            code = exit_request.code
    return code, out.getvalue(), err.getvalue()


class RefusalTest(unittest.TestCase):
    def refused(self, code, text, *arguments):
        got, _, err = run(*arguments)
        self.assertEqual(got, code, err)
        self.assertIn(text, err)
        self.assertEqual(err.count("\n"), 1, "one line, no stack trace")

    def test_usage(self):
        self.refused(64, "'x' is not a positive whole number", "resnet50", "--batch", "x")
        self.refused(64, "'0' is not a positive whole number", "resnet50", "--batch", "0")
        self.refused(64, "invalid choice: 'int8'", "resnet50", "--precision", "int8")
        self.refused(64, "unrecognized arguments: --fast", "resnet50", "--fast")

    def test_model(self):
        self.refused(65, "no model", "--batch", "2")
        self.refused(65, "model 'vgg': expected FILE.py:FUNCTION or one of resnet50", "vgg")
        self.refused(65, "no --batch", "my.py:build")

    def test_iterations_and_name(self):
        self.refused(65, "expected at least 20", "resnet50", "--iterations", "19")
        self.refused(65, "--name 'My Net'", "resnet50", "--name", "My Net")

    def test_gpu_and_folder(self):
        self.refused(65, "no-such.json", "resnet50", "--gpu", "no-such")
        self.refused(
            65, "no folder '/no/such'", "resnet50", "--gpu-spec", _SPEC, "--out", "/no/such/p.gz"
        )

    def test_files_to_check_and_to_assemble(self):
        self.refused(65, "/no/file: no such file", "--check", "/no/file")
        self.refused(65, "--from-raw /no/file", "--from-raw", "/no/file")


class NameTest(unittest.TestCase):
    def identity(self, *arguments):
        return cli.identify(cli.parser().parse_args(arguments))

    def test_shipped_models_have_a_batch_size_of_their_own(self):
        identity = self.identity("bert", "--mode", "training", "--precision", "bf16")
        self.assertEqual(identity["name"], "bert-training-b8-bf16")

    def test_a_user_model_is_named_after_its_file(self):
        identity = self.identity("nets/My_Net.py:build", "--batch", "16")
        self.assertEqual(identity["name"], "my-net-inference-b16-fp32")


class FailuresNamedTest(unittest.TestCase):
    def test_what_a_model_raises_becomes_one_line(self):
        with self.assertRaises(RecordError) as caught:
            with cli.failures_named("net.py:build", "building"):
                raise RuntimeError("CUDA error\nwith a long explanation")
        self.assertIn(
            "model 'net.py:build': building failed: RuntimeError: CUDA error;",
            str(caught.exception),
        )
        self.assertNotIn("\n", str(caught.exception))

    def test_own_errors_keep_their_text(self):
        with self.assertRaisesRegex(RecordError, "^as it is$"):
            with cli.failures_named("net.py:build", "building"):
                raise RecordError("as it is")


class AssembleTest(unittest.TestCase):
    def test_a_kept_recording_becomes_a_program_without_a_gpu(self):
        with tempfile.TemporaryDirectory() as folder:
            raw, out = (pathlib.Path(folder) / n for n in ("raw.json.gz", "p.program.gz"))
            kept = {"identity": IDENTITY, "raw": {"raw_version": 1, **small_raw()}}
            raw.write_bytes(gzip.compress(json.dumps(kept).encode()))
            code, text, err = run(
                "--from-raw", str(raw), "--gpu-spec", _SPEC, "--out", str(out), "--name", "again"
            )
            self.assertEqual(code, 0, err)
            self.assertIn("again: 4 ops", text)
            self.assertEqual(reader.read(out).header["name"], "again")
            self.assertEqual(run("--check", str(out))[0], 0)

    def test_another_version_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            raw = pathlib.Path(folder) / "raw.json.gz"
            raw.write_bytes(gzip.compress(b'{"raw": {"raw_version": 2}}'))
            code, _, err = run("--from-raw", str(raw))
            self.assertEqual(code, 65)
            self.assertIn("expected a raw recording of version 1", err)


if __name__ == "__main__":
    unittest.main()
