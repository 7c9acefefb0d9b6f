"""``elicense matters``: the 22 matters of handling across provinces, and what works here."""

from __future__ import annotations

import click

from elicense.cli import common


@click.command()
@click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]…")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@common.language_option
def matters(numbers: tuple[int, ...], as_json: bool, lang: str) -> None:
    """The 22 matters 跨省通办事项: who leads, what each needs and yields, what works here.

    NUMBER shows only those."""
    from elicense import matters as catalogue
    from elicense.render import matters as render

    found = tuple(catalogue.get(number) for number in numbers) or catalogue.all()
    if as_json:
        import json

        for matter in found:
            click.echo(json.dumps(render.as_dict(matter), ensure_ascii=False))
        return
    click.echo(render.listing(found, lang, columns=common.columns()), nl=False)
