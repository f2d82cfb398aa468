"""Read a program file and refuse one that is truncated, of another version or inconsistent."""

from __future__ import annotations

import csv
import gzip
import io
import json
import pathlib
import zlib
from typing import Any

from cotenant_capture.errors import RecordError
from cotenant_capture.program import (
    COLUMNS,
    ENUM_COLUMNS,
    FORMAT,
    FRACTION_COLUMNS,
    LABELS,
    MEMORY_HEADER,
    REQUIRED_COLUMNS,
    TEXT_COLUMNS,
    VERSION,
    Allocation,
    Op,
    Program,
)


def read(path: pathlib.Path) -> Program:
    try:
        text = gzip.decompress(path.read_bytes()).decode("utf-8")
    except FileNotFoundError as error:
        raise RecordError(f"{path}: no such file; expected a program file") from error
    except EOFError as error:
        raise RecordError(f"{path}: truncated; expected a complete gzip file") from error
    except (OSError, zlib.error, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: {error}; expected a gzip file of UTF-8 text") from error
    return parse(text, str(path))


def parse(text: str, where: str) -> Program:
    """Parse the text of a program file. Rows are lines of the file, counted from 1."""
    lines = text.split("\n")
    header = _header(lines[0], where)
    ops, events = header.pop("ops"), header.pop("memory_events")
    del header["format"], header["version"]
    if lines[1:2] != [",".join(COLUMNS)]:
        raise _refusal(where, 2, None, "unknown columns", "the columns of version 1")
    try:
        split = lines.index("[memory]")
    except ValueError:
        raise _refusal(where, len(lines), None, "no [memory] line", "a complete file") from None
    if split - 2 != ops:
        raise _refusal(where, split + 1, None, f"{split - 2} operations", f"{ops} (header)")
    end = f"[end] ops={ops} memory_events={events}"
    if lines[-1] != "" or len(lines) < 2 or not lines[-2].startswith("[end]"):
        raise _refusal(where, len(lines), None, "no [end] line", "a complete file")
    if lines[-2] != end:
        raise _refusal(where, len(lines) - 1, None, f"'{lines[-2]}'", f"'{end}' (header)")
    memory_lines = lines[split + 2 : -2]
    if lines[split + 1] != MEMORY_HEADER:
        raise _refusal(where, split + 2, None, "unknown columns", MEMORY_HEADER)
    if len(memory_lines) != events:
        raise _refusal(
            where, len(lines) - 1, None, f"{len(memory_lines)} memory events", f"{events} (header)"
        )
    rows = csv.reader(io.StringIO("\n".join(lines[2:split])))
    return Program(
        header=header,
        ops=[_op(row, where, number, number - 3) for number, row in enumerate(rows, start=3)],
        memory=_memory(memory_lines, where, split + 3, ops),
    )


def _header(line: str, where: str) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except json.JSONDecodeError as error:
        raise _refusal(where, 1, None, f"not JSON: {error.msg}", "a header line") from error
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _refusal(where, 1, "format", "not a program file", f"'{FORMAT}'")
    if header.get("version") != VERSION:
        raise _refusal(where, 1, "version", repr(header.get("version")), str(VERSION))
    if header.get("label") not in LABELS:
        raise _refusal(where, 1, "label", repr(header.get("label")), " or ".join(LABELS))
    for field in ("ops", "memory_events"):
        value = header.get(field)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise _refusal(where, 1, field, repr(value), "a count")
    return header


def _op(row: list[str], where: str, number: int, index: int) -> Op:
    if len(row) != len(COLUMNS):
        raise _refusal(where, number, None, f"{len(row)} fields", str(len(COLUMNS)))
    values: dict[str, Any] = {}
    for name, text in zip(COLUMNS, row):
        values[name] = _value(name, text, where, number)
    if values["index"] != index:
        raise _refusal(where, number, "index", str(values["index"]), str(index))
    return Op(**values)


def _value(name: str, text: str, where: str, number: int) -> Any:
    if name in ENUM_COLUMNS:
        if text not in ENUM_COLUMNS[name]:
            raise _refusal(where, number, name, f"'{text}'", " or ".join(ENUM_COLUMNS[name]))
        return text
    if name in TEXT_COLUMNS:
        return text
    if text == "" and name not in REQUIRED_COLUMNS:
        return None
    if name in FRACTION_COLUMNS:
        try:
            fraction = float(text)
        except ValueError:
            fraction = -1.0
        if not 0.0 <= fraction <= 1.0:
            raise _refusal(where, number, name, f"'{text}'", "a number from 0 to 1")
        return fraction
    if not (text.isascii() and text.isdigit()):
        raise _refusal(where, number, name, f"'{text}'", "a whole number")
    return int(text)


def _memory(lines: list[str], where: str, first: int, ops: int) -> list[Allocation]:
    events: list[Allocation] = []
    live: dict[int, int] = {}
    for number, line in enumerate(lines, start=first):
        fields = line.split(",")
        if len(fields) != 4 or fields[1] not in ("alloc", "free"):
            raise _refusal(where, number, "event", f"'{line}'", f"{MEMORY_HEADER} (alloc or free)")
        if not all(f.isascii() and f.isdigit() for f in (fields[0], fields[2], fields[3])):
            raise _refusal(where, number, "op", f"'{line}'", "whole numbers")
        event = Allocation(int(fields[0]), fields[1], int(fields[2]), int(fields[3]))
        earliest = events[-1].op if events else 0
        if not earliest <= event.op <= ops:
            raise _refusal(where, number, "op", str(event.op), f"{earliest} to {ops}")
        if event.event == "alloc":
            if event.block in live:
                raise _refusal(where, number, "block", f"{event.block} twice", "a new block")
            live[event.block] = event.bytes
        elif live.pop(event.block, None) != event.bytes:
            raise _refusal(
                where, number, "block", f"free of {event.block}", "a block allocated above"
            )
        events.append(event)
    return events


def _refusal(where: str, row: int, column: str | None, reason: str, expected: str) -> RecordError:
    place = f"row {row}" if column is None else f"row {row}, column {column}"
    return RecordError(f"{where}: {place}: {reason}; expected {expected}")
