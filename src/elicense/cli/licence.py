"""``elicense licence``: licence data in other forms, checked on the way in."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import click

from elicense.errors import InputError, UsageError

if TYPE_CHECKING:
    from elicense.canonical import Value
    from elicense.forms import Reading

_FORMS = ["licence", "gbt36903", "compendium"]


@click.group()
def licence() -> None:
    """Licence data: check them, convert between licence.json and other forms."""


@licence.command()
@click.argument("file", metavar="FILE | -")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
              help="The day of sealing the dates are checked for (else today).")
def check(file: str, day: datetime | None) -> None:
    """Is FILE, a licence.json written by hand or by a program, fit to be issued? Every fault
    is named with its field. Exit code 0 if there is none, else 1."""
    from elicense.issuing import reading, validate

    data = sys.stdin.buffer.read() if file == "-" else _bytes(file)
    request = reading.read_json(data, place=file)
    faults = request.faults
    if request.licence is not None:
        today = day or datetime.now(timezone(timedelta(hours=8)))
        found = validate.faults(request.licence, day=today.date())
        told = {fault.path for fault in faults}
        faults += tuple(fault for fault in found if fault.path not in told)
    for fault in faults:
        click.echo(str(fault))
    sys.exit(1 if faults else 0)


@licence.command()
@click.argument("file", metavar="FILE | -")
@click.option("--from", "source", type=click.Choice(_FORMS), default="licence", show_default=True,
              help="The form of FILE; for `licence` a sealed PDF or OFD will do too.")
@click.option("--to", "target", type=click.Choice(_FORMS), required=True, help="The form wanted.")
@click.option("--state", default="", metavar="STATE",
              help="For the IMO data set: valid, suspended, withdrawn or expired.")
def convert(file: str, source: str, target: str, state: str) -> None:
    """FILE in another form, as JSON on standard output: licence.json, the short names of
    GB/T 36903 (gbt36903), the IMO Compendium's certificate data set (compendium).

    Data alone are converted: no signature is checked, and none is carried. Faults are
    named all at once on standard error; exit code 4, and nothing is written."""
    from elicense import forms
    from elicense import licence as licences

    found = _read(sys.stdin.buffer.read() if file == "-" else _bytes(file), source)
    for fault in found.faults:
        click.echo(f"elicense: {fault}", err=True)
    if found.licence is None or found.faults:
        sys.exit(4)
    for name, value in found.beside.items():
        click.echo(f"elicense: not part of a licence, left out: {name} = {value}", err=True)
    if state and target != "compendium":
        raise click.UsageError("--state goes with --to compendium")
    result: Mapping[str, Value]
    if target == "gbt36903":
        result = forms.to_gbt36903(found.licence)
    elif target == "compendium":
        result = forms.to_compendium(found.licence, state=state)
    else:
        click.echo(licences.dump(found.licence).decode("utf-8"))
        return
    click.echo(json.dumps(result, ensure_ascii=False, indent=2))


def _bytes(file: str) -> bytes:
    from elicense.limits import DEFAULT_LIMITS
    from elicense.verifying import read_input

    return read_input(file, DEFAULT_LIMITS)[1]


def _read(data: bytes, source: str) -> Reading:
    from dataclasses import replace

    from elicense import canonical, containers, forms
    from elicense import licence as licences
    from elicense.limits import DEFAULT_LIMITS as LIMITS

    if source == "licence":
        if data.lstrip()[:1] != b"{":
            sealed = containers.read(data, LIMITS)[0].claims.data
            if sealed is None:
                raise InputError("licence.none", "the file holds no licence.json")
            data = sealed
        return forms.Reading(replace(licences.load(data), source=None))
    mapping = canonical.parse(data, max_size=LIMITS.licence_size, max_depth=LIMITS.licence_depth)
    if not isinstance(mapping, Mapping):
        raise UsageError("form.shape", "the file is not a JSON object")
    return (forms.from_gbt36903 if source == "gbt36903" else forms.from_compendium)(mapping)
