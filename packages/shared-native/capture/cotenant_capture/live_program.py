"""A recorded program's model on the GPU, captured so that libcotenant can launch it."""

from __future__ import annotations

import gc
import hashlib
import time
from typing import Any

import torch
from cotenant_capture.cli import failures_named
from cotenant_capture.iteration import Iteration
from cotenant_capture.target import workload_for

# What random numbers of a captured graph start from in every launch, so that eager execution can
# be given the same.
RANDOM_SEED = 42


class LiveProgram:
    """A model whose iteration has been captured as a graph on a stream of its own.

    ``results`` are the tensors that a replay leaves its results in: the outputs of inference, the
    loss of training.
    """

    def __init__(self, program: str, header: dict[str, Any]):
        self.program = program
        self.header = header
        before = torch.cuda.memory_allocated()
        begin = time.perf_counter()
        with failures_named(header["model"], "building"):
            workload = workload_for(
                header["model"], header["batch"], header["mode"], header["precision"]
            )
        with failures_named(header["model"], "running or capturing"):
            self.iteration = Iteration(
                workload, header["mode"], header["precision"], keep_results=True
            )
            self.iteration.warm_up()
            self.iteration.results = ()
            self.graph, self.nodes = self.iteration.capture()
            self.results = self.iteration.results
            self._fix_random_numbers()
        self.iteration.results = ()
        gc.collect()
        self.facts = {
            "nodes": len(self.nodes),
            "memory_bytes": torch.cuda.memory_allocated() - before,
            "capture_s": round(time.perf_counter() - begin, 3),
        }

    def _fix_random_numbers(self) -> None:
        """The framework's own replay sets the seed and the offset that the graph's kernels read.

        Launching the graph's nodes leaves both as they are from then on.
        """
        torch.cuda.manual_seed(RANDOM_SEED)
        with torch.cuda.stream(self.iteration.stream):
            self.graph.replay()
        torch.cuda.synchronize()

    def raw_graph(self) -> int:
        return self.graph.raw_cuda_graph()

    def digest(self) -> str:
        """SHA-256 of the bytes that the last replay left."""
        digest = hashlib.sha256()
        for tensor in self.results:
            digest.update(bytes_of(tensor))
        return digest.hexdigest()

    def state(self) -> list[Any]:
        """Everything that an iteration may change: parameters, buffers, optimizer state."""
        model = self.iteration.model
        tensors = [*model.parameters(), *model.buffers()]
        if self.iteration.optimizer is not None:
            for entry in self.iteration.optimizer.state.values():
                tensors += [value for value in entry.values() if torch.is_tensor(value)]
        return [tensor.detach() for tensor in tensors]

    def run_eagerly(self) -> list[Any]:
        """One iteration without the graph, with the graph's random numbers; its results."""
        torch.cuda.manual_seed(RANDOM_SEED)
        self.iteration.run()
        torch.cuda.synchronize()
        results = copies(self.iteration.results)
        self.iteration.results = ()
        return results


def copies(tensors: Any) -> list[Any]:
    """Copies in host memory."""
    return [tensor.detach().cpu().clone() for tensor in tensors]


def bytes_of(tensor: Any) -> bytes:
    flat = tensor.detach().reshape(-1).contiguous().cpu()
    return flat.view(torch.uint8).numpy().tobytes()
