"""The models that Cotenant ships recordings of, by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from cotenant_capture.errors import RecordError

# Imported on demand: each module needs PyTorch.
_MODULES = {
    "resnet50": "vision",
    "mobilenetv2": "vision",
    "resnet101": "vision",
    "bert": "bert",
    "transformerxl": "transformer_xl",
}

# Batch sizes of the shipped set: those of the Orion artifact.
BATCHES = {
    "inference": {"resnet50": 4, "mobilenetv2": 4, "resnet101": 4, "bert": 2, "transformerxl": 4},
    "training": {"resnet50": 32, "mobilenetv2": 64, "resnet101": 32, "bert": 8, "transformerxl": 8},
}


def names() -> tuple[str, ...]:
    return tuple(_MODULES)


def builder(name: str) -> Callable[..., Any]:
    """The build function of a shipped model."""
    if name not in _MODULES:
        raise RecordError(
            f"model '{name}': expected FILE.py:FUNCTION or one of {', '.join(_MODULES)}"
        )
    module = importlib.import_module(f"cotenant_capture.models.{_MODULES[name]}")

    def build(batch: int, mode: str, precision: str) -> Any:
        return module.build(name, batch, mode, precision)

    return build
