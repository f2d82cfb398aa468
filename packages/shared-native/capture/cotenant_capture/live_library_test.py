"""The binding to libcotenant, with functions of our own in place of the library's."""

import json
import os
import pathlib
import types
import unittest
from unittest import mock

from cotenant_capture import live_library
from cotenant_capture.live_library import HostError, Library, Unavailable


class FakeFunctions(types.SimpleNamespace):
    """Stands in for the loaded library: plain functions, since ctypes puts types on them."""

    def __init__(self):
        self.calls = []
        self.error = b""
        self.open_result = 7
        self.status = 0
        self.text = b'{"ok":true,"ops":3}'

        def of(name, result):
            def function(*arguments):
                self.calls.append((name, *arguments))
                return result()

            return function

        super().__init__(
            ctnt_host_open=of("open", lambda: self.open_result),
            ctnt_host_add_graph=of("add_graph", lambda: self.status),
            ctnt_host_add_synthetic=of("add_synthetic", lambda: self.status),
            ctnt_host_answer=of("answer", lambda: self.text),
            ctnt_host_close=of("close", lambda: None),
            ctnt_shared_run=of("shared_run", lambda: self.status),
            ctnt_last_error=of("last_error", lambda: self.error),
        )


class LibraryTest(unittest.TestCase):
    def setUp(self):
        self.functions = FakeFunctions()
        with mock.patch.object(live_library.ctypes, "CDLL", lambda _: self.functions):
            self.library = Library("libcotenant.so")

    def failure(self, action):
        with self.assertRaises(HostError) as caught:
            action()
        return caught.exception

    def test_a_graph_is_handed_over(self):
        host = self.library.open(pathlib.Path("/data"))
        host.add_graph("h200/a", 0xABC)
        self.assertEqual(
            self.functions.calls, [("open", b"/data"), ("add_graph", 7, b"h200/a", 0xABC)]
        )

    def test_answers_are_objects(self):
        host = self.library.open(pathlib.Path("/data"))
        self.assertEqual(host.answer({"do": "hello"}), {"ok": True, "ops": 3})
        self.assertEqual(json.loads(self.functions.calls[-1][2]), {"do": "hello"})

    def test_errors_are_the_librarys_own(self):
        host = self.library.open(pathlib.Path("/data"))
        self.functions.status, self.functions.error = 1, b"op 3: grid 4; expected 5"
        error = self.failure(lambda: host.add_graph("h200/a", 1))
        self.assertEqual((error.kind, str(error)), ("input", "op 3: grid 4; expected 5"))
        self.functions.error = b"cuLaunchKernelEx: CUDA_ERROR_ILLEGAL_ADDRESS"
        self.assertEqual(self.failure(lambda: host.add_graph("h200/a", 1)).kind, "device")
        self.functions.text = None
        self.failure(lambda: host.answer({"do": "hello"}))
        self.functions.open_result = None
        self.failure(lambda: self.library.open(pathlib.Path("/data")))
        self.failure(lambda: self.library.shared_run(pathlib.Path("/x"), 1, 1))

    def test_a_demand_that_is_not_met_raises_with_its_kind(self):
        host = self.library.open(pathlib.Path("/data"))
        self.functions.text = b'{"ok":false,"kind":"watchdog","error":"op 7 hangs"}'
        self.assertFalse(host.answer({"do": "run"})["ok"])
        error = self.failure(lambda: host.demand({"do": "run"}))
        self.assertEqual((error.kind, str(error)), ("watchdog", "op 7 hangs"))

    def test_a_library_that_is_not_there(self):
        with mock.patch.dict(os.environ, {live_library.LIBRARY_VARIABLE: ""}):
            with self.assertRaisesRegex(Unavailable, "COTENANT_LIBRARY is not set"):
                Library()
        with self.assertRaisesRegex(Unavailable, "cannot be loaded"):
            Library("/nonexistent/libcotenant.so")


if __name__ == "__main__":
    unittest.main()
