"""Options of ``verify`` for scans, photographs and prints, and the pictures drawn of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import output_files
from elicense.errors import Error, InputError

if TYPE_CHECKING:
    from elicense.batch import Result, Task

Write = Callable[["Result", bytes | None], None]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--compared --no-ocr --time-budget --annotate``."""
    for option in reversed(
        (
            click.option("--compared", is_flag=True,
                         help="You have compared the scanned sheet with the signed data of its "
                         "QR code, field by field (one file only; recorded in the report)."),
            click.option("--no-ocr", is_flag=True, help="Do not read the text of scans."),
            click.option("--time-budget", type=click.FloatRange(0.1, 3600), metavar="SECONDS",
                         help="Time for codes and text of one scan [20]."),
            click.option("--annotate", metavar="OUT.png|DIR/",
                         help="Draw the pages with codes, fields and seals boxed."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def applied(
    task: Task, names: Sequence[str], *, compared: bool, no_ocr: bool, time_budget: float | None
) -> Task:
    """The task with these options. UsageError for one word on several sheets."""
    if compared and len(names) != 1:
        raise click.UsageError("--compared speaks of one sheet: give one file")
    if time_budget is not None:
        task = replace(task, limits=replace(task.limits, scan_seconds=time_budget))
    return replace(task, compared=compared, ocr=not no_ocr)


def annotator(option: str | None, names: Sequence[str], task: Task, language: str) -> Write | None:
    """What draws each result in turn; None where nothing is to be drawn."""
    if option is None:
        return None
    place = output_files.namer(option, names, flag="--annotate", suffixes=(".png",))

    def write(result: Result, data: bytes | None) -> None:
        from elicense.render import annotate
        from elicense.verifying import read_input

        name, outcome = result
        path = place(name)
        if isinstance(outcome, Error):
            click.echo(f"elicense: {name}: cannot be read, so nothing is drawn", err=True)
            return
        if data is None:
            with suppress(InputError):
                data = read_input(name, task.limits)[1]
        drawn = annotate.draw(outcome, data, language=language, limits=task.limits)
        for problem in drawn.problems:
            click.echo(f"elicense: {name}: {problem}", err=True)
        for number, png in enumerate(drawn.pictures, 1):
            target = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
            output_files.write(target, png, code="annotate.write")

    return write
