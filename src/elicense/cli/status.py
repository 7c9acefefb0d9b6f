"""``elicense status``: make, change and show status lists and indexes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import common, keys
from elicense.cli.status_show import show
from elicense.errors import UsageError

if TYPE_CHECKING:
    from elicense.trust.status import AuditHead

_FILE = click.Path(exists=True, dir_okay=False)
_OUT = click.Path(dir_okay=False)

_times = keys.with_options(
    click.option("--valid-until", callback=common.moment, metavar="TIME",
                 help="End of validity (seven days, or as long as the old list's)."),
    click.option("--time", "issued", callback=common.moment, metavar="TIME",
                 help="Time of issue (now unless given)."),
    click.option("--audit-head", type=_FILE, metavar="FILE.json",
                 help="Head of the registry's audit chain, to be signed into it."),
)  # fmt: skip
_states = keys.with_options(
    click.option("--set", "pairs", multiple=True, metavar="N=STATE",
                 help="State of one entry (several): valid, withdrawn, suspended, superseded, "
                      "transferred; or 有效, 撤销, 暂扣, 已被取代, 已转出."),
    click.option("--from", "tables", multiple=True, type=_FILE, metavar="FILE.csv",
                 help="A table with the columns index, state."),
)  # fmt: skip


@click.group()
def status() -> None:
    """Status lists (证照状态列表): is a licence valid, withdrawn, suspended, superseded or
    transferred?"""


@status.command()
@click.argument("uri", metavar="URI")
@click.option("--size", required=True, type=click.IntRange(1), metavar="N",
              help="How many entries; all valid unless set.")
@_states
@keys.with_options(*keys.key_options)
@click.option("-o", "--output", required=True, type=_OUT, metavar="LIST.p7")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@_times
def make(**options: Any) -> None:
    """Make and sign a list. URI is the address that its licences carry."""
    from elicense.issuing import status_list
    from elicense.issuing.files import exists, write_new

    out = Path(options["output"])
    if out.exists() and not options["force"]:
        raise exists(out)
    codes = _codes(options["pairs"], options["tables"])
    head = _head(options["audit_head"])
    signer, _ = keys.load(options["key"], options["cert"], options["password_env"])
    made = status_list.make(
        options["uri"], codes, size=options["size"], signer=signer, issued=options["issued"],
        expires=options["valid_until"], audit_head=head,
    )  # fmt: skip
    write_new(out, made, overwrite=options["force"])
    click.echo(f"{out}: {options['size']} entries, {len(made)} bytes", err=True)


@status.command(name="set")
@click.argument("file", type=_FILE, metavar="LIST.p7")
@click.option("--index", type=click.IntRange(0), metavar="N", help="The entry to change.")
@click.option("--state", metavar="STATE", help="Its new state.")
@_states
@keys.with_options(*keys.key_options)
@click.option("-o", "--output", type=_OUT, metavar="FILE",
              help="Where to write (LIST.p7 itself unless given).")
@click.option("-f", "--force", is_flag=True,
              help="Also a change that the life cycle does not know, another office's list, "
                   "and a file that is there.")
@_times
def set_state(**options: Any) -> None:
    """Change entries of a list and sign it anew with new times; without a change it is only
    renewed. A withdrawn, superseded or transferred licence does not become valid again:
    the next version is issued instead."""
    from elicense.issuing import status_list
    from elicense.issuing.files import write_new

    if (options["index"] is None) != (options["state"] is None):
        raise click.UsageError("--index and --state belong together")
    changes = _codes(options["pairs"], options["tables"])
    if options["index"] is not None:
        if options["index"] in changes:
            raise click.UsageError(f"the entry {options['index']} is given twice")
        changes[options["index"]] = status_list.state_code(options["state"], place="--state")
    path = Path(options["file"])
    head = _head(options["audit_head"])
    signer, _ = keys.load(options["key"], options["cert"], options["password_env"])
    made = status_list.update(
        path.read_bytes(), changes, signer=signer, issued=options["issued"],
        expires=options["valid_until"], audit_head=head, force=options["force"],
    )  # fmt: skip
    out = Path(options["output"]) if options["output"] else path
    write_new(out, made, overwrite=options["force"] or out == path)
    click.echo(f"{out}: {len(changes)} changed, {len(made)} bytes", err=True)


@status.group()
def index() -> None:
    """Status indexes: where the state of a bare number stands, and what took its place."""


@index.command(name="make")
@click.argument("table", type=_FILE, metavar="FILE.csv")
@keys.with_options(*keys.key_options)
@click.option("-o", "--output", required=True, type=_OUT, metavar="INDEX.p7")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@_times
def make_index(**options: Any) -> None:
    """Make and sign an index from a table with the columns identifier, list, index, and if
    wanted number, successor, successor_state, successor_authority."""
    from elicense.issuing import status_index
    from elicense.issuing.files import exists, write_new

    out, table = Path(options["output"]), Path(options["table"])
    if out.exists() and not options["force"]:
        raise exists(out)
    head = _head(options["audit_head"])
    signer, _ = keys.load(options["key"], options["cert"], options["password_env"])
    entries = list(status_index.read_csv(table.read_bytes(), place=table.name))
    made = status_index.make(
        entries, signer=signer, issued=options["issued"], expires=options["valid_until"],
        audit_head=head,
    )  # fmt: skip
    write_new(out, made, overwrite=options["force"])
    click.echo(f"{out}: {len(entries)} versions, {len(made)} bytes", err=True)


def _codes(pairs: tuple[str, ...], tables: tuple[str, ...]) -> dict[int, int]:
    """Codes by index from ``--set`` and ``--from``; an entry given twice is a mistake."""
    from elicense.issuing import status_list

    found: dict[int, int] = {}
    for name in tables:
        more = status_list.read_csv(Path(name).read_bytes(), place=Path(name).name)
        _no_twice(found, more)
        found |= more
    for pair in pairs:
        number, sign, word = pair.partition("=")
        if not sign or not number.isascii() or not number.isdigit() or len(number) > 12:
            raise UsageError("status.set", f"{pair[:60]!r} is not N=STATE", place="--set")
        one = {int(number): status_list.state_code(word, place="--set")}
        _no_twice(found, one)
        found |= one
    return found


def _no_twice(found: dict[int, int], more: dict[int, int]) -> None:
    twice = found.keys() & more.keys()
    if twice:
        raise UsageError("status.set", f"the entry {min(twice)} is given twice")


def _head(name: str | None) -> AuditHead | None:
    """The audit head in a JSON file: registry, sequence, algorithm, digest (hex)."""
    from elicense.trust.status import audit_head

    if name is None:
        return None
    try:
        value = json.loads(Path(name).read_bytes())
    except ValueError as error:
        raise UsageError("status.head", f"not JSON: {error}", place=name) from error
    found = audit_head({"audit_head": value})
    if found is None:
        raise UsageError("status.head", "it holds no audit head", place=name)
    return found


status.add_command(show)
