"""``elicense endorse``: add an endorsement 签注 to a sealed licence."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from elicense.cli import common, keys, making
from elicense.errors import IssueRefused, UsageError

_SUBFILTERS = ("adbe.pkcs7.detached", "ETSI.CAdES.detached", "GM.sm2seal")
_FILE = click.Path(exists=True, dir_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("file", type=_FILE, metavar="FILE")
@click.option("--kind", required=True, metavar="BOX",
              help="annual-1 … annual-4, intermediate, additional, extension-13.13 …")
@click.option("--date", "day", type=_DAY, required=True, help="Date of the verification.")
@click.option("--place", required=True, help="Where it was done.")
@click.option("--officer", required=True, help="Name and title of the official.")
@click.option("--valid-until", type=_DAY, help="New last day, for an extension.")
@click.option("--seal", metavar="FILE", type=_FILE, required=True,
              help="The electronic seal (.esl).")
@keys.with_options(*keys.key_options)
@click.option("-o", "--output", metavar="PATH", type=click.Path(), required=True,
              help="File to write; FILE itself is left as it is.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@common.trust_options("The result must be VALID under this trust store.")
@click.option("--tsa", envvar="ELICENSE_TSA", metavar="URL",
              help="Timestamp authority (RFC 3161); the only connection that is opened.")
@click.option("--allow-loopback", is_flag=True, help="The authority may be on this machine.")
@click.option("--subfilter", type=click.Choice(_SUBFILTERS), help="How a PDF is sealed.")
@click.option("--font", metavar="FILE", type=_FILE, help="A fuller font for rare characters.")
@click.option("--time", "claimed", callback=common.moment, metavar="TIME",
              help="Claimed time of sealing (now unless given).")  # fmt: skip
def endorse(
    file: str, kind: str, day: datetime, place: str, officer: str,
    valid_until: datetime | None, output: str, force: bool, **options: Any,
) -> None:  # fmt: skip
    """Endorse the sealed licence FILE in the box reserved for it and verify the result;
    nothing is written that does not verify. Earlier seals stay valid.

    Exit code: 0 done, 1 refused (every fault is listed), 2 usage or configuration."""
    from elicense.issuing.endorse import endorse as make
    from elicense.issuing.files import exists, write_new
    from elicense.licence import Endorsement

    path = Path(output)
    if path.exists() and not force:
        raise exists(path)
    if Path(file).resolve() == path.resolve():
        raise UsageError("endorse.output", "the endorsed licence needs a file of its own",
                         place=output)  # fmt: skip
    wanted = Endorsement(
        kind, date=day.date(), place=place, officer=officer,
        valid_until=valid_until.date() if valid_until else None,
    )  # fmt: skip
    signer, _ = keys.load(options["key"], options["cert"], options["password_env"], check=False)
    given = _given(options, signer.digest)
    try:
        made = make(Path(file).read_bytes(), wanted, signer=signer, **given)
    except IssueRefused as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        click.echo(f"elicense: not endorsed: {len(error.faults)} fault(s)", err=True)
        sys.exit(1)
    write_new(path, made, overwrite=force)
    click.echo(f"{path}: {len(made)} bytes, verified", err=True)


def _given(options: dict[str, Any], digest: str) -> dict[str, Any]:
    """The options as :func:`elicense.endorse` takes them."""
    given: dict[str, Any] = {
        "seal": Path(options["seal"]).read_bytes(),
        "profile": options["subfilter"],
        "time": options["claimed"],
    }
    untrusted = (
        "the result is checked for what it proves by itself, not for who may endorse"
    )
    return {**given, **making.terms(options, digest=digest, untrusted=untrusted)}
