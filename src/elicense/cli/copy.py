"""``elicense copy``: an annotated copy 加注件 of a licence, which may hide fields."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from elicense.cli import common, keys, making
from elicense.errors import IssueRefused, UsageError

_SUBFILTERS = ("adbe.pkcs7.detached", "ETSI.CAdES.detached", "GM.sm2seal")
_FILE = click.Path(exists=True, dir_okay=False)
_NEEDED = {"purpose": "--for", "receiver": "--to", "until": "--until", "key": "--key",
           "output": "--output"}  # fmt: skip
_KEY = (
    click.option("--key", envvar="ELICENSE_KEY", metavar="URI",
                 help="Key of an office that may make copies: file:OFFICE.p12, pkcs11:…"),
    *keys.key_options[1:],
)  # fmt: skip


def _until(
    _context: click.Context, parameter: click.Parameter, value: str | None
) -> date | timedelta | None:
    """A last day, or so many days from now."""
    if value is None:
        return None
    try:
        if value.endswith("d"):
            return timedelta(days=int(value[:-1]))
        return datetime.strptime(value, "%Y-%m-%d").date()
    except (ValueError, OverflowError):
        detail = f"{value!r} is neither a day such as 2026-12-31 nor days such as 30d"
        raise click.BadParameter(detail, param=parameter) from None


@click.command()
@click.argument("file", type=_FILE, metavar="FILE")
@click.option("--for", "purpose", metavar="PURPOSE", help="What the copy is for.")
@click.option("--to", "receiver", metavar="NAME", help="Who it is for.")
@click.option("--to-code", default="", metavar="CODE", help="Their code (USCC).")
@click.option("--until", callback=_until, metavar="DATE|DAYSd", help="Its last day, or 30d.")
@click.option("--hide", multiple=True, metavar="FIELD[,FIELD…]",
              help="Fields not to disclose (several; --list names them).")
@click.option("--hide-all-optional", is_flag=True, help="Disclose nothing that may be hidden.")
@click.option("--list", "listing", is_flag=True, help="Name what can be hidden, and stop.")
@click.option("--seal", metavar="FILE", type=_FILE,
              help="That office's own electronic seal (.esl); without one nothing is stamped.")
@keys.with_options(*_KEY)
@click.option("--by", metavar="NAME", help="That office, where no trust store names it.")
@click.option("--by-code", default="", metavar="CODE", help="Its code (USCC).")
@click.option("--format", "form", type=click.Choice(["ofd", "pdf"]),
              help="Kind of file to make (that of FILE).")
@click.option("-o", "--output", metavar="PATH", type=click.Path(), help="File to write.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@common.trust_options("FILE and the copy must be VALID under this trust store.")
@click.option("--tsa", envvar="ELICENSE_TSA", metavar="URL",
              help="Timestamp authority (RFC 3161); the only connection that is opened.")
@click.option("--allow-loopback", is_flag=True, help="The authority may be on this machine.")
@click.option("--subfilter", type=click.Choice(_SUBFILTERS), help="How a PDF is signed.")
@click.option("--font", metavar="FILE", type=_FILE, help="A fuller font for rare characters.")
@click.option("--time", "claimed", callback=common.moment, metavar="TIME",
              help="Claimed time of making (now unless given).")
@common.language_option
def copy(
    file: str, listing: bool, output: str | None, force: bool, lang: str, **options: Any
) -> None:
    """Make an annotated copy 加注件 of the licence FILE: for one purpose and receiver, until a
    last day, printed on every page and signed. What --hide names is not in it at all, and the
    rest still verifies against the issuer's signature. FILE is verified first, and so is the
    copy before it is written.

    Exit code: 0 done, 1 refused (every fault is listed), 2 usage or configuration."""
    from elicense.issuing import copy_source
    from elicense.issuing.copy import make_copy
    from elicense.issuing.files import exists, write_new

    data = Path(file).read_bytes()
    if listing:
        _list(copy_source.read_original(data).hideable, lang)
        return
    absent = [flag for name, flag in _NEEDED.items()
              if not {**options, "output": output}[name]]  # fmt: skip
    if absent:
        raise click.UsageError(f"missing: {', '.join(absent)} (or --list)")
    path = Path(str(output))
    if path.exists() and not force:
        raise exists(path)
    if Path(file).resolve() == path.resolve():
        raise UsageError("copy.output", "the copy needs a file of its own", place=str(path))
    signer, _ = keys.load(options["key"], options["cert"], options["password_env"], check=False)
    given = _given(options, signer)
    if options["hide_all_optional"]:
        given["hide"] += [item.path for item in copy_source.read_original(data).hideable]
    try:
        made = make_copy(data, **given)
    except IssueRefused as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        click.echo(f"elicense: no copy was made: {len(error.faults)} fault(s)", err=True)
        sys.exit(1)
    write_new(path, made, overwrite=force)
    click.echo(f"{path}: {len(made)} bytes, verified", err=True)


def _list(found: Any, lang: str) -> None:
    from elicense.render.width import safe

    for item in found:
        click.echo(safe(f"{item.name:24}{item.zh if lang == 'zh' else item.en}"))


def _given(options: dict[str, Any], signer: Any) -> dict[str, Any]:
    """The options as :func:`elicense.make_copy` takes them."""
    from elicense.licence import CopyParty

    hidden = [name.strip() for value in options["hide"] for name in value.split(",")]
    given: dict[str, Any] = {
        "purpose": options["purpose"],
        "receiver": CopyParty(options["receiver"], options["to_code"]),
        "until": options["until"],
        "hide": [name for name in hidden if name],
        "signer": signer,
        "seal": Path(options["seal"]).read_bytes() if options["seal"] else None,
        "format": options["form"],
        "profile": options["subfilter"],
        "time": options["claimed"],
    }
    if options["by"]:
        given["creator"] = CopyParty(options["by"], options["by_code"])
    untrusted = (
        "licence and copy are checked for what they prove by themselves, not for who signed them"
    )
    return {**given, **making.terms(options, digest=signer.digest, untrusted=untrusted)}
