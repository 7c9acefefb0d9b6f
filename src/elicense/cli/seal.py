"""``elicense seal``: make, show and check electronic seals (``.esl``)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import common, keys
from elicense.errors import IssueRefused, UsageError

if TYPE_CHECKING:
    from elicense.evidence import Seal

_FILE = click.Path(exists=True, dir_okay=False)


@click.group()
def seal() -> None:
    """Electronic seals (电子印章; GM/T 0031, GB/T 38540)."""


@seal.command()
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), metavar="FILE",
              help="The seal file to write (.esl).")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@click.option("--name", required=True, help="Name of the seal, usually the office's.")
@click.option("--id", "seal_id", required=True, help="Identifier of the seal (ASCII).")
@click.option("--signer", "signers", multiple=True, required=True, type=_FILE, metavar="FILE",
              help="Certificate that may use the seal (several).")
@keys.with_options(*keys.key_options)
@click.option("--seal-version", type=click.Choice(["1", "4", "5"]), default="4",
              show_default=True, help="1 GM/T 0031-2014, 4 GB/T 38540-2020, 5 GM/T 0031-2025.")
@click.option("--by-digest", is_flag=True, help="List digests of the certificates (4 and 5).")
@click.option("--valid-from", callback=common.moment, metavar="TIME", help="Now unless given.")
@click.option("--valid-until", required=True, callback=common.moment, metavar="TIME")
@click.option("--created", callback=common.moment, metavar="TIME", help="Now unless given.")
@click.option("--type", "kind", type=click.Choice(["organisation", "person"]),
              default="organisation", show_default=True)
@click.option("--text", help="Text on the arc (the name unless given).")
@click.option("--caption", default="", help="Text below the star.")
@click.option("--code", default="", help="Code along the lower edge (印章编码).")
@click.option("--size", type=click.IntRange(10, 100), default=40, show_default=True,
              help="Diameter in mm.")
@click.option("--picture", type=_FILE, metavar="PNG", help="A picture instead of a drawn one.")
@click.option("--svg", type=click.Path(dir_okay=False), metavar="FILE",
              help="Write the drawn picture as SVG too.")
@click.option("--tsa", envvar="ELICENSE_TSA", metavar="URL", help="Timestamp it (version 5).")
@click.option("--allow-loopback", is_flag=True, help="The authority may be on this machine.")
def make(**options: Any) -> None:
    """Draw a round seal and have its maker (--key, --cert) sign it."""
    from elicense.issuing import seals
    from elicense.issuing.files import exists, write_new

    out = Path(options["output"])
    if out.exists() and not options["force"]:
        raise exists(out)
    maker, _ = keys.load(options["key"], options["cert"], options["password_env"])
    content = _content(options)
    number = {"1": 1, "4": 4, "5": 5}[options["seal_version"]]
    try:
        made = seals.make(content, maker=maker, version=number, stamp=_stamp(options, maker))  # type: ignore[arg-type]
    except IssueRefused as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        sys.exit(1)
    write_new(out, made, overwrite=options["force"])
    click.echo(f"{out}: {len(made)} bytes", err=True)


def _content(options: dict[str, Any]) -> Any:
    from elicense.issuing import fonts, seal_picture
    from elicense.issuing.files import write_new
    from elicense.issuing.ses import SealContent
    from elicense.trust.store import pem_or_der

    text = options["text"] or options["name"]
    drawn = {"caption": options["caption"], "code": options["code"], "diameter": options["size"]}
    if options["picture"]:
        picture = Path(options["picture"]).read_bytes()
    else:
        picture = seal_picture.draw(text, font=fonts.load(), **drawn)
    if options["svg"]:
        svg = seal_picture.draw_svg(text, font=fonts.load(), **drawn)
        write_new(Path(options["svg"]), svg.encode(), overwrite=options["force"])
    now = datetime.now(UTC).replace(microsecond=0)
    return SealContent(
        id=options["seal_id"],
        name=options["name"],
        signers=tuple(pem_or_der(Path(name).read_bytes()) for name in options["signers"]),
        created=options["created"] or now,
        valid_from=options["valid_from"] or options["created"] or now,
        valid_until=options["valid_until"],
        picture=picture,
        width=options["size"],
        height=options["size"],
        type=1 if options["kind"] == "organisation" else 2,
        by_digest=options["by_digest"],
    )


def _stamp(options: dict[str, Any], maker: Any) -> Any:
    if not options["tsa"] or options["seal_version"] != "5":
        return None
    from elicense.trust import fetch, tsa

    caps = fetch.Caps(allow_loopback=options["allow_loopback"])
    return tsa.authority(options["tsa"], digest=maker.digest, caps=caps)


def _read(name: str) -> Seal:
    from elicense.opening import open_file

    found = open_file(sys.stdin.buffer.read() if name == "-" else name, pages=False)
    if found.seal is None:
        raise UsageError("seal.file", "the file is no seal (.esl)", place=name)
    return found.seal


@seal.command()
@click.argument("file", metavar="FILE.esl | -")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--picture", metavar="OUT", type=click.Path(dir_okay=False),
              help="Write the seal's picture to this file.")
@click.option("-f", "--force", is_flag=True, help="Overwrite OUT.")
def show(file: str, as_json: bool, picture: str | None, force: bool) -> None:
    """What a seal says. Nothing is judged: use `seal check` for that."""
    from elicense.issuing.files import write_new
    from elicense.render.width import safe

    found = _read(file)
    if picture is not None:
        write_new(Path(picture), found.picture.data, overwrite=force)
        click.echo(f"{picture}: {found.picture.type}, {len(found.picture.data)} bytes", err=True)
        return
    facts = _facts(found)
    if as_json:
        import json

        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for name, value in facts.items():
        lines = value if isinstance(value, list) else [value]
        for line in lines:
            click.echo(safe(f"{name:12} {line}"))


def _facts(found: Seal) -> dict[str, Any]:
    from elicense.crypto.certificate import read_certificates

    signers, unreadable = read_certificates(list(found.signer_certificates))
    listed = [f"{c.display} ({c.key.kind}, until {c.not_after:%Y-%m-%d})" for c in signers]
    listed += [f"{kind} {value.hex()}" for kind, value in found.signer_digests]
    return {
        "version": str(found.version),
        "name": found.name,
        "id": found.id,
        "type": {1: "organisation", 2: "person"}.get(found.type, str(found.type)),
        "created": _time(found.created),
        "valid from": _time(found.valid_from),
        "valid until": _time(found.valid_until),
        "maker": found.maker.display if found.maker else "(unreadable)",
        "signers": [*listed, *unreadable],
        "picture": f"{found.picture.type}, {found.picture.width} × {found.picture.height} mm, "
                   f"{len(found.picture.data)} bytes",
        "timestamp": "yes" if found.maker_timestamp else "no",
        "remarks": [f"{note.kind}: {note.detail}" for note in found.notes],
    }  # fmt: skip


def _time(moment: datetime | None) -> str:
    from elicense.crypto.ses import CHINA

    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M:%S%z}" if moment else "(unreadable)"


@seal.command()
@click.argument("file", metavar="FILE.esl | -")
@common.trust_options()
@click.option("--at", callback=common.moment, metavar="TIME", help="Judge as of this time.")
@common.language_option
def check(
    file: str, trust: str | None, operators: tuple[str, ...], allow_test_trust: bool,
    at: datetime | None, lang: str,
) -> None:  # fmt: skip
    """Was the seal made by a listed maker, is it in force, are its signers known?

    Exit code: 0 all proven, 1 something is wrong, 3 something is open."""
    from elicense.checks import bare_seal
    from elicense.checks.standing import World
    from elicense.findings import Outcome
    from elicense.limits import DEFAULT_LIMITS
    from elicense.render.width import safe

    found = _read(file)
    now = datetime.now(UTC)
    store = common.load_trust(trust, allow_test=allow_test_trust, operators=operators)
    findings = bare_seal.judge(found, World(store, at or now, now, DEFAULT_LIMITS))
    for item in findings:
        click.echo(safe(f"{item.outcome:8} {item.code:22} {item.message(lang)}"))
    outcomes = {item.outcome for item in findings}
    sys.exit(1 if Outcome.FAIL in outcomes else 3 if Outcome.UNKNOWN in outcomes else 0)
