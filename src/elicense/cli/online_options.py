"""``--online`` and ``--allow-host``: the leave to open connections, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from elicense.trust.online import Online


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Both options, the same for every command."""
    command = click.option(
        "--allow-host", "hosts", multiple=True, metavar="HOST[:PORT]",
        help="With --online: may be asked for status lists, and may have a private address.",
    )(command)  # fmt: skip
    return click.option(
        "--online", is_flag=True,
        help="Fetch revocation and status lists where they are missing (else nothing is).",
    )(command)  # fmt: skip


def leave(online: bool, hosts: Sequence[str], *, verbose: bool) -> Online | None:
    """None where no connection may be opened. With ``verbose`` each question is told."""
    if not online:
        if hosts:
            raise click.UsageError("--allow-host is for --online")
        return None
    from elicense.trust.online import Online

    def told(line: str) -> None:
        from elicense.render.width import safe

        click.echo(safe(f"elicense: asking {line}"), err=True)

    return Online(hosts=hosts, notify=told if verbose else None)
