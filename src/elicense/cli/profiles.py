"""``elicense profiles``: the licence types this release knows."""

from __future__ import annotations

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
        import json

        from elicense.profiles.schema import json_schema as make

        click.echo(json.dumps(make(profile), ensure_ascii=False, indent=2))
        return
    from elicense.render.profiles import render

    click.echo(render(profile, lang), nl=False)
