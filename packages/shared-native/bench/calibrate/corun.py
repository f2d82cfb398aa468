"""How much longer each kernel of one program takes beside each kernel of another.

    PYTHONPATH=../../capture python3 corun.py h200/mobilenetv2-inference-b4-fp32 \\
        h200/bert-training-b8-fp32 --out corun.json

The first program's kernel is launched over and over in a stream of higher priority, the second's in
another of the same process, both queued ahead. Measured: the period of either chain alone, that of
the first beside the second, and what the second loses by each launch of the first. Taken are the
kinds of kernel on which a program spends most of its time. Needs a GPU and PyTorch; a second a pair
of programs, after they are built.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import math
import pathlib
import statistics
import sys
from typing import Any

NATIVE = pathlib.Path(__file__).resolve().parent.parent.parent
COLUMNS = ["high", "low", "alone_ns", "beside_ns", "low_alone_ns", "low_lost_ns", "low_ended"]
CHAIN_NS = 150e3  # of the first program's kernel alone, about
LAUNCH_NS = 15e3  # of the interpreter; a launch into a full queue would wait for the gate
MOST_LAUNCHES = 450  # in a stream: the driver's queue holds about a thousand
SLOWEST = 8.0  # times as long as alone: the other chain lasts that long at first
REPEATS = 3


@dataclasses.dataclass
class Kind:
    """Launches of one kernel with one geometry in a program."""

    node: Any
    index: int  # of its first launch among the program's ops
    count: int = 1
    alone_ns: float = 0.0


def kinds_of(nodes: list[Any]) -> list[Kind]:
    """The program's kernels by what identifies a launch, in order of appearance."""
    kinds: dict[Any, Kind] = {}
    for index, node in enumerate(nodes):
        if node.kind != "kernel":
            continue
        if node.key() in kinds:
            kinds[node.key()].count += 1
        else:
            kinds[node.key()] = Kind(node, index)
    return list(kinds.values())


def weightiest(kinds: list[Kind], most: int) -> list[Kind]:
    """Those on which the program spends most time, the first of them first."""
    return sorted(kinds, key=lambda kind: -kind.count * kind.alone_ns)[:most]


def launches_for(nanoseconds: float, each_ns: float) -> int:
    """How many launches of a kernel take that long."""
    return max(3, min(MOST_LAUNCHES, math.ceil(nanoseconds / each_ns)))


def description(kind: Kind) -> dict[str, Any]:
    node = kind.node
    return {
        "op": kind.index,
        "name": node.name[:120],
        "grid": list(node.grid),
        "block": list(node.block),
        "registers": node.registers,
        "smem": node.smem_static + node.smem_dynamic,
        "count": kind.count,
    }


