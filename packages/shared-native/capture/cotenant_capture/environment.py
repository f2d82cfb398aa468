"""Facts about the machine for the provenance of a record."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import torch


def describe(load: Callable[[], None]) -> dict[str, Any]:
    """Versions, GPU and clocks; ``load`` puts work on the GPU, so that its clocks are up."""
    for _ in range(50):
        load()
    clocks = _smi("clocks.sm,clocks.mem,driver_version").split(",")
    torch.cuda.synchronize()
    properties = torch.cuda.get_device_properties(0)
    return {
        "torch": torch.__version__,
        "torchvision": _version("torchvision"),
        "transformers": _version("transformers"),
        "cuda": torch.version.cuda or "",
        "cudnn": str(torch.backends.cudnn.version()),
        "driver": clocks[2].strip() if len(clocks) == 3 else "",
        "gpu_name": properties.name,
        "gpu_sms": properties.multi_processor_count,
        "sm_clock_mhz": _integer(clocks[0]),
        "mem_clock_mhz": _integer(clocks[1]) if len(clocks) > 1 else 0,
        "date": datetime.date.today().isoformat(),
        "ncu": ncu_version(),
    }


def ncu_version() -> str:
    if shutil.which("ncu") is None:
        return ""
    text = subprocess.run(["ncu", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"Version (\S+)", text)
    return found.group(1) if found else ""


def _smi(query: str) -> str:
    if shutil.which("nvidia-smi") is None:
        return ""
    command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"]
    return subprocess.run(command, capture_output=True, text=True).stdout.strip()


def _integer(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _version(package: str) -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
