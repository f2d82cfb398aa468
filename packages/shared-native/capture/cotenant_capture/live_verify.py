"""Replaying a captured program through libcotenant computes what the model computes."""

from __future__ import annotations

import json
import pathlib
import tempfile
from typing import Any

import torch
from cotenant_capture.live_library import NativeHost
from cotenant_capture.live_program import LiveProgram, bytes_of, copies


def verify(native: NativeHost, program: LiveProgram, steps: int) -> dict[str, Any]:
    """Results of ``steps`` replays against as many eager iterations from the same state.

    Inference must agree bit for bit. Training does where its kernels add up in a fixed order; the
    largest relative difference of a loss is told where they do not. The model's state is put back.
    """
    state = program.state()
    before = [tensor.clone() for tensor in state]
    torch.cuda.synchronize()
    with tempfile.TemporaryDirectory(prefix="cotenant-verify-") as folder:
        replay = Replay(native, program, pathlib.Path(folder))
        replayed = [replay.once() for _ in range(steps)]
    restore(state, before)
    eager = [program.run_eagerly() for _ in range(steps)]
    restore(state, before)
    return {
        "program": program.program,
        "mode": program.header["mode"],
        "steps": steps,
        "exact": all(same_bits(a, b) for a, b in zip(replayed, eager)),
        "max_relative_difference": max(difference(a, b) for a, b in zip(replayed, eager)),
        "replayed": [scalars(results) for results in replayed],
        "eager": [scalars(results) for results in eager],
    }


class Replay:
    """Runs one request of a program under the system ``ideal``."""

    def __init__(self, native: NativeHost, program: LiveProgram, folder: pathlib.Path):
        self._native = native
        self._program = program
        self._folder = folder
        self._plan = folder / "plan.json"
        self._plan.write_text(json.dumps(one_request(program)), encoding="utf-8")

    def once(self) -> list[Any]:
        shared = self._folder / "run.shared"
        self._native.library.shared_run(shared, 1, 1)
        self._native.demand(
            {
                "do": "run",
                "plan": str(self._plan),
                "clients": [0],
                "shared": str(shared),
                "records": str(self._folder / "rows"),
            }
        )
        return copies(self._program.results)


def one_request(program: LiveProgram) -> dict[str, Any]:
    client = {
        "name": "client",
        "program": program.program,
        "priority": "high",
        "traffic": {"kind": "closed"},
        "requests": 1,
    }
    return {
        "version": 1,
        "id": "verify",
        "gpu": program.header["gpu"],
        "seed": 0,
        "system": {"name": "ideal"},
        "clients": [client],
        "until": "client",
    }


def restore(state: list[Any], before: list[Any]) -> None:
    with torch.no_grad():
        for tensor, value in zip(state, before):
            tensor.copy_(value)
    torch.cuda.synchronize()


def same_bits(a: list[Any], b: list[Any]) -> bool:
    return [bytes_of(t) for t in a] == [bytes_of(t) for t in b]


def difference(a: list[Any], b: list[Any]) -> float:
    """The largest relative difference of an element; 0 for equal bits, also of NaN."""
    if same_bits(a, b):
        return 0.0
    largest = 0.0
    for x, y in zip(a, b):
        x, y = x.double(), y.double()
        relative = (x - y).abs() / y.abs().clamp(min=1e-30)
        largest = max(largest, float(relative.nan_to_num(nan=float("inf")).max()))
    return min(largest, 1e308)  # JSON has no infinity


def scalars(results: list[Any]) -> list[float] | None:
    """The values, where they are few: a loss."""
    if sum(t.numel() for t in results) > len(results):
        return None
    return [float(t) for t in results]
