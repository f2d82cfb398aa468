"""Write a program file: the same program always gives the same bytes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pathlib
from typing import Any

from cotenant_capture.program import (
    COLUMNS,
    FORMAT,
    FRACTION_COLUMNS,
    MEMORY_HEADER,
    VERSION,
    Program,
)


def render(program: Program) -> str:
    """The text of the file."""
    ops, events = len(program.ops), len(program.memory)
    header: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    header.update(program.header)
    header.update({"ops": ops, "memory_events": events})
    out = io.StringIO()
    out.write(json.dumps(header, ensure_ascii=False, separators=(",", ":")) + "\n")
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for op in program.ops:
        table.writerow([_field(name, getattr(op, name)) for name in COLUMNS])
    out.write("[memory]\n" + MEMORY_HEADER + "\n")
    for event in program.memory:
        out.write(f"{event.op},{event.event},{event.block},{event.bytes}\n")
    out.write(f"[end] ops={ops} memory_events={events}\n")
    return out.getvalue()


def write(program: Program, path: pathlib.Path) -> None:
    """Write ``path`` completely or not at all. No time stamp goes into the compressed file."""
    data = gzip.compress(render(program).encode("utf-8"), compresslevel=9, mtime=0)
    temporary = path.with_name(path.name + ".tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _field(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in FRACTION_COLUMNS:
        return f"{value:.4f}"
    return str(value)
