"""libcotenant, through ctypes: captured graphs go in, commands of the host protocol are answered.

Every call releases the interpreter lock, so nothing of Python runs while a plan does.
"""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
from typing import Any

from cotenant_capture.errors import RecordError

LIBRARY_VARIABLE = "COTENANT_LIBRARY"


class Unavailable(RecordError):
    """Something that live programs need is not on this machine."""


class HostError(RecordError):
    """libcotenant could not do what it was asked; ``kind`` is that of the host protocol."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


class Library:
    """The functions of src/cuda/c_api.h."""

    def __init__(self, path: str | None = None):
        name = path or os.environ.get(LIBRARY_VARIABLE, "")
        if not name:
            raise Unavailable(
                f"{LIBRARY_VARIABLE} is not set; expected the path of libcotenant.so, which lies "
                "beside the binary 'cotenant'"
            )
        try:
            self._functions = ctypes.CDLL(name)
        except OSError as error:
            raise Unavailable(f"libcotenant cannot be loaded: {error}") from error
        text, pointer, number = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int
        for function, result, arguments in (
            ("ctnt_host_open", pointer, [text]),
            ("ctnt_host_add_graph", number, [pointer, text, pointer]),
            ("ctnt_host_add_synthetic", number, [pointer, text]),
            ("ctnt_host_answer", text, [pointer, text]),
            ("ctnt_host_close", None, [pointer]),
            ("ctnt_shared_run", number, [text, number, number]),
            ("ctnt_last_error", text, []),
        ):
            entry = getattr(self._functions, function)
            entry.restype, entry.argtypes = result, arguments

    def open(self, data: pathlib.Path) -> NativeHost:
        """A host in the current CUDA context."""
        handle = self._functions.ctnt_host_open(str(data).encode())
        if not handle:
            raise self.failure()
        return NativeHost(self, handle)

    def failure(self) -> HostError:
        """The last error. Those of the driver name its error codes."""
        message = (self._functions.ctnt_last_error() or b"").decode("utf-8", "replace")
        return HostError("device" if "CUDA_ERROR" in message else "input", message)

    def shared_run(self, file: pathlib.Path, clients: int, waited_for: int) -> None:
        if self._functions.ctnt_shared_run(str(file).encode(), clients, waited_for) != 0:
            raise self.failure()

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self._functions, name)(*arguments)


class NativeHost:
    """A ctnt_host. Graphs that are added must outlive it."""

    def __init__(self, library: Library, handle: int):
        self.library = library
        self._handle = handle

    def add_graph(self, program: str, graph: int) -> None:
        if self.library.call("ctnt_host_add_graph", self._handle, program.encode(), graph) != 0:
            raise self.library.failure()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a command, as it is: "ok" may be false."""
        text = self.library.call("ctnt_host_answer", self._handle, json.dumps(request).encode())
        if text is None:
            raise self.library.failure()
        return json.loads(text)

    def demand(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a command that has to succeed."""
        answer = self.answer(request)
        if not answer.get("ok"):
            raise HostError(answer.get("kind", "input"), answer.get("error", "no reason given"))
        return answer
