"""The process that Nsight Compute watches: launch a program's operations one at a time.

Every operation is launched in order, so that caches and buffers are what they would be; the
profiler is switched on only around the chosen ones. Started by `ncu.run`, not by hand.
"""

from __future__ import annotations

import json
import pathlib
import sys

import torch
from cotenant_capture import driver, relaunch
from cotenant_capture.errors import RecordError
from cotenant_capture.iteration import Iteration, set_precision
from cotenant_capture.target import workload_for


def main(plan_file: str) -> int:
    plan = json.loads(pathlib.Path(plan_file).read_text(encoding="utf-8"))
    set_precision()
    workload = workload_for(plan["model"], plan["batch"], plan["mode"], plan["precision"])
    iteration = Iteration(workload, plan["mode"], plan["precision"])
    iteration.warm_up()
    _graph, nodes = iteration.capture()
    expected = [tuple(tuple(f) if isinstance(f, list) else f for f in k) for k in plan["keys"]]
    if len(nodes) != len(expected):
        raise RecordError(f"second capture has {len(nodes)} operations; expected {len(expected)}")
    for index, (node, key) in enumerate(zip(nodes, expected)):
        if node.key() != key:
            raise RecordError(f"second capture, operation {index}: {node.key()}; expected {key}")
    chosen = set(plan["profile"])
    stream = iteration.stream.cuda_stream
    for index, node in enumerate(nodes):
        if index in chosen:
            torch.cuda.synchronize()
            driver.call("cuProfilerStart")
            relaunch.launch(node, stream)
            torch.cuda.synchronize()
            driver.call("cuProfilerStop")
        else:
            relaunch.launch(node, stream)
    torch.cuda.synchronize()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1]))
    except RecordError as error:
        print(f"counter run: {error}", file=sys.stderr)
        sys.exit(65)
