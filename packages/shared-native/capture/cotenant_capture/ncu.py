"""Run Nsight Compute over a program's distinct operations."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

from cotenant_capture import counters, distinct
from cotenant_capture.errors import RecordError

_PACKAGE_PARENT = pathlib.Path(__file__).resolve().parent.parent


def available() -> bool:
    return shutil.which("ncu") is not None


def collect(
    raw: dict[str, Any], *, model: str, batch: int, mode: str, precision: str
) -> dict[str, Any]:
    """Counters of every kernel: which one was profiled in its place, and what it measured."""
    kernels = [i for i, node in enumerate(raw["nodes"]) if node["kind"] == "kernel"]
    keys = [_key(raw["nodes"][i]) for i in kernels]
    medians = [sorted(raw["durations_ns"][i])[len(raw["durations_ns"][i]) // 2] for i in kernels]
    chosen = distinct.representatives([json.dumps(k) for k in keys], medians)
    stand_in = {kernels[i]: kernels[c] for i, c in enumerate(chosen)}
    profile = sorted(set(stand_in.values()))
    plan = {
        "model": model,
        "batch": batch,
        "mode": mode,
        "precision": precision,
        "keys": [_key(node) for node in raw["nodes"]],
        "profile": profile,
    }
    with tempfile.TemporaryDirectory() as folder:
        plan_file = pathlib.Path(folder) / "plan.json"
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        runs = {
            "traffic": _run(plan_file, counters.TRAFFIC_METRICS, "none", raw["nodes"], profile),
            "work": _run(plan_file, counters.WORK_METRICS, "all", raw["nodes"], profile),
        }
    return {
        "stand_in": {str(k): v for k, v in stand_in.items()},
        **{
            name: {str(i): launch.metrics for i, launch in zip(profile, launches)}
            for name, launches in runs.items()
        },
    }


def _key(node: dict[str, Any]) -> list[Any]:
    """The fields of `graph.Node.key`, from a raw recording."""
    return [node[f] for f in ("kind", "name", "grid", "block", "smem_dynamic")]


def _run(
    plan_file: pathlib.Path,
    metrics: tuple[str, ...],
    cache_control: str,
    nodes: list[dict[str, Any]],
    profile: list[int],
) -> list[counters.Launch]:
    log = plan_file.with_name("ncu.csv")
    command = [
        "ncu", "--profile-from-start", "off", "--clock-control", "none",
        "--cache-control", cache_control, "--metrics", ",".join(metrics),
        "--csv", "--page", "raw", "--print-units", "base", "--log-file", str(log),
        sys.executable, "-m", "cotenant_capture.counter_child", str(plan_file),
    ]  # fmt: skip
    search = os.pathsep.join(filter(None, [str(_PACKAGE_PARENT), os.environ.get("PYTHONPATH")]))
    begin = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True
    )
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if done.returncode != 0:
        said = [line for line in text.splitlines() if line.startswith("==")]
        tail = " | ".join(said[-2:] + done.stderr.strip().splitlines()[-3:])
        raise RecordError(f"Nsight Compute ended with code {done.returncode}: {tail}")
    print(f"  counters ({cache_control}) {time.perf_counter() - begin:.1f}s", file=sys.stderr)
    launches = counters.parse_csv(text, "Nsight Compute report", metrics)
    if len(launches) != len(profile):
        raise RecordError(
            f"Nsight Compute profiled {len(launches)} operations; expected {len(profile)}"
        )
    for index, launch in zip(profile, launches):
        node = nodes[index]
        if launch.grid != tuple(node["grid"]) or launch.block != tuple(node["block"]):
            raise RecordError(
                f"Nsight Compute, operation {index}: grid {launch.grid}, block {launch.block}; "
                f"expected {tuple(node['grid'])}, {tuple(node['block'])}"
            )
    return launches
