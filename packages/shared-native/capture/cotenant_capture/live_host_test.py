"""The live host's protocol, with a session that has neither PyTorch nor a GPU."""

import io
import json
import subprocess
import sys
import unittest

from cotenant_capture.errors import RecordError
from cotenant_capture.live_host import Host, serve
from cotenant_capture.live_library import HostError, Unavailable


class FakeSession:
    def __init__(self):
        self.loaded = []

    def hello(self):
        return {"protocol": 1, "kind": "live"}

    def load(self, program):
        if program == "h200/other":
            raise HostError("input", "op 3: grid 4; expected 5")
        if program == "h200/large":
            raise RecordError("model 'large': building failed: CUDA out of memory")
        if program == "h200/package":
            raise ImportError("No module named 'torchvision'")
        self.loaded.append(program)
        return {"ops": 2}

    def run(self, request):
        if request["plan"] == "broken":
            raise RuntimeError("illegal memory access\n\nfor details see\n the manual")
        return {"clients": []}

    def verify(self, program, steps):
        return {"program": program, "steps": steps, "exact": True}

    def pass_on(self, request):
        return {"passed": request["do"]}


class HostTest(unittest.TestCase):
    def setUp(self):
        self.session = FakeSession()
        self.host = Host(lambda: self.session)

    def answer(self, **request):
        return self.host.answer(json.dumps(request))

    def refused(self, kind, text, **request):
        answer = self.answer(**request)
        self.assertEqual((answer["ok"], answer["kind"]), (False, kind), answer)
        self.assertIn(text, answer["error"])
        self.assertNotIn("\n", answer["error"])

    def test_commands(self):
        self.assertEqual(self.answer(do="hello"), {"ok": True, "protocol": 1, "kind": "live"})
        self.assertEqual(self.answer(do="load", program="h200/a"), {"ok": True, "ops": 2})
        self.assertEqual(self.answer(do="run", plan="p"), {"ok": True, "clients": []})
        self.assertEqual(self.answer(do="overhead"), {"ok": True, "passed": "overhead"})
        self.assertTrue(self.answer(do="verify", program="h200/a", steps=3)["exact"])

    def test_failures_say_what_kind_they_are(self):
        self.refused("input", "op 3: grid 4; expected 5", do="load", program="h200/other")
        self.refused("device", "out of memory", do="load", program="h200/large")
        self.refused("unavailable", "torchvision", do="load", program="h200/package")
        self.refused("device", "RuntimeError: illegal memory access; for", do="run", plan="broken")

    def test_wrong_requests(self):
        self.refused("input", "request.program: None", do="load")
        self.refused("input", "request.steps: 0", do="verify", program="h200/a", steps=0)
        for line in ("", "hello", "[1]", '{"do":'):
            answer = self.host.answer(line)
            self.assertEqual((answer["ok"], answer["kind"]), (False, "input"), line)

    def test_a_session_that_cannot_start_is_tried_again(self):
        tries = []

        def start():
            tries.append(1)
            raise Unavailable("no GPU")

        host = Host(start)
        for _ in range(2):
            answer = host.answer('{"do": "hello"}')
            self.assertEqual(answer, {"ok": False, "kind": "unavailable", "error": "no GPU"})
        self.assertEqual(len(tries), 2)


class ServeTest(unittest.TestCase):
    def serve(self, *lines):
        answers = io.StringIO()
        requests = io.StringIO("".join(f"{line}\n" for line in lines))
        code = serve(Host(FakeSession), requests, answers)
        return code, answers.getvalue().splitlines()

    def test_one_line_for_each_request_until_quit(self):
        code, answers = self.serve('{"do":"hello"}', "x", '{"do":"quit"}', '{"do":"hello"}')
        self.assertEqual(code, 0)
        self.assertEqual([json.loads(line)["ok"] for line in answers], [True, False])

    def test_the_end_of_the_requests_ends_the_host(self):
        self.assertEqual(self.serve('{"do":"hello"}')[0], 0)

    def test_started_by_hand_it_says_by_whom_it_should_be(self):
        done = subprocess.run(
            [sys.executable, "-m", "cotenant_capture.live_host"],
            cwd=__file__.rpartition("/")[0] + "/..",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        self.assertEqual(done.returncode, 64)
        self.assertIn("cotenant run --lane cuda", done.stderr)


if __name__ == "__main__":
    unittest.main()
