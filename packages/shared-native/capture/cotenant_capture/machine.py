"""Constants of the GPU that recording measures on the way, merged over many recordings. Pure.

python3 -m cotenant_capture.machine RAW.json.gz... --out ../programs/h200/machine.json
"""

from __future__ import annotations

import argparse
import gzip
import json
import pathlib
import statistics
import sys
from typing import Any

_LABELS = {
    "kernel": "a graph of empty kernels",
    "memset": "a graph alternating empty kernels and memsets of 1 KiB",
    "memcpy": "a graph alternating empty kernels and device copies of 1 KiB",
}
_FACTS = {
    "period_ns": "period between operations of {}, without a profiler",
    "duration_ns": "mean duration of an operation of {}, as the profiler reports it",
    "profiled_gap_ns": "mean gap between operations of {} while the profiler is attached",
    "fixed_ns": "cost of starting and ending {} between two events",
}


def merge(raws: list[dict[str, Any]]) -> dict[str, Any]:
    """Median over the recordings of what their chains of empty operations showed."""
    constants = {}
    for chain, label in _LABELS.items():
        for fact, text in _FACTS.items():
            values = [raw["chains"][chain][fact] for raw in raws]
            constants[f"{chain}_chain_{fact}"] = {
                "value": round(statistics.median(values), 1),
                "min": round(min(values), 1),
                "max": round(max(values), 1),
                "unit": "ns",
                "source": text.format(label),
            }
    environment = raws[0]["environment"]
    kept = ("gpu_name", "driver", "cuda", "torch", "sm_clock_mhz", "mem_clock_mhz", "date")
    provenance = {name: environment[name] for name in kept}
    return {
        "version": 1,
        "provenance": {**provenance, "recordings": len(raws), "statistic": "median"},
        "constants": constants,
    }


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("raws", nargs="+", type=pathlib.Path)
    p.add_argument("--out", required=True, type=pathlib.Path)
    options = p.parse_args()
    try:
        raws = [json.loads(gzip.decompress(path.read_bytes()))["raw"] for path in options.raws]
        merged = merge(raws)
    except (OSError, EOFError, ValueError, KeyError) as error:
        print(f"machine: {error!r}; expected raw recordings", file=sys.stderr)
        return 65
    temporary = options.out.with_name(options.out.name + ".tmp")
    temporary.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    temporary.replace(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