class Bench:
    """Chains of launches on the GPU, timed by events."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.high = torch.cuda.Stream(priority=-1)
        self.low = torch.cuda.Stream(priority=0)
        self.cycles_a_ns = 2.0  # of the gate: at most the GPU's clock, so that it is never shorter

    def _gate(self, nanoseconds: float) -> None:
        self.torch.cuda._sleep(int(nanoseconds * self.cycles_a_ns))

    def _launch(self, kind: Kind, count: int, stream: Any) -> None:
        from cotenant_capture import relaunch

        for _ in range(count):
            relaunch.launch(kind.node, stream.cuda_stream)

    def _event(self, stream: Any) -> Any:
        event = self.torch.cuda.Event(enable_timing=True)
        event.record(stream)
        return event

    def _chain_ns(self, kind: Kind, count: int) -> float:
        stream = self.high
        with self.torch.cuda.stream(stream):
            self._gate(LAUNCH_NS * count + 100e3)
            begin = self._event(stream)
            self._launch(kind, count, stream)
            end = self._event(stream)
        end.synchronize()
        return begin.elapsed_time(end) * 1e6

    def alone_ns(self, kind: Kind) -> float:
        """Period of a chain: kernel and gap."""
        self._chain_ns(kind, 3)
        return statistics.median(
            (self._chain_ns(kind, 25) - self._chain_ns(kind, 5)) / 20 for _ in range(REPEATS)
        )

    def _once(
        self, high: Kind, count: int, low: Kind, neighbours: int
    ) -> tuple[float, float, bool]:
        """Time of `high`'s chain, what `low`'s took longer, and whether that ended first."""
        gate = LAUNCH_NS * (count + neighbours) + 300e3
        with self.torch.cuda.stream(self.low):
            self._gate(gate)
            low_begin = self._event(self.low)
            self._launch(low, neighbours, self.low)
            low_end = self._event(self.low)
        with self.torch.cuda.stream(self.high):
            self.high.wait_event(low_begin)
            self._gate(30e3)  # the other chain is under way
            begin = self._event(self.high)
            self._launch(high, count, self.high)
            end = self._event(self.high)
        self.torch.cuda.synchronize()
        took = low_begin.elapsed_time(low_end) * 1e6
        lost = took - neighbours * low.alone_ns
        return begin.elapsed_time(end) * 1e6, lost, low_begin.elapsed_time(end) * 1e6 > took

    def beside(self, high: Kind, low: Kind) -> tuple[float, float, bool]:
        """Period of `high`'s chain, what `low` loses by each of its kernels, and whether the chain
        of `low` ended first however long it was made."""
        count = launches_for(CHAIN_NS, high.alone_ns)
        neighbours = launches_for(SLOWEST * count * high.alone_ns + 60e3, low.alone_ns)
        samples = [self._once(high, count, low, neighbours) for _ in range(REPEATS)]
        while any(ended for _, _, ended in samples) and neighbours < MOST_LAUNCHES:
            neighbours = min(MOST_LAUNCHES, 3 * neighbours)
            samples = [self._once(high, count, low, neighbours) for _ in range(REPEATS)]
        took, lost = (statistics.median(s[i] for s in samples) / count for i in (0, 1))
        return took, lost, any(ended for _, _, ended in samples)


def measure(high_name: str, low_name: str, most: int) -> dict[str, Any]:
    """Every pair of the two programs' weightiest kernels."""
    from cotenant_capture import graph
    from cotenant_capture.live_names import program_header
    from cotenant_capture.live_program import LiveProgram

    bench = Bench()
    chosen, lives = [], []
    for name in (high_name, low_name):
        live = LiveProgram(name, program_header(NATIVE, name))
        lives.append(live)  # its graph owns the nodes
        kinds = kinds_of(graph.walk(live.raw_graph(), [(0, "forward")]))
        for kind in kinds:
            kind.alone_ns = bench.alone_ns(kind)
        chosen.append(weightiest(kinds, most))
    rows = []
    for i, high in enumerate(chosen[0]):
        for j, low in enumerate(chosen[1]):
            took, lost, ended = bench.beside(high, low)
            times = [high.alone_ns, took, low.alone_ns, lost]
            rows.append([i, j, *(round(value) for value in times), int(ended)])
    return {
        "high": {"program": high_name, "kernels": [description(kind) for kind in chosen[0]]},
        "low": {"program": low_name, "kernels": [description(kind) for kind in chosen[1]]},
        "columns": COLUMNS,
        "rows": rows,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", nargs="+", metavar="HIGH LOW", help="pairs of program ids")
    parser.add_argument("--kinds", type=int, default=8, help="kernels of each program (default: 8)")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args(arguments)
    if len(options.programs) % 2 != 0:
        parser.error(f"{len(options.programs)} programs; expected pairs of them")
    if options.kinds < 1:
        parser.error(f"--kinds: {options.kinds}; expected 1 or more")

    import torch
    from cotenant_capture.iteration import set_precision

    set_precision()
    names = iter(options.programs)
    pairs = [measure(high, low, options.kinds) for high, low in zip(names, names)]
    document = {
        "version": 1,
        "source": "bench/calibrate/corun.py: periods of chains of one kernel, queued ahead, alone "
        "and beside a chain of another in a stream of lower priority, medians of "
        f"{REPEATS}; low_lost_ns: what the other chain loses by each of its launches",
        "provenance": {
            "gpu_name": torch.cuda.get_device_name(),
            "torch": torch.__version__,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        },
        "pairs": pairs,
    }
    options.out.write_text(json.dumps(document, separators=(",", ":")) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
