"""``--html``: where the HTML reports of one run go, and writing them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elicense.errors import Error, InputError, UsageError

if TYPE_CHECKING:
    from elicense.batch import Result, Task

_SUFFIXES = {".html", ".htm"}
Write = Callable[["Result", bytes | None], None]


def writer(option: str | None, names: Sequence[str], task: Task, language: str) -> Write | None:
    """What writes the report of each result in turn; None where none is asked for.

    One file goes to ``OUT.html``; several, or a folder (there, or named with a slash at its
    end), to ``DIR/NAME.html``. UsageError for any other name: it could be an input's.
    """
    if option is None:
        return None
    target = Path(option)
    folder = option.endswith(("/", os.sep)) or target.is_dir()
    if not folder and target.suffix.lower() not in _SUFFIXES:
        raise click.UsageError("--html needs a name that ends in .html, or a folder")
    if not folder and len(names) > 1:
        raise click.UsageError("--html needs a folder (DIR/) where there are several files")
    taken: set[str] = set()

    def write(result: Result, data: bytes | None) -> None:
        path = target / _file_name(result[0], taken) if folder else target
        _write(path, _page(result, data, task, language))

    return write


def _file_name(name: str, taken: set[str]) -> str:
    """The input's own name with ``.html``; a number where it was there before."""
    base = re.split(r"[/\\]", name.rstrip("/\\"))[-1].strip("()") or "report"
    found, number = f"{base}.html", 1
    while found.casefold() in taken:
        number += 1
        found = f"{base}-{number}.html"
    taken.add(found.casefold())
    return found


def _page(result: Result, data: bytes | None, task: Task, language: str) -> str:
    from elicense.render import html
    from elicense.verifying import read_input

    name, outcome = result
    if isinstance(outcome, Error):
        return html.render_error(name, outcome, at=task.at, now=task.now, language=language)
    if data is None:
        with suppress(InputError):  # gone since: the report says that no page is drawn
            data = read_input(name, task.limits)[1]
    return html.render(outcome, data=data, language=language, limits=task.limits)


def _write(path: Path, page: str) -> None:
    """Whole or not at all: a report that was cut short must not look like one."""
    part = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(page, "utf-8", newline="\n")
        part.replace(path)
    except OSError as exc:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise UsageError("html.write", exc.strerror or str(exc), place=str(path)) from exc
