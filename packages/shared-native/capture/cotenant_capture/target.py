"""From the command line's model argument to a workload."""

from __future__ import annotations

from cotenant_capture import models
from cotenant_capture.workload import Workload, call_builder, load_builder


def workload_for(model: str, batch: int, mode: str, precision: str) -> Workload:
    """Build ``model``: FILE.py:FUNCTION or the name of a shipped model."""
    builder = load_builder(model) if ":" in model else models.builder(model)
    return call_builder(builder, batch=batch, mode=mode, precision=precision)
