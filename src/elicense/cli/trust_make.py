"""``elicense trust make`` and ``sign``: from a source to a signed trust list."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from elicense.cli import common, keys
from elicense.errors import IssueRefused

FILE = click.Path(exists=True, dir_okay=False)
_OUT = click.Path(dir_okay=False)


@click.command()
@click.argument("source", type=FILE, metavar="SOURCE.toml")
@click.option("-o", "--output", type=_OUT, required=True, metavar="LIST.json",
              help="The list to write, for a look at it before it is signed.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@click.option("--previous", type=FILE, metavar="OLD.p7",
              help="The list before this one: its sequence is counted on from.")
@click.option("--under", type=FILE, metavar="LIST-OF-LISTS.p7",
              help="The operator's list: nothing may go beyond what it delegates.")
@click.option("--now", callback=common.moment, metavar="TIME", help="Issued then (else now).")
def make(
    source: str, output: str, force: bool, previous: str | None, under: str | None,
    now: datetime | None,
) -> None:  # fmt: skip
    """Make a trust list from SOURCE.toml (docs/trust-lists.md): the list of a region or a
    ministry, or the operator's list of lists. Certificates are named by file.

    Exit code: 0 made, 1 refused (every fault is listed), 2 usage."""
    from elicense.issuing import trust_list
    from elicense.issuing.files import exists, write_new

    path = Path(output)
    if path.exists() and not force:
        raise exists(path)
    try:
        made = trust_list.make(
            Path(source), now=now or datetime.now(UTC), previous=_bytes(previous),
            under=_bytes(under),
        )  # fmt: skip
    except IssueRefused as error:
        refuse(error, "not made")
    write_new(path, made, overwrite=force)
    _say(path, made, "to be signed")


@click.command()
@click.argument("file", type=FILE, metavar="LIST.json")
@keys.with_options(*keys.key_options)
@click.option("--also-key", metavar="URI", help="A second key: the old and the new one sign "
              "together while keys change.")
@click.option("--also-cert", metavar="FILE", help="Its certificate.")
@click.option("--also-password-env", default="ELICENSE_ALSO_PASSWORD", show_default=True,
              metavar="NAME", help="Environment variable with its password.")
@click.option("-o", "--output", type=_OUT, required=True, metavar="LIST.p7",
              help="The signed list to write.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@click.option("--previous", type=FILE, metavar="OLD.p7",
              help="The signed list before this one: a device that has it must take this one.")
@click.option("--under", type=FILE, metavar="LIST-OF-LISTS.p7",
              help="The operator's list: a device that has it must take this one.")
@click.option("--time", "claimed", callback=common.moment, metavar="TIME",
              help="Claimed time of signing (else now).")  # fmt: skip
def sign(file: str, output: str, force: bool, **options: Any) -> None:
    """Sign LIST.json. What a reader would refuse is refused here, in the same words.

    Exit code: 0 signed, 1 refused (every fault is listed), 2 usage or key."""
    from elicense.issuing import trust_list
    from elicense.issuing.files import exists, write_new

    path = Path(output)
    if path.exists() and not force:
        raise exists(path)
    signers = [keys.load(options["key"], options["cert"], options["password_env"])[0]]
    if options["also_key"]:
        signers.append(
            keys.load(options["also_key"], options["also_cert"], options["also_password_env"])[0]
        )
    elif options["also_cert"]:
        raise click.UsageError("--also-cert goes with --also-key")
    try:
        made = trust_list.sign(
            _bytes(file) or b"", signers=signers,
            time=options["claimed"] or datetime.now(UTC),
            previous=_bytes(options["previous"]), under=_bytes(options["under"]),
        )  # fmt: skip
    except IssueRefused as error:
        refuse(error, "not signed")
    write_new(path, made, overwrite=force)
    _say(path, made, f"signed by {len(signers)} key(s)")


def refuse(error: IssueRefused, words: str) -> Any:
    """Every fault on a line of its own, and exit code 1."""
    from elicense.render.width import safe

    for fault in error.faults:
        click.echo(safe(str(fault)), err=True)
    click.echo(f"elicense: {words}: {len(error.faults)} fault(s)", err=True)
    sys.exit(1)


def _bytes(name: str | None) -> bytes | None:
    from elicense.cli.trust_show import read_capped

    return read_capped(Path(name)) if name is not None else None


def _say(path: Path, made: bytes, words: str) -> None:
    from elicense.issuing import trust_content

    value = trust_content.either(made)
    count = len(value.get("authorities", value.get("lists", ())))
    what = "authorities" if "authorities" in value else "lists"
    click.echo(
        f"{path}: sequence {value['sequence']}, {count} {what}, issued {value['issued']}, "
        f"next update {value['next_update']}, {words}", err=True,
    )  # fmt: skip
