"""``elicense registry``: make a registry, its status lists and credentials; look after it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from elicense.cli import common
from elicense.errors import UsageError

_EXTRA = "the registry needs the extra: pip install 'elicense[server]'"


@click.group()
def registry() -> None:
    """The registry 登记簿 of an issuing region (SQLite or PostgreSQL)."""


_url = click.option("--registry", "url", required=True, envvar="ELICENSE_REGISTRY", metavar="URL",
                    help="sqlite:///FILE or postgresql://…")  # fmt: skip
_actor = click.option("--actor", default="operator", show_default=True,
                      help="Who does this; stands in the audit log.")  # fmt: skip


def _open(url: str) -> Any:
    try:
        from elicense.registry import database
    except ImportError as exc:
        raise UsageError("registry.extra", _EXTRA) from exc
    return database.open_registry(url)


@registry.command()
@click.argument("name")
@_url
def create(name: str, url: str) -> None:
    """Make the tables of a new registry called NAME (tianjin-msa)."""
    try:
        from elicense.registry import database
    except ImportError as exc:
        raise UsageError("registry.extra", _EXTRA) from exc
    database.create(url, name=name).close()
    click.echo(f"registry {name} is made", err=True)


@registry.command("open-list")
@click.argument("uri")
@_url
@_actor
@click.option("--size", type=int, default=1_000_000, show_default=True, help="Places in it.")
def open_list(uri: str, url: str, actor: str, size: int) -> None:
    """Begin the status list URI; licences get their places in it."""
    opened = _open(url)
    from elicense.registry import changes

    with opened.change() as connection:
        changes.open_list(connection, uri, size=size, actor=actor, now=datetime.now(UTC))
    click.echo(f"{uri}: {size} places", err=True)


@registry.command()
@click.argument("access_id")
@_url
@_actor
@click.option("--name", required=True, help="Whose it is.")
@click.option("--scope", "scopes", multiple=True, required=True,
              help="query, search, file, issue … (several).")
@click.option("--region", default="", help="Six digits, of a caller in another region.")
@click.option("--per-minute", type=click.IntRange(1), default=600, show_default=True)
@click.option("--days", type=click.IntRange(1), help="Ends after so many days.")
@click.option("--public-key", metavar="HEX", default="",
              help="SM2 point of the caller (65 bytes), for encrypted answers.")  # fmt: skip
def credential(
    access_id: str, url: str, actor: str, name: str, scopes: tuple[str, ...], region: str,
    per_minute: int, days: int | None, public_key: str,
) -> None:  # fmt: skip
    """Make the credential ACCESS_ID. Its secret is printed once and kept nowhere."""
    opened = _open(url)
    from elicense.registry import credentials

    now = datetime.now(UTC)
    try:
        point = bytes.fromhex(public_key) or None
    except ValueError as exc:
        detail = "hexadecimal digits are needed"
        raise click.BadParameter(detail, param_hint="--public-key") from exc
    with opened.change() as connection:
        secret = credentials.create(
            connection, access_id, name=name, scopes=scopes, actor=actor, now=now, region=region,
            per_minute=per_minute, public_key=point,
            until=now + timedelta(days=days) if days else None,
        )  # fmt: skip
    click.echo(secret)


@registry.command()
@click.argument("access_id")
@_url
@_actor
def revoke(access_id: str, url: str, actor: str) -> None:
    """End a credential; a running service knows within five seconds."""
    opened = _open(url)
    from elicense.registry import credentials

    with opened.change() as connection:
        credentials.revoke(connection, access_id, actor=actor, now=datetime.now(UTC))
    click.echo(f"{access_id} is revoked", err=True)


@registry.command("audit")
@_url
@click.option("--subject", default="", metavar="IDENTIFIER", help="Entries of one licence.")
@click.option("--against", type=click.Path(exists=True, dir_okay=False), metavar="LIST.p7",
              help="A status list kept from before: its head must be in the chain.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")  # fmt: skip
def show_audit(url: str, subject: str, against: str | None, as_json: bool) -> None:
    """Walk the whole audit chain, and print its entries.

    Exit code 2 and the entry's number where it breaks, or where a tail is gone."""
    opened = _open(url)
    from elicense.registry import audit

    with opened.look() as connection:
        head = audit.verify(connection, known=_known(against))
        for entry in audit.entries(connection, subject):
            if as_json:
                click.echo(json.dumps({
                    "sequence": entry.sequence, "time": entry.time.isoformat(),
                    "actor": entry.actor, "action": entry.action, "subject": entry.subject,
                    "detail": dict(entry.detail),
                }, ensure_ascii=False))  # fmt: skip
            else:
                detail = ", ".join(f"{k}={v}" for k, v in entry.detail.items() if k != "files")
                click.echo(f"{entry.sequence:>6}  {entry.time:%Y-%m-%d %H:%M:%S}Z  "
                           f"{entry.actor}  {entry.action}  {entry.subject}  {detail}")  # fmt: skip
    click.echo(f"the chain of {head.registry} holds: {head.sequence} entries, "
               f"head {head.digest.hex()[:16]}…", err=True)  # fmt: skip


def _known(against: str | None) -> Any:
    if against is None:
        return None
    from pathlib import Path

    from elicense.registry.audit import ALGORITHM, Head
    from elicense.trust.status import read_status_list

    found = read_status_list(Path(against).read_bytes()).audit_head
    if found is None or found.algorithm != ALGORITHM:
        raise UsageError("registry.audit", "the list holds no head of an audit chain",
                         place=against)  # fmt: skip
    return Head(found.registry, found.sequence, found.digest)


@registry.command()
@_url
@click.option("--accesses-days", type=click.IntRange(1), help="Delete queries older than this.")
@click.option("--personal-days", type=click.IntRange(1),
              help="Erase natural persons' data so long after a licence's end.")
@click.option("--now", callback=common.moment, metavar="TIME", help="Count from it.")  # fmt: skip
def sweep(
    url: str, accesses_days: int | None, personal_days: int | None, now: datetime | None
) -> None:
    """Delete and erase what is past its retention period (for cron; the service does it too)."""
    opened = _open(url)
    from elicense.registry import retention

    done = retention.sweep(
        opened, now=now or datetime.now(UTC),
        keep_accesses=timedelta(days=accesses_days) if accesses_days else None,
        keep_personal=timedelta(days=personal_days) if personal_days else None,
    )  # fmt: skip
    click.echo(f"{done.accesses} queries deleted, {done.licences} licences erased", err=True)
