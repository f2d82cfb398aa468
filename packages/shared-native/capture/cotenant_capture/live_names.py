"""What the programs of a live host are called, and which model is behind each."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from typing import Any

from cotenant_capture import models, reader
from cotenant_capture.errors import RecordError

_COPY = re.compile(r"(.*)(#[0-9]+)")


def split_copy(name: str) -> tuple[str, str]:
    """``h200/a#2`` is the copy ``#2`` of ``h200/a``; other names are no copies."""
    match = _COPY.fullmatch(name)
    return (match[1], match[2]) if match else (name, "")


@dataclasses.dataclass(frozen=True)
class Origin:
    """The program that an excerpt is from, and how many ops it launches."""

    program: str
    ops: int


def excerpt_origin(header: dict[str, Any]) -> Origin | None:
    """Where an excerpt is from; None for a program that is none."""
    excerpt = header.get("provenance", {}).get("excerpt")
    if excerpt is None:
        return None
    return Origin(excerpt["program"], excerpt["repeat"] * excerpt.get("count", 1))


def program_header(data: pathlib.Path, program: str) -> dict[str, Any]:
    """The header of a program, by id or path: it says how the model is built."""
    path = pathlib.Path(program)
    if path.suffix != ".gz":
        path = data / "programs" / f"{program}.program.gz"
    header = reader.read(path).header
    if excerpt_origin(header) is None and header["model"] not in models.names():
        raise RecordError(
            f"{program}: was recorded from '{header['model']}', which is none of the shipped "
            f"models; expected one of {', '.join(models.names())}"
        )
    return header
