"""``--results``, ``--resume`` and the line that sums up many files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from elicense.batch import Result, Task
    from elicense.results import Run

_ORDER = ("VALID", "INVALID", "INDETERMINATE", "UNREADABLE")
_EXITS = {"VALID": 0, "INVALID": 1, "INDETERMINATE": 3, "UNREADABLE": 4}
_WORDS = {
    "zh": {"files": "共 {n} 个文件", "VALID": "有效", "INVALID": "无效", "INDETERMINATE": "待定",
           "UNREADABLE": "无法读取", "kept": "其中 {n} 个此前已核验", "comma": "，",
           "continued": "接续 {at}（UTC）的核验；要按其他时间核验，请给 --at"},
    "en": {"files": "{n} files", "VALID": "valid", "INVALID": "invalid",
           "INDETERMINATE": "indeterminate", "UNREADABLE": "unreadable",
           "kept": "{n} of them judged before", "comma": ", ",
           "continued": "going on with the run of {at} (UTC); give --at for another time"},
}  # fmt: skip


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--results --resume``."""
    for option in reversed(
        (
            click.option("--results", metavar="OUT.csv|OUT.jsonl",
                         help="A row a file: verdict, reason, number, digest."),
            click.option("--resume", is_flag=True,
                         help="Go on with the table of --results: what it has is not judged "
                         "again unless file, trust store, policy or time changed."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def begin(
    results: str | None, resume: bool, *, names: Sequence[str], task: Task, fixed: bool, lang: str
) -> Run | None:
    """The table asked for, opened."""
    if results is None:
        if resume:
            raise click.UsageError("--resume needs --results")
        return None
    from elicense.results import begin as open_table

    run = open_table(results, names=names, task=task, resume=resume, fixed=fixed, language=lang)
    if run.task.at != task.at:
        at = f"{run.task.at:%Y-%m-%d %H:%M:%S}"
        click.echo("elicense: " + _WORDS[lang]["continued"].format(at=at), err=True)
    return run


def verdict_of(result: Result) -> str:
    from elicense.errors import Error

    return "UNREADABLE" if isinstance(result[1], Error) else str(result[1].verdict)


def exit_code(verdicts: Iterable[str]) -> int:
    """1 before 4 before 3; 0 only if all are VALID."""
    codes = {_EXITS[verdict] for verdict in verdicts}
    return next((code for code in (1, 4, 3) if code in codes), 0)


def summary(verdicts: Sequence[str], kept: int, lang: str) -> None:
    """One line on stderr where there are several files."""
    if len(verdicts) < 2:
        return
    words, counts = _WORDS[lang], Counter(verdicts)
    parts = [words["files"].format(n=len(verdicts))]
    parts += [f"{words[name]} {counts[name]}" for name in _ORDER if counts[name]]
    parts += [words["kept"].format(n=kept)] if kept else []
    click.echo(words["comma"].join(parts), err=True)
