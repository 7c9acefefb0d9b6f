"""Files that a command writes beside its output: one, or one a file judged in a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import click

from elicense.errors import UsageError


def namer(
    option: str, names: Sequence[str], *, flag: str, suffixes: Sequence[str]
) -> Callable[[str], Path]:
    """Where the file about each input goes, asked once for each in turn.

    One goes to the very name given; several, or a folder (there, or named with a slash at
    its end), to ``DIR/NAME`` with the first of ``suffixes`` added. UsageError for a name that
    ends in none of them: it could be an input's.
    """
    target = Path(option)
    folder = option.endswith(("/", os.sep)) or target.is_dir()
    if not folder and target.suffix.lower() not in suffixes:
        raise click.UsageError(f"{flag} needs a name that ends in {suffixes[0]}, or a folder")
    if not folder and len(names) > 1:
        raise click.UsageError(f"{flag} needs a folder (DIR/) where there are several files")
    taken: set[str] = set()

    def path(name: str) -> Path:
        return target / _file_name(name, suffixes[0], taken) if folder else target

    return path


def _file_name(name: str, suffix: str, taken: set[str]) -> str:
    """The input's own name with the suffix; a number where it was there before."""
    base = re.split(r"[/\\]", name.rstrip("/\\"))[-1].strip("()") or "report"
    found, number = f"{base}{suffix}", 1
    while found.casefold() in taken:
        number += 1
        found = f"{base}-{number}{suffix}"
    taken.add(found.casefold())
    return found


def write(path: Path, data: bytes, *, code: str) -> None:
    """Whole or not at all: a report that was cut short must not look like one."""
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as exc:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise UsageError(code, exc.strerror or str(exc), place=str(path)) from exc
