"""Compute- or memory-bound? A roofline test with the peak of the pipe that did the work. Pure."""

from __future__ import annotations

import dataclasses
import json
import pathlib

from cotenant_capture.errors import RecordError

UTILISATION_THRESHOLD = 0.60


@dataclasses.dataclass(frozen=True)
class Peaks:
    """Peak rates of a GPU: operations a second by pipe, and DRAM bytes a second."""

    fp32: float
    fp16: float
    fp64: float
    tf32: float
    bf16: float
    bandwidth: float


def load_peaks(path: pathlib.Path) -> Peaks:
    """Peaks out of a GPU specification file.

    Packed half precision outside the tensor cores runs at twice the FP32 rate and double precision
    at half of it on the data-centre GPUs that the specifications describe.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        peak, memory = document["peak"], document["memory"]
        fp32 = float(peak["fp32_flops"]["value"])
        return Peaks(
            fp32=fp32,
            fp16=2.0 * fp32,
            fp64=0.5 * fp32,
            tf32=float(peak["tf32_flops"]["value"]),
            bf16=float(peak["bf16_flops"]["value"]),
            bandwidth=float(memory["bandwidth_bytes_per_s"]["value"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(
            f"{path}: not a GPU specification ({error!r}); expected peak.fp32_flops, "
            "peak.tf32_flops, peak.bf16_flops and memory.bandwidth_bytes_per_s with a value each"
        ) from error


def classify(
    flops: dict[str, int] | None,
    cold_bytes: int | None,
    sm_util: float | None,
    dram_util: float | None,
    peaks: Peaks,
    tensor_peak: float,
) -> tuple[str, str]:
    """Class and evidence of one operation.

    With floating-point work: arithmetic intensity (operations per byte of DRAM traffic from cold
    caches) against the knee of the pipes that did it; work on several pipes takes the mean of
    their peaks, weighted by time. Without: whichever of SM and DRAM utilisation reaches 60 %.
    """
    if flops is None or cold_bytes is None:
        return "unknown", "no counters"
    total = sum(flops.values())
    if total > 0 and cold_bytes > 0:
        seconds = (
            flops["fp32"] / peaks.fp32
            + flops["fp16"] / peaks.fp16
            + flops["fp64"] / peaks.fp64
            + flops["tensor"] / tensor_peak
        )
        knee = total / seconds / peaks.bandwidth
        intensity = total / cold_bytes
        if intensity > knee:
            return "compute", f"ai={intensity:.2f}>knee={knee:.2f}"
        return "memory", f"ai={intensity:.2f}<=knee={knee:.2f}"
    sm, dram = sm_util or 0.0, dram_util or 0.0
    if sm >= UTILISATION_THRESHOLD:
        return "compute", f"sm={sm:.2f}>={UTILISATION_THRESHOLD:.2f}"
    if dram >= UTILISATION_THRESHOLD:
        return "memory", f"dram={dram:.2f}>={UTILISATION_THRESHOLD:.2f}"
    return "unknown", f"sm={sm:.2f} dram={dram:.2f}<{UTILISATION_THRESHOLD:.2f}"
