"""One request or training iteration on the GPU, as a function that can be run or captured."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from typing import Any

import torch
from cotenant_capture.graph import Node, capturing_node_count, walk
from cotenant_capture.workload import Workload

WARMUP_ITERATIONS = 5


def set_precision() -> None:
    """FP32 means FP32: no TF32 in matrix products or convolutions."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


class Iteration:
    """Copies the pinned batch to the GPU and runs the model on a stream of its own.

    Inference: copy, forward without gradients. Training: copy, forward, loss, backward, optimizer
    step; the gradients are released at the end, so an iteration leaves no memory behind.

    With ``keep_results`` the tensors that hold the last iteration's outputs or loss stay alive in
    ``results``. That adds no operation; it only keeps their memory from being used again.
    """

    def __init__(
        self, workload: Workload, mode: str, precision: str, *, keep_results: bool = False
    ):
        self.workload = workload
        self.keep_results = keep_results
        self.results: tuple[torch.Tensor, ...] = ()
        self.mode = mode
        self.precision = precision
        self.stream = torch.cuda.Stream()
        self.model = workload.model.to("cuda")
        self.model.train(mode == "training")
        self.host = tuple(t.contiguous().pin_memory() for t in workload.inputs)
        self.device = tuple(torch.empty_like(t, device="cuda") for t in self.host)
        self.optimizer = None
        if mode == "training" and workload.optimizer is not None:
            self.optimizer = workload.optimizer(self.model.parameters())
        torch.cuda.synchronize()

    def warm_up(self) -> None:
        for _ in range(WARMUP_ITERATIONS):
            self.run()
            torch.cuda.synchronize()
        gc.collect()

    def run(self, mark: Callable[[str], None] = lambda phase: None) -> None:
        """Issue one iteration; ``mark`` is told where the phases begin."""
        with torch.cuda.stream(self.stream):
            for source, target in zip(self.host, self.device):
                target.copy_(source, non_blocking=True)
            if self.mode == "inference":
                with torch.no_grad(), self._autocast():
                    self._keep(self.workload.run_forward(self.device))
                return
            with self._autocast():
                output = self.workload.run_forward(self.device)
                loss = self.workload.run_loss(output, self.device)
            del output
            self._keep(loss)
            mark("backward")
            loss.backward()
            del loss
            mark("update")
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)

    def capture(self) -> tuple[Any, list[Node]]:
        """The iteration as a graph, and the graph's operations. The graph must stay alive."""
        graph = torch.cuda.CUDAGraph(keep_graph=True)
        starts: list[tuple[int, str]] = []
        handle = self.stream.cuda_stream
        with torch.cuda.graph(graph, stream=self.stream):
            self.run(lambda phase: starts.append((capturing_node_count(handle), phase)))
        torch.cuda.synchronize()
        return graph, walk(graph.raw_cuda_graph(), starts)

    def _keep(self, results: Any) -> None:
        if self.keep_results:
            self.results = tuple(tensor.detach() for tensor in tensors_of(results))

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        if self.precision == "bf16":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return contextlib.nullcontext()


def tensors_of(results: Any) -> list[torch.Tensor]:
    """The tensors of a model's output, whatever it is made of."""
    if torch.is_tensor(results):
        return [results]
    if isinstance(results, dict):
        results = results.values()
    if not isinstance(results, (str, bytes)) and hasattr(results, "__iter__"):
        return [tensor for part in results for tensor in tensors_of(part)]
    return []
