"""Breaks things on this machine's GPU on purpose, and writes down what happened.

    python3 packages/shared-native/test/faults/inject.py --out FILE.json [--only NAME,...]

Every scenario measures three plans with `cotenant measure`: one before the fault, the one that the
fault is for, one behind it. Written down for each: how the command ended and what it said, which
plans have results, whether the first one's are untouched, and which processes and how much of the
GPU's memory are left. Needs a GPU; those with live programs need PyTorch. About three minutes.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable

HERE = pathlib.Path(__file__).resolve().parent
NATIVE = HERE.parent.parent
MARK = "COTENANT_FAULT_MARK"
SPIN_HP, SPIN_BE = "h200/spin-20us-x1", "h200/spin-1000us-x32"
LONGEST_END_S = 15
LIVE_HP = "h200/mobilenetv2-inference-b4-fp32"
LIVE_BE = "h200/mobilenetv2-training-b64-fp32"


@dataclasses.dataclass
class Scenario:
    name: str
    what: str
    system: str
    programs: str
    during: Callable[[Run], None] | None = None  # what is done while the second plan runs
    host_fault: str = ""  # what the live host does wrong
    wrong_program: bool = False


@dataclasses.dataclass
class Run:
    mark: str
    command: subprocess.Popen[str]

    def processes(self, word: str = "") -> list[int]:
        """Pids that this run started, oldest first."""
        found = [pid for pid in marked(self.mark) if word in command_line(pid)]
        return sorted(found, key=start_time)


def marked(mark: str) -> list[int]:
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if wanted in environment.split(b"\0") and state != "Z":
            found.append(int(folder.name))
    return found


def command_line(pid: int) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def start_time(pid: int) -> int:
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19])
    except OSError:
        return 0


def kill_last_host(run: Run) -> None:
    """The best-effort client's, where every client has its own: hosts start in client order."""
    os.kill(run.processes("cuda-host")[-1], signal.SIGKILL)


def kill_mps_daemon(run: Run) -> None:
    daemons = [
        pid for pid in run.processes("nvidia-cuda-mps-control") if " -d" in command_line(pid)
    ]
    os.kill(daemons[-1], signal.SIGKILL)


def kill_coordinator(run: Run) -> None:
    run.command.kill()


def interrupt(run: Run) -> None:
    run.command.send_signal(signal.SIGINT)


SCENARIOS = [
    Scenario(
        "killed-timeslice", "best-effort process killed", "timeslice", "synthetic", kill_last_host
    ),
    Scenario("killed-mps", "best-effort process killed", "mps", "synthetic", kill_last_host),
    Scenario(
        "killed-in-process",
        "the process of both clients killed",
        "reef",
        "synthetic",
        kill_last_host,
    ),
    Scenario("mps-daemon-killed", "MPS daemon killed", "mps", "synthetic", kill_mps_daemon),
    Scenario("coordinator-killed", "cotenant itself killed", "mps", "synthetic", kill_coordinator),
    Scenario("interrupted", "Ctrl-C", "reef", "synthetic", interrupt),
    Scenario(
        "allocates",
        "best-effort client allocates until it fails",
        "timeslice",
        "live",
        host_fault="allocate",
    ),
    Scenario(
        "illegal-in-process",
        "illegal access in a best-effort kernel",
        "streams",
        "live",
        host_fault="illegal",
    ),
    Scenario(
        "illegal-mps", "illegal access in a best-effort kernel", "mps", "live", host_fault="illegal"
    ),
    Scenario(
        "wrong-program",
        "a program file that is not the model's",
        "reef",
        "live",
        wrong_program=True,
    ),
]


def plan(name: str, scenario: Scenario, faulty: bool) -> dict[str, object]:
    spin = scenario.programs == "synthetic"
    high = {
        "name": "hp",
        "program": SPIN_HP if spin else LIVE_HP,
        "priority": "high",
        "traffic": {"kind": "uniform", "rate": 300},
        "requests": 3000 if faulty and spin else 300,
        "warmup": 10,
    }
    best_effort = {
        "name": "be",
        "program": SPIN_BE if spin else LIVE_BE,
        "priority": "best-effort",
        "traffic": {"kind": "closed"},
        "warmup": 3,
    }
    clients = [high, best_effort] if spin or faulty else [high]
    return {
        "version": 1,
        "id": name,
        "gpu": "h200",
        "seed": 42,
        "system": {"name": scenario.system},
        "clients": clients,
        "until": "hp",
    }


def data_folder(scenario: Scenario, scratch: pathlib.Path) -> pathlib.Path:
    """The core's data; for one scenario with a best-effort program in which one grid is changed."""
    if not scenario.wrong_program:
        return NATIVE
    data = scratch / "data"
    for folder in ("gpus", "programs", "capture"):
        shutil.copytree(NATIVE / folder, data / folder)
    file = data / "programs" / f"{LIVE_BE}.program.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("117,kernel,"))
    fields = next(csv.reader([lines[at]]))
    column = lines[1].strip().split(",").index("grid_x")
    fields[column] = str(int(fields[column]) + 1)
    changed = io.StringIO()
    csv.writer(changed, lineterminator="\n").writerow(fields)
    lines[at] = changed.getvalue()
    file.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
    return data


