"""A host of the coordinator's tests: speaks the protocol without a GPU, and misbehaves on demand.

FAKE_HOST lists what it does wrong, e.g. "die-run". With FAKE_ONCE, a file name, only the first host
that comes to a wrong deed does it. FAKE_ONLY limits that to hosts whose environment has NAME=value.
FAKE_LOG gets a line for each command: process id, command, details.
"""

import fcntl
import json
import os
import signal
import struct
import sys
import time

NEVER = 2**63 - 1
RAN = []
MILLISECOND = 1_000_000
# SharedRun: where its members lie, which the coordinator's tests check.
WARMING, CLOCK_START, UNFINISHED, STOP, INTERRUPTED, PROGRESS = 8, 16, 24, 28, 29, 32


class Shared:
    """The run's shared state. A lock stands in for atomic operations."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)

    def get(self, kind, offset):
        size = struct.calcsize("=" + kind)
        return struct.unpack("=" + kind, os.pread(self.file.fileno(), size, offset))[0]

    def put(self, kind, offset, value):
        os.pwrite(self.file.fileno(), struct.pack("=" + kind, value), offset)

    def decrement(self, offset):
        fcntl.flock(self.file, fcntl.LOCK_EX)
        value = self.get("i", offset) - 1
        self.put("i", offset, value)
        fcntl.flock(self.file, fcntl.LOCK_UN)
        return value

    def warmed_up(self):
        if self.decrement(WARMING) == 0:
            self.put("q", CLOCK_START, time.monotonic_ns())

    def finished(self):
        if self.decrement(UNFINISHED) == 0:
            self.put("?", STOP, True)

    def stopped(self):
        return self.get("?", STOP)


def misbehaves(deed):
    if deed not in os.environ.get("FAKE_HOST", "").split(","):
        return False
    name, _, value = os.environ.get("FAKE_ONLY", "").partition("=")
    if name and os.environ.get(name) != value:
        return False
    if once := os.environ.get("FAKE_ONCE"):
        try:
            os.close(os.open(once, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
    return True


def log(*words):
    if path := os.environ.get("FAKE_LOG"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(" ".join(str(w) for w in (os.getpid(), *words)) + "\n")


def failure(kind, error):
    return {"ok": False, "kind": kind, "error": error}


def hello(_request):
    if misbehaves("die-hello"):
        print("no such library: libtorch.so", file=sys.stderr)
        sys.exit(3)
    if misbehaves("no-torch"):
        return failure("unavailable", "PyTorch cannot be imported")
    uuid = "GPU-other" if misbehaves("other-gpu") else os.environ.get("FAKE_UUID", "GPU-fake")
    gpu = {"name": "NVIDIA H200", "uuid": uuid}
    return {"ok": True, "protocol": 1, "kind": "live", "gpu": gpu, "software": {"fake": "1"}}


def load(request):
    if misbehaves("die-load"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if misbehaves("mismatch-load"):
        return failure("input", "op 12 ('gemm'): grid 4x1x1; the recorded program has 8x1x1")
    if RAN and misbehaves("worn-load"):
        return failure("device", "cuDNN error: CUDNN_STATUS_EXECUTION_FAILED")
    if misbehaves("exhaust-load"):
        return failure("device", "cuMemAlloc: CUDA_ERROR_OUT_OF_MEMORY (out of memory)")
    return {"ok": True, "ops": 3, "seconds": 0.1, "evidence": {}}


def run(request):
    RAN.append(request["plan"])
    with open(request["plan"], encoding="utf-8") as file:
        plan = json.load(file)
    shared = Shared(request["shared"])
    for _ in request["clients"]:
        shared.warmed_up()
    while shared.get("q", CLOCK_START) == NEVER:
        if shared.stopped():
            return failure("interrupted", "stopped before the clock started")
        time.sleep(0.001)
    if misbehaves("die-run"):
        print("Fatal error: unspecified launch failure", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if misbehaves("device-run"):
        shared.put("?", STOP, True)
        return failure("device", "client 'be': op 7: CUDA_ERROR_ILLEGAL_ADDRESS")
    if misbehaves("hang-run"):
        time.sleep(3600)
    if misbehaves("linger-run"):
        while not shared.stopped():
            time.sleep(0.001)
        return failure("interrupted", "stopped")
    if misbehaves("dawdle-run"):
        time.sleep(0.25)
    alone = plan["system"]["name"] == "ideal"
    begin = shared.get("q", CLOCK_START)
    limit = request.get("limit_ns", NEVER)
    clients = [
        one_client(plan, c, request, shared, begin, limit, alone) for c in request["clients"]
    ]
    if misbehaves("hang-end"):
        time.sleep(3600)
    counters = {"launches": 100, "decide_ns_p50": 210}
    return {"ok": True, "clients": clients, "duration_ns": time.monotonic_ns() - begin, **counters}


def pace(request):
    """With FAKE_SHARED=n the first n streams of a client share the queue of the other's."""
    shared = int(os.environ.get("FAKE_SHARED", "0"))
    streams = request["streams"]
    if misbehaves("late-pace"):
        return {"ok": True, "period_ns": [1500.0 for _ in streams], "late": True}
    held_up = len(streams) > 1 and streams[0]["spare"] < shared
    period = 3000.0 if held_up else 1500.0
    return {"ok": True, "period_ns": [period for _ in streams], "late": False}


