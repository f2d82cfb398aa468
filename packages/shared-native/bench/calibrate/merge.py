"""Merge several runs of `calibrate` into one calibration file: the median of every constant.

python3 merge.py run1.json run2.json run3.json --driver 580.159.04 --out h200.json
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import sys
from typing import Any


def merge(runs: list[dict[str, Any]], driver: str) -> dict[str, Any]:
    """Median, least and most of every constant; the runs must be of one GPU and one program."""
    names = list(runs[0]["constants"])
    for number, run in enumerate(runs):
        if list(run["constants"]) != names:
            raise ValueError(f"run {number}: other constants than the first run")
        if run["provenance"]["gpu_name"] != runs[0]["provenance"]["gpu_name"]:
            raise ValueError(f"run {number}: another GPU than the first run")
    constants = {}
    for name in names:
        values = [run["constants"][name]["value"] for run in runs]
        first = runs[0]["constants"][name]
        constants[name] = {
            "value": statistics.median(values),
            "min": min(values),
            "max": max(values),
            "unit": first["unit"],
            "source": first["source"],
        }
    provenance = {**runs[0]["provenance"], "driver": driver, "runs": len(runs)}
    return {"version": 1, "provenance": provenance, "constants": constants}


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("runs", nargs="+", type=pathlib.Path)
    p.add_argument("--driver", required=True, help="driver version that nvidia-smi shows")
    p.add_argument("--out", required=True, type=pathlib.Path)
    options = p.parse_args()
    try:
        runs = [json.loads(path.read_text(encoding="utf-8")) for path in options.runs]
        merged = merge(runs, options.driver)
    except (OSError, ValueError, KeyError) as error:
        print(f"merge: {error}; expected outputs of calibrate", file=sys.stderr)
        return 65
    text = json.dumps(merged, indent=2) + "\n"
    temporary = options.out.with_name(options.out.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
