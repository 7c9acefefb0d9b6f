"""``elicense transfers``: licences on their way to or from other authorities."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from elicense.errors import UsageError


@click.group()
def transfers() -> None:
    """Transfers of licences between authorities 转出、转入 (docs/transfers.md)."""


_settings = click.argument("settings", type=click.Path(exists=True, dir_okay=False),
                           metavar="SETTINGS.toml")  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def _load(path: str) -> Any:
    try:
        from elicense.web import outward  # noqa: F401 - of the same extra, needed to send
        from elicense.web.settings import Settings
    except ImportError as exc:
        raise UsageError(
            "service.extra", f"transfers need the extra: pip install 'elicense[server]' ({exc})"
        ) from exc
    return Settings.load(path)


@transfers.command("list")
@_settings
@click.option("--hours", type=click.IntRange(0, 10_000), default=0, show_default=True,
              help="Only those in which nothing happened for so long.")
@_json
def show(settings: str, hours: int, as_json: bool) -> None:
    """What is not finished, the oldest first, and whose turn it is."""
    wanted = _load(settings)
    from elicense.registry import database
    from elicense.registry.transfers import NAMES, unfinished
    from elicense.web.transfers import told

    registry = database.open_registry(wanted.registry)
    with registry.look() as connection:
        found = unfinished(connection, before=datetime.now(UTC) - timedelta(hours=hours))
    registry.close()
    ours = [item for item in found if item.own == wanted.uscc]
    for item in ours:
        if as_json:
            click.echo(json.dumps(told(item), ensure_ascii=False))
            continue
        way = "转出 to" if item.side == "out" else "转入 from"
        whose = "this authority" if item.owed_by == item.own else "the other authority"
        click.echo(f"{item.id}  {way} {item.authority}  {item.identifier}")
        click.echo(f"    {NAMES[item.state]} ({item.state}) since {item.updated:%Y-%m-%d %H:%M}Z; "
                   f"now it is for {whose}")  # fmt: skip
        for message in item.messages:
            if message.error:
                click.echo(f"    {message.kind}, tried {message.attempts} times: {message.error}")
    click.echo(f"{len(ours)} not finished", err=True)


@transfers.command()
@_settings
@_json
def resume(settings: str, as_json: bool) -> None:
    """Send what the other authorities have not got yet, and take in what they answer.

    A running service does so by itself. Exit code: 0 all was taken, 3 something was not."""
    wanted = _load(settings)
    from elicense.web.transfers import run_resume_once

    sent = run_resume_once(wanted)
    for item in sent:
        if as_json:
            click.echo(json.dumps({"transfer": item.transfer, "kind": item.kind,
                                   "to": item.office, "error": item.error}, ensure_ascii=False))
        else:
            click.echo(f"{item.transfer}  {item.kind} to {item.office}: {item.error or 'taken'}")
    click.echo(f"{sum(not item.error for item in sent)} of {len(sent)} taken", err=True)
    if any(item.error for item in sent):
        raise click.exceptions.Exit(3)
