"""``--html``: where the HTML reports of one run go, and writing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from elicense.cli import output_files
from elicense.errors import Error, InputError

if TYPE_CHECKING:
    from elicense.batch import Result, Task
    from elicense.together import JointReport

SUFFIXES = (".html", ".htm")
Write = Callable[["Result", bytes | None], None]


def writer(option: str | None, names: Sequence[str], task: Task, language: str) -> Write | None:
    """What writes the report of each result in turn; None where none is asked for."""
    if option is None:
        return None
    place = output_files.namer(option, names, flag="--html", suffixes=SUFFIXES)

    def write(result: Result, data: bytes | None) -> None:
        page = _page(result, data, task, language)
        output_files.write(place(result[0]), page.encode(), code="html.write")

    return write


def write_joint(
    option: str | None, report: JointReport, doc: str | None, smc: str | None, language: str
) -> None:
    """The one page of ``inspect-ship``."""
    if option is None:
        return
    from elicense.render import joint_html

    place = output_files.namer(option, ["ship"], flag="--html", suffixes=SUFFIXES)
    page = joint_html.render(report, doc=_bytes(doc), smc=_bytes(smc), language=language)
    output_files.write(place("ship"), page.encode(), code="html.write")


def _bytes(name: str | None) -> bytes | None:
    from elicense.limits import DEFAULT_LIMITS
    from elicense.verifying import read_input

    if name is None:
        return None
    with suppress(InputError):  # the report says that no page is drawn
        return read_input(name, DEFAULT_LIMITS)[1]
    return None


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
