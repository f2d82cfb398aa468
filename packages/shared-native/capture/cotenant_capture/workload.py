"""What a model must offer to be recorded, and how a user's ``build`` function is found."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import pathlib
from collections.abc import Callable
from typing import Any

from cotenant_capture.errors import RecordError

MODES = ("inference", "training")
PRECISIONS = ("fp32", "bf16")


@dataclasses.dataclass
class Workload:
    """One model with one batch of input.

    model      a ``torch.nn.Module`` on the CPU; the recorder moves it to the GPU.
    inputs     CPU tensors of one batch; pinned, and copied to the GPU by every iteration.
    forward    ``forward(model, *inputs)``; default: ``model(*inputs)``.
    loss       training only: ``loss(output, *inputs)`` gives a scalar; default: the output itself.
    optimizer  training only: ``optimizer(parameters)``; it must be capturable in a CUDA graph.
    notes      facts for the provenance: optimizer, shapes beyond the inputs, data used.
    """

    model: Any
    inputs: tuple[Any, ...]
    forward: Callable[..., Any] | None = None
    loss: Callable[..., Any] | None = None
    optimizer: Callable[[Any], Any] | None = None
    notes: dict[str, Any] = dataclasses.field(default_factory=dict)

    def run_forward(self, inputs: tuple[Any, ...]) -> Any:
        if self.forward is None:
            return self.model(*inputs)
        return self.forward(self.model, *inputs)

    def run_loss(self, output: Any, inputs: tuple[Any, ...]) -> Any:
        return output if self.loss is None else self.loss(output, *inputs)


def load_builder(target: str) -> Callable[..., Any]:
    """Find the function named by ``file.py:function``."""
    file_name, separator, function_name = target.rpartition(":")
    if not separator or not file_name or not function_name:
        raise RecordError(f"model '{target}': expected FILE.py:FUNCTION, such as my_model.py:build")
    path = pathlib.Path(file_name)
    if not path.is_file():
        raise RecordError(f"model '{target}': no file '{file_name}'")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise RecordError(f"model '{target}': '{file_name}' is not a Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RecordError(f"model '{target}': importing failed: {error!r}") from error
    builder = getattr(module, function_name, None)
    if not callable(builder):
        names = sorted(n for n, v in vars(module).items() if inspect.isfunction(v))
        raise RecordError(
            f"model '{target}': no function '{function_name}'; '{file_name}' has "
            f"{', '.join(names) or 'none'}"
        )
    return builder


def call_builder(builder: Callable[..., Any], *, batch: int, mode: str, precision: str) -> Workload:
    """Call ``builder`` with those of ``batch``, ``mode`` and ``precision`` that it accepts."""
    offered = {"batch": batch, "mode": mode, "precision": precision}
    parameters = inspect.signature(builder).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    arguments = {k: v for k, v in offered.items() if takes_all or k in parameters}
    result = builder(**arguments)
    if isinstance(result, tuple) and len(result) == 2:
        result = Workload(model=result[0], inputs=tuple(result[1]))
    if not isinstance(result, Workload):
        raise RecordError(
            f"{builder.__name__}() returned {type(result).__name__}; "
            "expected a cotenant_capture.Workload or a pair (model, inputs)"
        )
    if mode == "training" and result.optimizer is None:
        raise RecordError(f"{builder.__name__}(): mode training needs Workload.optimizer")
    return result
