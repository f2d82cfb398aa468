"""Record the shipped set of programs, one process each, skipping those that are already there.

    python3 -m cotenant_capture.record_set --out ../programs/h200 --precision fp32

A process each, because a graph keeps its memory and a failed capture spoils the CUDA context.
"""

from __future__ import annotations

import argparse
import pathlib
import subprocess
import sys
import time

from cotenant_capture import models
from cotenant_capture.workload import MODES, PRECISIONS


def shipped(precisions: tuple[str, ...], modes: tuple[str, ...]) -> list[tuple[str, str, int, str]]:
    """(model, mode, batch, precision) of every program of the set."""
    return [
        (model, mode, models.BATCHES[mode][model], precision)
        for precision in precisions
        for mode in modes
        for model in models.names()
    ]


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--out", type=pathlib.Path, required=True, help="folder for the program files")
    p.add_argument("--raw", type=pathlib.Path, help="folder for the raw recordings")
    p.add_argument("--gpu-spec", type=pathlib.Path, help="GPU specification file")
    p.add_argument("--precision", choices=PRECISIONS, action="append")
    p.add_argument("--mode", choices=MODES, action="append")
    p.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    options = p.parse_args()
    begin = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    programs = shipped(tuple(options.precision or PRECISIONS), tuple(options.mode or MODES))
    for model, mode, batch, precision in programs:
        name = f"{model}-{mode}-b{batch}-{precision}"
        out = options.out / f"{name}.program.gz"
        left = options.seconds - (time.monotonic() - begin)
        if out.exists() or left <= 0:
            continue
        command = [sys.executable, "-m", "cotenant_capture.cli", model, "--mode", mode,
                   "--batch", str(batch), "--precision", precision, "--out", str(out)]  # fmt: skip
        if options.raw is not None:
            options.raw.mkdir(parents=True, exist_ok=True)
            command += ["--keep-raw", str(options.raw / f"{name}.raw.json.gz")]
        if options.gpu_spec is not None:
            command += ["--gpu-spec", str(options.gpu_spec)]
        started = time.monotonic()
        try:
            code = subprocess.run(
                command, timeout=None if left == float("inf") else left
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
            print(f"{name}: stopped after {left:.0f} s", file=sys.stderr)
        failed += code != 0
        print(f"  {name}: code {code}, {time.monotonic() - started:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
