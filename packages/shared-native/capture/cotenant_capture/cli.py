"""`cotenant-record`: record a model on this machine's GPU as a Cotenant program."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import pathlib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from cotenant_capture import assemble, boundness, models, ncu, reader, writer
from cotenant_capture.errors import RecordError
from cotenant_capture.workload import MODES, PRECISIONS

_NATIVE = pathlib.Path(__file__).resolve().parent.parent.parent
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_MINIMUM_ITERATIONS = 20

EXIT_USAGE = 64
EXIT_DATA = 65


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    p = _Parser(prog="cotenant-record", description=__doc__)
    p.add_argument(
        "model", nargs="?", help=f"FILE.py:FUNCTION, or one of {', '.join(models.names())}"
    )
    p.add_argument("--batch", type=_positive, help="batch size given to FUNCTION")
    p.add_argument("--mode", choices=MODES, default="inference")
    p.add_argument(
        "--precision", choices=PRECISIONS, default="fp32", help="fp32: TF32 off; bf16: autocast"
    )
    p.add_argument("--gpu", default="h200", help="id of the GPU specification (default: h200)")
    p.add_argument("--gpu-spec", type=pathlib.Path, help="GPU specification file, instead of --gpu")
    p.add_argument("--name", help="program name (default: MODEL-MODE-bBATCH-PRECISION)")
    p.add_argument(
        "--out", type=pathlib.Path, help="program file (default: NAME.program.gz in this folder)"
    )
    p.add_argument(
        "--iterations",
        type=_positive,
        default=50,
        help=f"replays measured (default: 50, at least {_MINIMUM_ITERATIONS})",
    )
    p.add_argument(
        "--no-counters",
        action="store_true",
        help="do without Nsight Compute: boundness stays unknown",
    )
    p.add_argument("--keep-raw", type=pathlib.Path, help="also keep the raw recording (.json.gz)")
    p.add_argument(
        "--from-raw", type=pathlib.Path, help="assemble a kept raw recording again; needs no GPU"
    )
    p.add_argument("--check", type=pathlib.Path, help="only read this program file and report")
    return p  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        if options.check is not None:
            print(summary(reader.read(options.check)))
            return 0
        record(options)
        return 0
    except RecordError as error:
        print(f"cotenant-record: {error}", file=sys.stderr)
        return EXIT_DATA
    except ImportError as error:
        print(f"cotenant-record: {error}; recording needs PyTorch", file=sys.stderr)
        return EXIT_DATA


def record(options: argparse.Namespace) -> None:
    if options.from_raw is not None:
        kept = _load_raw(options.from_raw)
        identity, raw = kept["identity"], kept["raw"]
        if options.name:
            identity["name"] = options.name
    else:
        identity = identify(options)
    spec = options.gpu_spec or _NATIVE / "gpus" / f"{identity['gpu']}.json"
    peaks = boundness.load_peaks(spec)
    out = options.out or pathlib.Path(f"{identity['name']}.program.gz")
    if not out.parent.is_dir():
        raise RecordError(f"--out {out}: no folder '{out.parent}'")
    if options.from_raw is None:
        raw = _measure(options)
        if options.keep_raw is not None:
            _save_raw(options.keep_raw, identity, raw)
    program = assemble.program(raw, identity, peaks)
    reader.parse(writer.render(program), str(out))
    writer.write(program, out)
    print(summary(program))


def identify(options: argparse.Namespace) -> dict[str, Any]:
    """Check what argparse cannot, and name the program."""
    if options.model is None:
        raise RecordError("no model; expected FILE.py:FUNCTION or the name of a shipped model")
    if options.iterations < _MINIMUM_ITERATIONS:
        raise RecordError(
            f"--iterations {options.iterations}: expected at least {_MINIMUM_ITERATIONS}"
        )
    model = options.model
    if ":" in model:
        model = pathlib.Path(model.rpartition(":")[0]).stem.replace("_", "-").lower()
    elif model not in models.names():
        models.builder(model)  # raises with the list of names
    batch = options.batch or models.BATCHES[options.mode].get(model)
    if batch is None:
        raise RecordError("no --batch; expected the batch size to record")
    options.batch = batch
    name = options.name or f"{model}-{options.mode}-b{batch}-{options.precision}"
    if not _NAME.fullmatch(name):
        raise RecordError(f"--name '{name}': expected lower-case letters, digits, '.', '_', '-'")
    return {
        "name": name,
        "gpu": options.gpu,
        "model": model,
        "mode": options.mode,
        "batch": batch,
        "precision": options.precision,
    }


def summary(program: Any) -> str:
    header, solo = program.header, program.header["solo"]
    classes = {c: sum(op.boundness == c for op in program.ops) for c in ("compute", "memory")}
    error = (solo["op_sum_ns"] - solo["busy_ns"]) / solo["busy_ns"]
    return (
        f"{header['name']}: {len(program.ops)} ops, sum {solo['op_sum_ns'] / 1e6:.3f} ms, "
        f"busy {solo['busy_ns'] / 1e6:.3f} ms ({error:+.1%}), "
        f"latency {solo['latency_ns'] / 1e6:.3f} ms, "
        f"{classes['compute']} compute-bound, {classes['memory']} memory-bound"
    )


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    if not options.no_counters and not ncu.available():
        raise RecordError("ncu is not on the PATH; install Nsight Compute or give --no-counters")
    from cotenant_capture import session, target

    with failures_named(options.model, "building"):
        workload = target.workload_for(
            options.model, options.batch, options.mode, options.precision
        )
    with failures_named(options.model, "running or capturing"):
        raw = session.measure(workload, options.mode, options.precision, options.iterations)
    if not options.no_counters:
        raw["counters"] = ncu.collect(
            raw,
            model=options.model,
            batch=options.batch,
            mode=options.mode,
            precision=options.precision,
        )
    return raw


@contextlib.contextmanager
def failures_named(model: str, step: str) -> Iterator[None]:
    """Turn whatever a model raises into one line that says where it happened."""
    try:
        yield
    except (RecordError, ImportError):
        raise
    except Exception as error:
        text = next(iter(str(error).splitlines()), "")
        raise RecordError(
            f"model '{model}': {step} failed: {type(error).__name__}: {text}; "
            "expected a model that runs and can be captured in a CUDA graph"
        ) from error


def _save_raw(path: pathlib.Path, identity: dict[str, Any], raw: dict[str, Any]) -> None:
    text = json.dumps({"identity": identity, "raw": raw}, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))


def _load_raw(path: pathlib.Path) -> dict[str, Any]:
    try:
        kept = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        raise RecordError(f"--from-raw {path}: {error}; expected a raw recording") from error
    if not isinstance(kept, dict) or kept.get("raw", {}).get("raw_version") != 1:
        raise RecordError(f"--from-raw {path}: expected a raw recording of version 1")
    return kept


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a positive whole number")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
