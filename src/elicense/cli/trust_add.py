"""``elicense trust add``: a trust folder of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from elicense.cli import common
from elicense.cli.trust_make import refuse
from elicense.errors import IssueRefused
from elicense.trust.service import SERVICES

_FILE = click.Path(exists=True, dir_okay=False)


@click.command()
@click.argument("certificates", nargs=-1, type=_FILE, metavar="CERT…")
@click.option("--to", "folder", required=True, type=click.Path(file_okay=False), metavar="FOLDER",
              help="The trust folder to make or to extend.")
@click.option("--role", type=click.Choice(SERVICES), help="What these certificates do.")
@click.option("--type", "types", multiple=True, metavar="ID",
              help="Licence type they may issue, such as msa-doc (several).")
@click.option("--region", metavar="CODE|national",
              help="Area code; else the one in the certificate's code (USCC).")
@click.option("--authority", help="Name of the authority; else the certificate's organization.")
@click.option("--uscc", help="Its unified social credit code; else the certificate's.")
@click.option("--host", "hosts", multiple=True, help="Host that QR codes may lead to (several).")
@click.option("--anchor", "anchors", multiple=True, type=_FILE, metavar="FILE",
              help="A root to trust (several).")
@click.option("--intermediate", "intermediates", multiple=True, type=_FILE, metavar="FILE",
              help="A CA certificate for building paths (several).")
@click.option("--crl", "crls", multiple=True, type=_FILE, metavar="FILE",
              help="A CRL, without which nothing is VALID (several).")
@click.option("--status", "status", multiple=True, type=_FILE, metavar="FILE",
              help="A signed licence status list (several).")
@click.option("--name", default="", help="Name of a new folder's trust store.")
@click.option("--test", is_flag=True, help="Mark a new folder as a store of test keys.")
@common.language_option
def add(
    certificates: Sequence[str], folder: str, role: str | None, types: tuple[str, ...],
    region: str | None, authority: str | None, uscc: str | None, hosts: tuple[str, ...],
    anchors: Sequence[str], intermediates: Sequence[str], crls: Sequence[str],
    status: Sequence[str], name: str, test: bool, lang: str,
) -> None:  # fmt: skip
    """Make or extend a trust folder for your own use: these certificates in this role. What
    you leave out is read from the certificate, and said. A CA's certificate needs --authority
    (or --uscc): only what it certifies for that authority counts.

    Exit code: 0 written (and it loads), 1 refused (every fault is listed), 2 usage."""
    from elicense.cli import trust_added
    from elicense.issuing import trust_local
    from elicense.issuing.trust_local import Additions, Role
    from elicense.render.text import Style

    if bool(certificates) != (role is not None):
        raise click.UsageError("certificates need a --role, and a --role needs certificates")
    additions = Additions(
        _files(certificates),
        Role(role, types, region or "", authority or "", uscc or "", hosts) if role else None,
        _files(anchors), _files(intermediates), _files(crls), _files(status),
    )  # fmt: skip
    try:
        told = trust_local.add(Path(folder), additions, name=name, test=test)
    except IssueRefused as error:
        refuse(error, "not added")
    for written in told:
        for line in trust_added.lines(written, folder, Style(lang, common.columns())):
            click.echo(line)


def _files(names: Sequence[str]) -> list[tuple[str, bytes]]:
    return [(name, Path(name).read_bytes()) for name in names]
