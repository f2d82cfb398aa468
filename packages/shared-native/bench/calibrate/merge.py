"""Merge several runs of `calibrate` into one calibration file: the median of every number.

python3 merge.py run1.json run2.json run3.json --with mps1.json mps2.json \\
    --driver 580.159.04 --out h200.json
"""

from __future__ import annotations

import argparse
import json
import pathlib
import statistics
import sys
from typing import Any

Json = dict[str, Any]


def merge_constants(runs: list[Json]) -> Json:
    """Median, least and most of every constant."""
    constants = {}
    for name, first in runs[0]["constants"].items():
        values = [run["constants"][name]["value"] for run in runs]
        constants[name] = {
            "value": statistics.median(values),
            "min": min(values),
            "max": max(values),
            "unit": first["unit"],
            "source": first["source"],
        }
    return constants


def merge_table(tables: list[Json]) -> Json:
    """Median of every measured cell; where the runs met other cases, the first run's rows."""
    first = tables[0]
    keys = first["keys"]
    cases = [[row[:keys] for row in table["rows"]] for table in tables]
    if any(case != cases[0] for case in cases):
        return {**first, "merged": "rows of the first run; those of the others are other cases"}
    rows = [
        [
            *same_case[0][:keys],
            *(statistics.median(cells) for cells in zip(*(r[keys:] for r in same_case))),
        ]
        for same_case in zip(*(table["rows"] for table in tables))
    ]
    return {**first, "merged": f"median of {len(tables)} runs", "rows": rows}


def merge(runs: list[Json], driver: str) -> Json:
    """One calibration; the runs must be of one GPU and of the same parts of one program."""
    for number, run in enumerate(runs):
        for group in ("constants", "tables"):
            if list(run.get(group, {})) != list(runs[0].get(group, {})):
                raise ValueError(f"run {number}: other {group} than the first run")
        if run["provenance"]["gpu_name"] != runs[0]["provenance"]["gpu_name"]:
            raise ValueError(f"run {number}: another GPU than the first run")
    tables = {
        name: merge_table([run["tables"][name] for run in runs])
        for name in runs[0].get("tables", {})
    }
    provenance = {**runs[0]["provenance"], "driver": driver, "runs": len(runs)}
    return {
        "version": 1,
        "provenance": provenance,
        "constants": merge_constants(runs),
        "tables": tables,
    }


def unite(main: Json, other: Json) -> Json:
    """`main` with what `other`, of other parts of the program on the same GPU, adds."""
    if main["provenance"]["gpu_name"] != other["provenance"]["gpu_name"]:
        raise ValueError("--with: another GPU than the other runs")
    for group in ("constants", "tables"):
        both = sorted(set(main[group]) & set(other[group]))
        if both:
            raise ValueError(f"--with: {both[0]} is in the other runs, too")
    return {
        **main,
        "constants": main["constants"] | other["constants"],
        "tables": main["tables"] | other["tables"],
    }


def render(calibration: Json) -> str:
    """JSON with a table's row on one line."""
    marks: dict[str, str] = {}

    def mark(row: list[float]) -> str:
        name = f"@row{len(marks)}@"
        marks[f'"{name}"'] = json.dumps(row)
        return name

    tables = {
        name: {**table, "rows": [mark(row) for row in table["rows"]]}
        for name, table in calibration["tables"].items()
    }
    lines = json.dumps({**calibration, "tables": tables}, indent=2).split("\n")
    return "\n".join(unmarked(line, marks) for line in lines) + "\n"


def unmarked(line: str, marks: dict[str, str]) -> str:
    """`line` with the row that its mark stands for."""
    bare = line.strip().rstrip(",")
    return line.replace(bare, marks[bare]) if bare in marks else line


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("runs", nargs="+", type=pathlib.Path)
    p.add_argument(
        "--with",
        dest="others",
        nargs="+",
        default=[],
        type=pathlib.Path,
        help="runs of further parts, merged among themselves (those of mps.sh)",
    )
    p.add_argument("--driver", required=True, help="driver version that nvidia-smi shows")
    p.add_argument("--out", required=True, type=pathlib.Path)
    options = p.parse_args()

    def read(paths: list[pathlib.Path]) -> list[Json]:
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]

    try:
        merged = merge(read(options.runs), options.driver)
        if options.others:
            merged = unite(merged, merge(read(options.others), options.driver))
    except (OSError, ValueError, KeyError) as error:
        print(f"merge: {error}; expected outputs of calibrate", file=sys.stderr)
        return 65
    temporary = options.out.with_name(options.out.name + ".tmp")
    temporary.write_text(render(merged), encoding="utf-8")
    temporary.replace(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
