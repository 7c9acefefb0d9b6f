"""``elicense verify``: judge files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from elicense.cli import (
    batch_output,
    common,
    html_output,
    online_options,
    record_output,
    sheet_options,
)
from elicense.errors import Error

if TYPE_CHECKING:
    from elicense.batch import Result, Task
    from elicense.maritime.pair import Companion
    from elicense.render.text import Style

_UNREADABLE = {"zh": "无法读取", "en": "UNREADABLE"}


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE… | -")
@common.trust_options()
@click.option("--policy", envvar="ELICENSE_POLICY", metavar="NAME|FILE",
              help="Policy: strict, inspector-offline, window, archive, or a TOML file.")
@click.option("--at", callback=common.moment, metavar="TIME", help="Judge as of this time.")
@click.option("--now", callback=common.moment, metavar="TIME",
              help="Time for the freshness of lists (to replay a judgement).")
@click.option("--companion", "companions", multiple=True, metavar="FILE",
              help="A file shown beside them: an SMC rests on its company's DOC. Repeatable.")
@click.option("--receiver", default="", metavar="NAME|CODE",
              help="Who is shown it: an annotated copy (加注件) made for another is INVALID.")
@click.option("--html", metavar="OUT.html|DIR/", help="Write an HTML report too (a file each).")
@record_output.options
@sheet_options.options
@batch_output.options
@online_options.options
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@common.language_option
@click.option("-q", "--quiet", is_flag=True, help="One line a file.")
@click.option("-v", "--verbose", is_flag=True, help="Every check, with its clause.")
@click.option("-r", "--recursive", is_flag=True, help="Go into the folders of folders too.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=1, help="Processes to use.")
def verify(
    files: tuple[str, ...], trust: str | None, operators: tuple[str, ...],
    allow_test_trust: bool, policy: str | None, at: datetime | None, now: datetime | None,
    companions: tuple[str, ...], receiver: str, html: str | None, record: str | None,
    digest_only: bool,
    compared: bool, no_ocr: bool, time_budget: float | None, annotate: str | None,
    results: str | None, resume: bool, as_json: bool, lang: str, quiet: bool, verbose: bool,
    recursive: bool, jobs: int, online: bool, hosts: tuple[str, ...],
) -> None:  # fmt: skip
    """Is each FILE the licence its issuer made, unchanged and in force? A folder means the
    PDFs, OFDs and pictures in it, `-` standard input. Nothing is fetched from the network
    unless --online is given.

    Of a scan, photograph or print the signed QR code is judged, and whether the sheet says
    the same, read by OCR or compared by you (--compared).

    Exit code: 0 all VALID, 1 some INVALID, 3 some INDETERMINATE, 4 some unreadable, 2 usage."""
    from elicense.batch import Task, expand, judge_all, judge_one
    from elicense.policy import DEFAULT, Policy
    from elicense.render.text import Style

    present = datetime.now(UTC)
    store = common.load_trust(trust, allow_test=allow_test_trust, operators=operators)
    task = Task(
        store, at or present, now or present, Policy.load(policy) if policy else DEFAULT,
        online=online_options.leave(online, hosts, verbose=verbose), receiver=receiver,
    )  # fmt: skip
    if companions:
        task = replace(task, companions=_companions(task, companions))
    names = expand(files, recursive=recursive)
    if not names:
        raise click.UsageError("no PDF, OFD or picture was found")
    task = sheet_options.applied(task, names, compared=compared, no_ocr=no_ocr,
                                 time_budget=time_budget)  # fmt: skip
    run = batch_output.begin(results, resume, names=names, task=task, lang=lang,
                             fixed=bool(at or now))  # fmt: skip
    if run is not None:
        task = run.task
    todo = names if run is None else run.todo
    writers = [
        html_output.writer(html, todo, task, lang),
        record_output.writer(record, todo, task, lang, companions, digest_only=digest_only),
        sheet_options.annotator(annotate, todo, task, lang),
        None if run is None else run.add,
    ]
    given = sys.stdin.buffer.read() if todo == ["-"] else None
    style = Style(lang, common.columns(), common.colour(), verbose)
    verdicts = [] if run is None else [row["verdict"] for row in run.kept.values()]
    kept = len(verdicts)
    try:
        with (
            _executor(min(jobs, len(todo)), threads=online) as executor,
            _progress(len(todo)) as progress,
        ):
            if given is not None:
                judged = iter([judge_one(task, "(stdin)", given)])
            else:
                judged = judge_all(task, todo, executor=executor, progress=progress)
            for result in judged:
                verdicts.append(batch_output.verdict_of(result))
                _print(result, task, style, as_json=as_json, quiet=quiet)
                for write in writers:
                    if write is not None:
                        write(result, given)
    finally:
        if run is not None:
            run.close()
    batch_output.summary(verdicts, kept, lang)
    sys.exit(batch_output.exit_code(verdicts))


def _companions(task: Task, names: tuple[str, ...]) -> tuple[Companion, ...]:
    """Each judged once, for all the files."""
    from elicense.verifying import companion

    found = tuple(
        companion(name, trust=task.trust, at=task.at, now=task.now, policy=task.policy,
                  limits=task.limits, online=task.online)
        for name in names
    )  # fmt: skip
    for one in found:
        if not one.sha256:
            click.echo(f"elicense: {one.file}: cannot be read as a licence", err=True)
    return found


def _print(result: Result, task: Task, style: Style, *, as_json: bool, quiet: bool) -> None:
    from elicense.render import text
    from elicense.render.width import safe

    name, outcome = result
    if isinstance(outcome, Error):
        if as_json:
            click.echo(_error_json(name, outcome, task))
        else:
            word = _UNREADABLE[style.language]
            click.echo(safe(f"{word}  {name}  {outcome}") + ("" if quiet else "\n"))
    elif as_json:
        click.echo(outcome.to_json(language=style.language))
    elif quiet:
        click.echo(text.summary(outcome, style))
    else:
        click.echo(text.render(outcome, style))


def _error_json(name: str, error: Error, task: Task) -> str:
    import json

    from elicense.report import SCHEMA

    return json.dumps(
        {
            "schema": SCHEMA, "file": name, "verdict": None,
            "at": f"{task.at:%Y-%m-%dT%H:%M:%SZ}", "now": f"{task.now:%Y-%m-%dT%H:%M:%SZ}",
            "error": {"code": error.code, "detail": error.detail, "place": error.place},
        },
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip


@contextmanager
def _executor(jobs: int, *, threads: bool) -> Iterator[Executor | None]:
    """Processes; threads where what was fetched for one file is to serve all."""
    if jobs <= 1:
        yield None
        return
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    executor: Executor = ThreadPoolExecutor(jobs) if threads else ProcessPoolExecutor(jobs)
    try:
        yield executor
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None] | None]:
    """A bar on a terminal's stderr where there are many files and output goes elsewhere."""
    if total < 10 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield None
        return
    with click.progressbar(length=total, file=sys.stderr, label="verify") as bar:
        yield lambda _done: bar.update(1)