def ask_gpu(*fields: str) -> list[str]:
    answer = subprocess.run(
        ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [field.strip() for field in answer.stdout.splitlines()[0].split(",")]


def gpu_memory_mib() -> int:
    return int(ask_gpu("memory.used")[0])


def machine() -> dict[str, str]:
    name, driver = ask_gpu("name", "driver_version")
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    return {"gpu": name, "driver": driver, "date": today, "command": "inject.py"}


def wait_for_end(mark: str) -> float:
    """Seconds that processes of a run outlived its command; at most LONGEST_END_S."""
    begin = time.monotonic()
    while marked(mark) and time.monotonic() - begin < LONGEST_END_S:
        time.sleep(0.1)
    return round(time.monotonic() - begin, 1)


def digest(folder: pathlib.Path, name: str) -> str | None:
    files = [folder / f"{name}.csv", folder / f"{name}.json"]
    if not all(file.exists() for file in files):
        return None
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def inject(scenario: Scenario, binary: pathlib.Path) -> dict[str, object]:
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="cotenant-faults-"))
    plans = scratch / "plans" / scenario.system
    plans.mkdir(parents=True)
    for name in ("a-before", "b-fault", "c-behind"):
        text = json.dumps(plan(name, scenario, name == "b-fault"))
        (plans / f"{name}.json").write_text(text)
    out = scratch / "raw"
    mark = uuid.uuid4().hex
    environment = {
        **os.environ,
        MARK: mark,
        "COTENANT_DATA": str(data_folder(scenario, scratch)),
        "COTENANT_FAULT": scenario.host_fault,
    }
    arguments = [
        *[str(binary), "measure", "--plans", str(scratch / "plans"), "--out", str(out)],
        *["--budget", "120", "--watchdog", "10", "--programs", scenario.programs],
    ]
    if scenario.host_fault:
        wrapper = scratch / "python"
        wrapper.write_text(f'#!/bin/sh\nexec python3 "{HERE / "faulty_host.py"}"\n')
        wrapper.chmod(0o755)
        arguments += ["--python", str(wrapper)]
    memory = gpu_memory_mib()
    begin = time.monotonic()
    with subprocess.Popen(
        arguments,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as command:
        run = Run(mark, command)
        said: list[str] = []
        before: str | None = None
        for line in command.stdout or []:
            said.append(line.strip())
            if "a-before" in line:
                before = digest(out / scenario.system, "a-before")
                if scenario.during is not None:
                    time.sleep(2)
                    scenario.during(run)
        status = command.wait()
    ended = time.monotonic() - begin
    lingered = wait_for_end(mark)
    left = {str(pid): command_line(pid) for pid in marked(mark)}
    names = ("a-before", "b-fault", "c-behind")
    result = {
        "scenario": scenario.name,
        "what": scenario.what,
        "system": scenario.system,
        "programs": scenario.programs,
        "exit_status": status,
        "said": [line.replace(str(scratch), "…") for line in said],
        "results": [n for n in names if digest(out / scenario.system, n) is not None],
        "first_untouched": before is not None
        and before == digest(out / scenario.system, "a-before"),
        "lingered_s": lingered,
        "left_running": left,
        "gpu_memory_left_mib": gpu_memory_mib() - memory,
        "seconds": round(ended, 1),
    }
    for pid in marked(mark):  # nothing of one scenario may disturb the next
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(scratch, ignore_errors=True)
    return result


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--out", type=pathlib.Path, required=True, help="JSON file to write")
    p.add_argument("--only", default="", help="scenarios by name, with commas between")
    p.add_argument("--binary", type=pathlib.Path, default=NATIVE / "dist" / "cotenant")
    options = p.parse_args()
    only = [name for name in options.only.split(",") if name]
    unknown = set(only) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        known = ", ".join(scenario.name for scenario in SCENARIOS)
        print(
            f"inject.py: --only: no scenario {', '.join(unknown)}; expected some of {known}",
            file=sys.stderr,
        )
        return 64
    results = []
    for scenario in SCENARIOS:
        if only and scenario.name not in only:
            continue
        result = inject(scenario, options.binary.resolve())
        results.append(result)
        print(
            f"{scenario.name}: exit {result['exit_status']}, results {result['results']}, "
            f"left {len(result['left_running'])}, {result['seconds']} s",
            flush=True,
        )
        temporary = options.out.with_suffix(".tmp")
        temporary.write_text(json.dumps({**machine(), "results": results}, indent=1) + "\n")
        temporary.replace(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
