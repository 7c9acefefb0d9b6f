"""``elicense qr``: make, show and verify the QR codes of licences."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from elicense.cli import common, keys
from elicense.errors import InputError, UsageError


@click.group()
def qr() -> None:
    """The QR codes of licences (docs/qr-payload.md)."""


@qr.command()
@click.argument("file", metavar="FILE")
@keys.with_options(*keys.key_options)
@click.option("-o", "--output", type=click.Path(dir_okay=False), metavar="OUT",
              help="A .png or .svg; without it the text goes to standard output.")
@click.option("-f", "--force", is_flag=True, help="Overwrite OUT.")
@click.option("--level", type=click.Choice(["L", "M", "Q", "H"]), default="M", show_default=True,
              help="Error correction.")
@click.option("--size", type=click.FloatRange(10, 200), default=32.0, show_default=True,
              help="Width in mm, quiet zone included.")
@click.option("--max-version", type=click.IntRange(1, 40), default=15, show_default=True,
              help="Refuse a code with more modules than this version has.")
@click.option("--small-modules", is_flag=True, help="Allow modules under 0.38 mm.")
def make(
    file: str, key: str, cert: str | None, password_env: str, output: str | None, force: bool,
    level: str, size: float, max_version: int, small_modules: bool,
) -> None:  # fmt: skip
    """Sign the QR code of FILE, a licence.json or a sealed PDF or OFD. It carries the digest
    of the exact licence.json, so make that first and do not touch it afterwards."""
    from elicense.issuing import qr_picture
    from elicense.issuing.qr_code import text_of
    from elicense.scanned import data_of

    if output is not None and Path(output).suffix.lower() not in {".png", ".svg"}:
        raise UsageError("qr.output", "the picture must be called .png or .svg", place=output)
    signer, _password = keys.load(key, cert, password_env)
    text = text_of(data_of(file), signer=signer)
    modules = qr_picture.matrix(text, level=level, most=max_version)
    if size < (least := qr_picture.smallest(modules)) and not small_modules:
        raise UsageError(
            "qr.size", f"version {qr_picture.version(modules)} needs {least:.1f} mm to be read "
            f"safely; {size:g} mm makes modules of {size / len(modules):.2f} mm",
        )  # fmt: skip
    if output is None:
        click.echo(text)
        return
    target = Path(output)
    if target.exists() and not force:
        raise UsageError("qr.exists", "the file exists; give -f to overwrite it", place=output)
    svg = target.suffix.lower() == ".svg"
    target.write_bytes((qr_picture.svg if svg else qr_picture.png)(modules, width=size))
    click.echo(f"{output}: version {qr_picture.version(modules)}-{level}, {size:g} mm, "
               f"{len(text)} characters", err=True)  # fmt: skip


@qr.command()
@click.argument("source", metavar="TEXT | FILE | -")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a code.")
@common.language_option
def show(source: str, as_json: bool, lang: str) -> None:
    """What is this code? A QR text, or a file with one: a picture, a PDF or OFD, a text file.
    Nothing is judged, followed or fetched. Exit code 4 if there is no code."""
    from elicense.qr.payload import decode
    from elicense.render import code
    from elicense.render.text import Style

    style = Style(lang, common.columns())
    for text in _texts(source):
        payload, problem = None, ""
        if text.startswith("EL1:"):
            try:
                payload = decode(text)
            except InputError as error:
                problem = str(error)
        if as_json:
            click.echo(json.dumps(code.as_dict(text, payload, problem), ensure_ascii=False))
        else:
            click.echo(code.describe(text, payload, problem, style), nl=False)


def _texts(source: str) -> tuple[str, ...]:
    from elicense import scanned

    found = scanned.codes_in(sys.stdin.buffer.read()) if source == "-" else scanned.codes(source)
    if not found:
        click.echo("elicense: no QR code was found", err=True)
        sys.exit(4)
    return found


@qr.command()
@click.argument("source", metavar="TEXT | FILE | -")
@common.trust_options()
@click.option("--policy", envvar="ELICENSE_POLICY", metavar="NAME|FILE", help="Policy.")
@click.option("--at", callback=common.moment, metavar="TIME", help="Judge as of this time.")
@click.option("--now", callback=common.moment, metavar="TIME",
              help="Time for the freshness of lists (to replay a judgement).")
@click.option("--data", metavar="FILE",
              help="The licence.json, PDF or OFD the code should be of.")
@click.option("--compared", is_flag=True,
              help="You have compared the sheet with the signed data, field by field.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a code.")
@common.language_option
@click.option("-v", "--verbose", is_flag=True, help="Every check.")
def verify(
    source: str, trust: str | None, operators: tuple[str, ...], allow_test_trust: bool,
    policy: str | None, at: datetime | None, now: datetime | None, data: str | None,
    compared: bool, as_json: bool, lang: str, verbose: bool,
) -> None:  # fmt: skip
    """Are the signed data of this code the issuer's, and is the licence in force?

    A code copies perfectly: VALID needs --compared, your word that the sheet says what the
    data say. Exit code: 0 all VALID, 1 some INVALID, 3 some INDETERMINATE, 4 no code, 2 usage."""
    from elicense import scanned
    from elicense.policy import DEFAULT, Policy
    from elicense.render import code
    from elicense.render.text import Style
    from elicense.verdict import Verdict

    store = common.load_trust(trust, allow_test=allow_test_trust, operators=operators)
    rules = Policy.load(policy) if policy else DEFAULT
    present = datetime.now(UTC)
    exact = scanned.data_of(data) if data else None
    style = Style(lang, common.columns(), verbose=verbose)
    verdicts = set()
    for text in _texts(source):
        scan = scanned.judge(
            text, trust=store, at=at or present, now=now or present, data=exact,
            compared=compared, policy=rules,
        )  # fmt: skip
        verdicts.add(scan.verdict)
        if as_json:
            click.echo(json.dumps(code.judged_dict(scan, lang), ensure_ascii=False))
        else:
            click.echo(code.render(scan, style), nl=False)
    if Verdict.INVALID in verdicts:
        sys.exit(1)
    sys.exit(3 if Verdict.INDETERMINATE in verdicts else 0)
