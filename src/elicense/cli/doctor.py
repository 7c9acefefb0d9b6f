"""``elicense doctor``: what this installation can do."""

from __future__ import annotations

import json
import sys

import click

from elicense.cli import common

_MARKS = {"ok": "✓", "missing": "–", "broken": "✗", "note": " "}
_COLOURS = {"ok": "32", "missing": "33", "broken": "31", "note": "0"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
def doctor(as_json: bool, lang: str) -> None:
    """What can this installation do, what not, and how to get the rest?

    Nothing is fetched. Exit code 0, or 1 if something is broken without which no file can be
    judged."""
    from elicense import doctor as looking
    from elicense.render.width import safe, wrap

    items = looking.examine()
    if as_json:
        click.echo(json.dumps(looking.as_dict(items, lang), ensure_ascii=False))
    else:
        columns = common.columns()
        colon = "：" if lang == "zh" else ": "
        for item in items:
            mark = _MARKS[item.state]
            if common.colour():
                mark = f"\x1b[{_COLOURS[item.state]}m{mark}\x1b[0m"
            text = safe(f"{item.title(lang)}{colon}{item.value[lang]}")
            lines = wrap(text, columns - 2)
            click.echo(f"{mark} {lines[0]}")
            notes = [*lines[1:]]
            for note in (item.how(lang), item.detail if item.state != "ok" else ""):
                notes += wrap(safe(note), columns - 4) if note else []
            for note in notes:
                click.echo(f"    {note}")
    sys.exit(1 if looking.broken(items) else 0)