def one_client(plan, c, request, shared, begin, limit, alone):
    """Requests of a millisecond each; alone in its process, an endless client runs to the end."""
    client = plan["clients"][c]
    ends = client.get("requests")
    waited_for = ends is not None and (alone or plan.get("until", client["name"]) == client["name"])
    others_here = len(request["clients"]) > 1
    rows = []
    while ends is None or len(rows) < ends:
        now = time.monotonic_ns() - begin
        if now >= limit:
            break
        if ends is None and (len(rows) >= 5 if others_here else shared.stopped()):
            break
        start = len(rows) * MILLISECOND + c
        rows.append((len(rows), start, start + 1000, start + MILLISECOND))
        if waited_for:
            shared.put("q", PROGRESS, len(rows))
        if ends is None:
            time.sleep(0.001)
    if waited_for:
        shared.finished()
    with open(f"{request['records']}.{c}.csv", "w", encoding="utf-8") as file:
        for row in rows[: -1 if misbehaves("lose-row") else None]:
            file.write(",".join(str(v) for v in row) + "\n")
    window = rows[-1][3] if rows else 1
    digest = f"digest of {client['program']}" if request.get("outputs") else None
    return {
        "client": c,
        "requests": len(rows),
        "iterations": len(rows) + (0.5 if ends is None else 0),
        "window_ns": window,
        "ops": 3 * len(rows),
        "matched": None,
        "output_sha256": digest,
    }


def main():
    answers = os.fdopen(3, "w")
    if misbehaves("ignore-quit"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for line in sys.stdin:
        request = json.loads(line)
        command = request["do"]
        details = (request.get("program"), request.get("clients"), spares(request), mps())
        log(command, *(detail for detail in details if detail is not None))
        if command == "quit":
            if misbehaves("ignore-quit"):
                time.sleep(3600)
            return
        if misbehaves(f"garbage-{command}"):
            print("it is all right", file=answers, flush=True)
            continue
        answer = {"hello": hello, "load": load, "pace": pace, "run": run}[command](request)
        print(json.dumps(answer), file=answers, flush=True)


def spares(request):
    """Which streams a "pace" is about, or a "run" is to use."""
    if "streams" in request:
        return [stream["spare"] for stream in request["streams"]]
    return request.get("spares")


def mps():
    folder = os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "")
    return f"mps={'yes' if folder else 'no'},{os.environ.get('CUDA_MPS_CLIENT_PRIORITY', '-')}"


main()
