"""Compares what models compute under every system with what they compute alone, bit for bit.

    python3 packages/shared-native/test/outputs/compare.py --out FILE.json

Inference: the outputs of a high-priority client beside training, under every system, against those
under `ideal`. Training: the losses after a fixed number of iterations, from fresh processes (a
program's weights live as long as its process), twice alone to learn whether the model's own
execution repeats itself, then under each system. Needs a GPU and PyTorch; about three minutes.
"""

from __future__ import annotations

import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

NATIVE = pathlib.Path(__file__).resolve().parent.parent.parent
SYSTEMS = [
    "ideal",
    "sequential",
    "timeslice",
    "streams",
    "streams-priority",
    "mps",
    "mps-priority",
    "reef",
    "reef-as-published",
    "orion",
]
INFERENCE = [
    ("h200/mobilenetv2-inference-b4-fp32", "h200/resnet50-training-b32-fp32"),
    ("h200/resnet50-inference-b4-bf16", "h200/bert-training-b8-bf16"),
]
TRAINING = ("h200/mobilenetv2-inference-b4-fp32", "h200/resnet50-training-b32-fp32")
TRAINING_SYSTEMS = ["streams", "mps", "orion"]


def plan(name: str, system: str, high: str, best_effort: str, iterations: int) -> dict[str, object]:
    """``iterations`` of the best-effort client; 0: until the high-priority one has finished."""
    clients = [
        {
            "name": "hp",
            "program": high,
            "priority": "high",
            "traffic": {"kind": "uniform", "rate": 100},
            "requests": 60,
            "warmup": 5,
        },
        {
            "name": "be",
            "program": best_effort,
            "priority": "best-effort",
            "traffic": {"kind": "closed"},
            **({"requests": iterations} if iterations else {}),
            "warmup": 2,
        },
    ]
    return {
        "version": 1,
        "id": name,
        "gpu": "h200",
        "seed": 1,
        "system": {"name": system},
        "clients": clients,
        **({} if iterations else {"until": "hp"}),
    }


def digests(binary: pathlib.Path, plans: list[tuple[str, dict[str, object]]]) -> list[list[object]]:
    """A row a plan: the digests of its clients' outputs. All plans go through the same hosts."""
    with tempfile.TemporaryDirectory(prefix="cotenant-outputs-") as scratch:
        folder = pathlib.Path(scratch)
        for entry, content in plans:
            file = folder / "plans" / entry / f"{content['id']}.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(content))
        subprocess.run(
            [
                *[str(binary), "measure", "--plans", str(folder / "plans")],
                *["--out", str(folder / "raw"), "--budget", "300", "--outputs"],
            ],
            check=False,
            stdout=subprocess.DEVNULL,
        )
        rows = []
        for entry, content in plans:
            summary = folder / "raw" / entry / f"{content['id']}.json"
            clients = json.loads(summary.read_text())["clients"] if summary.exists() else []
            rows.append([client.get("output_sha256") for client in clients])
        return rows


def inference(binary: pathlib.Path) -> list[dict[str, object]]:
    results = []
    for high, best_effort in INFERENCE:
        plans = [(s, plan("outputs", s, high, best_effort, 0)) for s in SYSTEMS]
        rows = digests(binary, plans)
        alone = rows[0][0] if rows[0] else None
        for system, row in zip(SYSTEMS[1:], rows[1:], strict=True):
            result = row[0] if row else None
            results.append(
                {
                    "client": high,
                    "beside": best_effort,
                    "system": system,
                    "equal": alone is not None and result == alone,
                    "sha256": result,
                    "alone_sha256": alone,
                }
            )
    return results


def training(binary: pathlib.Path) -> list[dict[str, object]]:
    high, best_effort = TRAINING

    def after_eight(system: str) -> object:
        [row] = digests(binary, [(system, plan("outputs", system, high, best_effort, 8))])
        return row[1] if len(row) > 1 else None

    alone = after_eight("ideal")
    again = after_eight("ideal")
    results = [
        {
            "client": best_effort,
            "beside": high,
            "system": system,
            "equal": alone is not None and digest == alone,
            "sha256": digest,
            "alone_sha256": alone,
        }
        for system, digest in [("ideal, again", again)]
        + [(system, after_eight(system)) for system in TRAINING_SYSTEMS]
    ]
    return results


def machine() -> dict[str, str]:
    answer = subprocess.run(
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        capture_output=True,
        text=True,
        check=True,
    )
    name, driver = answer.stdout.splitlines()[0].split(",")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"gpu": name.strip(), "driver": driver.strip(), "date": today, "command": "compare.py"}


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--out", type=pathlib.Path, required=True, help="JSON file to write")
    p.add_argument("--binary", type=pathlib.Path, default=NATIVE / "dist" / "cotenant")
    options = p.parse_args()
    results = inference(options.binary.resolve()) + training(options.binary.resolve())
    temporary = options.out.with_suffix(".tmp")
    temporary.write_text(json.dumps({**machine(), "results": results}, indent=1) + "\n")
    temporary.replace(options.out)
    differ = [f"{r['client']} under {r['system']}" for r in results if not r["equal"]]
    print(f"{len(results) - len(differ)} of {len(results)} equal alone, bit for bit")
    for line in differ:
        print(f"differs: {line}")
    return 0 if not differ else 1


if __name__ == "__main__":
    sys.exit(main())
