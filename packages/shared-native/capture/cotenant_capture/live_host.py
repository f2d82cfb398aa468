"""`cotenant-live`: a host of live PyTorch programs, started by `cotenant run --lane cuda`.

Reads commands on standard input and answers on descriptor 3, one JSON object a line
(docs/host-protocol.md); whatever libraries print goes where it likes.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from cotenant_capture.errors import RecordError
from cotenant_capture.live_library import HostError, Unavailable

_ANSWERS = 3
_DATA = pathlib.Path(__file__).resolve().parent.parent.parent

EXIT_USAGE = 64


class Host:
    """Answers commands. ``start`` makes the session, with the first command that needs it."""

    def __init__(self, start: Callable[[], Any]):
        self._start = start
        self._session: Any = None

    def answer(self, line: str) -> dict[str, Any]:
        """The answer to one line. Never raises: failures are answers with "ok": false."""
        try:
            return {"ok": True, **self._dispatch(_request(line))}
        except Unavailable as error:
            return _failure("unavailable", error)
        except HostError as error:
            return _failure(error.kind, error)
        except RecordError as error:
            return _failure("device" if "CUDA" in str(error) else "input", error)
        except ImportError as error:  # a package that a model is built with
            return _failure("unavailable", error)
        except Exception as error:
            return _failure("device", error)

    def _dispatch(self, request: dict[str, Any]) -> dict[str, Any]:
        command = request.get("do")
        if self._session is None:
            self._session = self._start()
        if command == "hello":
            return self._session.hello()
        if command == "load":
            return self._session.load(_text(request, "program"))
        if command == "run":
            return self._session.run(request)
        if command == "verify":
            steps = request.get("steps", 1)
            if not isinstance(steps, int) or steps < 1:
                raise HostError("input", f"request.steps: {steps!r}; expected 1 or more")
            return self._session.verify(_text(request, "program"), steps)
        return self._session.pass_on(request)


def serve(host: Host, commands: TextIO, answers: TextIO) -> int:
    for line in commands:
        if _is_quit(line):
            break
        answers.write(json.dumps(host.answer(line)) + "\n")
        answers.flush()
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    p = argparse.ArgumentParser(prog="cotenant-live", description=__doc__)
    p.add_argument(
        "--data",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("COTENANT_DATA") or _DATA),
        help="folder with gpus/ and programs/ (default: $COTENANT_DATA)",
    )
    options = p.parse_args(arguments)
    try:
        answers = os.fdopen(_ANSWERS, "w", encoding="utf-8")
    except OSError:
        print(
            f"cotenant-live: descriptor {_ANSWERS} is not open; expected to be started by "
            "'cotenant run --lane cuda'",
            file=sys.stderr,
        )
        return EXIT_USAGE
    return serve(Host(lambda: _start(options.data)), sys.stdin, answers)


def _start(data: pathlib.Path) -> Any:
    from cotenant_capture.live_session import LiveSession  # needs PyTorch

    return LiveSession(data)


def _request(line: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except json.JSONDecodeError as error:
        raise HostError("input", f"request: not JSON: {error.msg}") from error
    if not isinstance(request, dict):
        raise HostError("input", "request: expected an object")
    return request


def _text(request: dict[str, Any], field: str) -> str:
    value = request.get(field)
    if not isinstance(value, str):
        raise HostError("input", f"request.{field}: {value!r}; expected a text")
    return value


def _is_quit(line: str) -> bool:
    try:
        request = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(request, dict) and request.get("do") == "quit"


def _failure(kind: str, error: Exception) -> dict[str, Any]:
    text = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
    known = isinstance(error, RecordError)
    message = text if known else f"{type(error).__name__}: {text}"
    return {"ok": False, "kind": kind, "error": message[:2000]}


if __name__ == "__main__":
    sys.exit(main())
