"""The GPU side of a live host: context, captured programs, libcotenant."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import pathlib
import platform
import time
from typing import Any

from cotenant_capture.live_library import HostError, Library, Unavailable

try:
    import torch
except ImportError as missing:
    raise Unavailable(f"PyTorch cannot be imported: {missing}") from missing

from cotenant_capture.iteration import set_precision
from cotenant_capture.live_names import excerpt_origin, program_header, split_copy
from cotenant_capture.live_program import LiveProgram
from cotenant_capture.live_verify import verify

_PACKAGES = ("torch", "torchvision", "transformers")


class LiveSession:
    """Made once, on the main thread, whose CUDA context is the host's."""

    def __init__(self, data: pathlib.Path):
        if not torch.cuda.is_available():
            raise Unavailable("PyTorch sees no GPU here")
        # A collection during a run would take the interpreter's time for itself; load() collects.
        gc.disable()
        set_precision()
        torch.zeros(1, device="cuda")
        torch.cuda.synchronize()
        self._data = data
        self._native = Library().open(data)
        self._models: dict[str, LiveProgram] = {}
        self._loaded: dict[str, dict[str, Any]] = {}

    def hello(self) -> dict[str, Any]:
        answer = self._native.demand({"do": "hello"})
        versions = {name: _version(name) for name in _PACKAGES}
        return {
            **answer,
            "kind": "live",
            "software": {
                **{name: version for name, version in versions.items() if version},
                "cuda": torch.version.cuda or "",
                "cudnn": str(torch.backends.cudnn.version()),
                "python": platform.python_version(),
            },
        }

    def load(self, program: str) -> dict[str, Any]:
        """``program`` may be a copy, ``<program>#2``: a model over tensors of its own."""
        begin = time.perf_counter()
        if program not in self._loaded:
            self._loaded[program] = self._load(program)
        return {
            **self._loaded[program],
            "seconds": round(time.perf_counter() - begin, 3),
        }

    def _load(self, program: str) -> dict[str, Any]:
        recorded, copy = split_copy(program)
        header = program_header(self._data, recorded)
        origin = excerpt_origin(header)
        if origin is None:
            live = self._model(program, header)
            ops = live.facts["nodes"]
        else:  # some ops of a model, which is run out of the whole
            live = self._model(origin.program + copy, program_header(self._data, origin.program))
            ops = origin.ops
        self._native.add_graph(program, live.raw_graph())
        return {"ops": ops, "evidence": live.facts}

    def _model(self, name: str, header: dict[str, Any]) -> LiveProgram:
        if name not in self._models:
            self._models[name] = LiveProgram(name, header)
        return self._models[name]

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        answer = self._native.demand(request)
        plan = json.loads(pathlib.Path(request["plan"]).read_text(encoding="utf-8"))
        for client in answer["clients"]:
            planned = plan["clients"][client["client"]]
            model = self._models.get(client["program"])  # none of its own: an excerpt
            # A request that the end of the run cut off leaves its results half written.
            whole = client["requests"] >= planned.get("requests", float("inf"))
            asked = request.get("outputs") and whole and model is not None
            client["output_sha256"] = model.digest() if asked else None
        return answer

    def verify(self, program: str, steps: int) -> dict[str, Any]:
        if program not in self._models:
            raise HostError("input", f"no model is loaded for program '{program}'")
        return verify(self._native, self._models[program], steps)

    def pass_on(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._native.demand(request)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
