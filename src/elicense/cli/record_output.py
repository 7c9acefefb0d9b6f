"""``--record``: the records of one run, to be judged anew later with ``elicense replay``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from elicense.cli import output_files
from elicense.errors import Error, UsageError

if TYPE_CHECKING:
    from elicense.batch import Result, Task
    from elicense.together import JointReport

SUFFIXES = (".elrec",)
Command = TypeVar("Command", bound=Callable[..., Any])
Write = Callable[["Result", bytes | None], None]


def options(function: Command) -> Command:
    """``--record`` and ``--record-without-file``, the same for every command."""
    function = click.option(
        "--record-without-file", "digest_only", is_flag=True,
        help="Keep digests in the record, not the files themselves.",
    )(function)  # fmt: skip
    return click.option(
        "--record", metavar="OUT.elrec|DIR/",
        help="Write a record to judge anew later (a file each). It holds the file.",
    )(function)


def writer(
    option: str | None, names: Sequence[str], task: Task, language: str,
    companions: Sequence[str], *, digest_only: bool,
) -> Write | None:  # fmt: skip
    """What writes the record of each result in turn; None where none is asked for."""
    if option is None:
        if digest_only:
            raise click.UsageError("--record-without-file is for --record")
        return None
    place = output_files.namer(option, names, flag="--record", suffixes=SUFFIXES)
    beside = [_bytes(name, task) for name in companions]

    def write(result: Result, given: bytes | None) -> None:
        from elicense import record

        name, outcome = result
        data = given if given is not None else _bytes(name, task)
        told: dict[str, Any] = {
            "limits": task.limits, "language": language, "include_files": not digest_only,
        }  # fmt: skip
        if not isinstance(outcome, Error):
            if data is None:
                raise UsageError("record.file", "it can no longer be read", place=name)
            made = record.make(outcome, data, companions=beside, compared=task.compared,
                               ocr=task.ocr, **told)  # fmt: skip
        elif data is None:
            click.echo(f"elicense: {name}: no record, nothing was read", err=True)
            return
        else:
            made = record.make_unreadable(outcome, name, data, trust=task.trust, at=task.at,
                                          now=task.now, policy=task.policy, **told)  # fmt: skip
        output_files.write(place(name), made, code="record.write")

    return write


def write_joint(
    option: str | None, report: JointReport, doc: str | None, smc: str | None, language: str,
    *, digest_only: bool,
) -> None:  # fmt: skip
    """The one record of ``inspect-ship``."""
    from elicense import record
    from elicense.batch import Task

    if option is None:
        if digest_only:
            raise click.UsageError("--record-without-file is for --record")
        return
    place = output_files.namer(option, ["ship"], flag="--record", suffixes=SUFFIXES)
    task = Task(report.trust, report.at, report.now, report.policy)
    made = record.make_joint(
        report, doc=None if doc is None else (doc, _bytes(doc, task)),
        smc=None if smc is None else (smc, _bytes(smc, task)), language=language,
        include_files=not digest_only,
    )  # fmt: skip
    output_files.write(place("ship"), made, code="record.write")


def _bytes(name: str, task: Task) -> bytes | None:
    from elicense.errors import InputError
    from elicense.verifying import read_input

    try:
        return read_input(name, task.limits)[1]
    except InputError:
        return None
