"""``elicense profiles``: the licence types this release knows."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from elicense.cli import common


@click.group(invoke_without_command=True)
@click.option("--folder", "folders", multiple=True, metavar="DIR", type=click.Path(),
              help="A folder of own licence types (several); else ELICENSE_PROFILES.")
@common.language_option
@click.pass_context
def profiles(context: click.Context, folders: tuple[str, ...], lang: str) -> None:
    """Licence types: list them, `show` one, make a `new` one, `check` one's own.

    Codes that are not known to be official are marked as unconfirmed."""
    if folders:
        from elicense.profiles import use

        use(*folders)
    if context.invoked_subcommand is not None:
        return
    from elicense import profiles as types
    from elicense.render.profiles import listing

    click.echo(listing(types.all(), lang), nl=False)


@profiles.command()
@click.argument("name", metavar="ID")
@click.option("--json-schema", is_flag=True, help="The JSON Schema of its licence.json instead.")
@common.language_option
def show(name: str, json_schema: bool, lang: str) -> None:
    """The licence type ID: fields, codes, endorsement boxes, longest term, QR template."""
    from elicense import profiles as types

    profile = types.get(name)
    if json_schema:
        from elicense.profiles.schema import json_schema as make

        click.echo(json.dumps(make(profile), ensure_ascii=False, indent=2))
        return
    from elicense.render.profiles import render

    click.echo(render(profile, lang), nl=False)


@profiles.command()
@click.argument("name", metavar="ID")
@click.option("--zh", required=True, metavar="名称", help="Its Chinese name.")
@click.option("--en", required=True, metavar="NAME", help="Its English name.")
@click.option("--subject", type=click.Choice(["person", "company", "ship"]), default="person",
              show_default=True, help="Whom or what it is issued to.")
@click.option("--type-code", default="", metavar="CODE",
              help="The 证照类型代码; else one that is marked as unconfirmed.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(dir_okay=False),
              help="File to write (ID.toml unless given); ID.sample.json is put beside it.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
def new(
    name: str, zh: str, en: str, subject: str, type_code: str, output: str | None, force: bool
) -> None:
    """Write a licence type of one's own, ID.toml, with comments and a sample licence."""
    from elicense.authoring.new import Wanted, write

    wanted = Wanted(name, zh, en, subject, type_code)
    for path in write(wanted, Path(output or f"{name}.toml"), force=force):
        click.echo(path)


@profiles.command()
@click.argument("place", type=click.Path(), metavar="FILE|DIR")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, both languages.")
@click.option("--no-trial", is_flag=True, help="Do not issue and verify a sample.")
@click.option("--keep", metavar="DIR", type=click.Path(file_okay=False),
              help="Write what the trial made there: files and trust folder, no keys.")
@common.language_option
def check(place: str, as_json: bool, no_trial: bool, keep: str | None, lang: str) -> None:
    """Look over the licence type in FILE, or those of DIR: every fault with what to do.

    A sample (ID.sample.json beside it, else one made up) is issued as OFD and PDF with
    throw-away keys, scanned, copied and verified.

    Exit code: 0 no fault (there may be warnings), 1 faults, 2 usage."""
    from elicense.authoring import checking

    done = []
    for path in checking.files_of(place):
        item = checking.check(path, tried=not no_trial)
        done.append(item)
        if as_json:
            click.echo(json.dumps(checking.as_dict(item), ensure_ascii=False))
        if keep is not None:
            _keep(Path(keep) / item.profile.id, item.files)
    if not as_json:
        for line in checking.told(tuple(done), lang):
            click.echo(line)
    sys.exit(0 if all(item.good for item in done) else 1)


def _keep(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
