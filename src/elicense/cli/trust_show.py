"""``elicense trust show`` and ``diff``: lists, bundles and folders as people read them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elicense.cli import common
from elicense.errors import InputError

if TYPE_CHECKING:
    from elicense.render.trust_view import View

_PATH = click.Path(exists=True)
_OPERATOR = click.option(
    "--operator", "operators", multiple=True, envvar="ELICENSE_OPERATOR", metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="The operator's certificate: judges a bundle, and who signed a list of lists.",
)  # fmt: skip
_NOW = click.option("--now", callback=common.moment, metavar="TIME", help="Ages as of then.")


@click.command()
@click.argument("path", type=_PATH, metavar="FILE|FOLDER")
@_OPERATOR
@_NOW
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
def show(
    path: str, operators: tuple[str, ...], now: datetime | None, as_json: bool, lang: str
) -> None:
    """Who may do what, by a trust list (.p7 or .json), a bundle (.elt) or a trust folder: how
    old it is, who signed it, and what to be wary of. Exit code 4 if it cannot be read."""
    from elicense.render import trust_lists
    from elicense.render.text import Style

    view = _view(path, operators, now or datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(view.as_dict(), ensure_ascii=False))
    else:
        click.echo(trust_lists.render(view, Style(lang, common.columns())), nl=False)


@click.command()
@click.argument("old", type=_PATH)
@click.argument("new", type=_PATH)
@_OPERATOR
@_NOW
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
def diff(
    old: str, new: str, operators: tuple[str, ...], now: datetime | None, as_json: bool, lang: str
) -> None:  # fmt: skip
    """What changed from OLD to NEW (lists, bundles or folders): authorities, services,
    certificates, licence types. Exit code: 0 no difference, 1 some, 4 unreadable."""
    from elicense.render import trust_diff
    from elicense.render.text import Style

    moment = now or datetime.now(UTC)
    found = trust_diff.compare(_view(old, operators, moment), _view(new, operators, moment))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(trust_diff.render(found, Style(lang, common.columns())), nl=False)
    sys.exit(1 if found["changes"] else 0)


def _view(name: str, operators: tuple[str, ...], now: datetime) -> View:
    from elicense.render import trust_view

    path = Path(name)
    if path.is_dir() or path.name == "trust.toml" or path.suffix == ".elt":
        store = common.load_trust(name, allow_test=True, operators=operators)
        return trust_view.of_store(store, now=now)
    try:
        return _of_list(path, operators, now)
    except InputError as error:
        click.echo(f"elicense: {name}: {error}", err=True)
        sys.exit(4)


def _of_list(path: Path, operators: tuple[str, ...], now: datetime) -> View:
    import hashlib

    from elicense.render import trust_view
    from elicense.trust import lists

    data = read_capped(path)
    if data.lstrip()[:1] == b"{":
        return trust_view.of_list(lists.parse(data), None, sha256="", now=now)
    return trust_view.of_list(
        lists.read(data), lists.enclosed(data), sha256=hashlib.sha256(data).hexdigest(), now=now,
        operators=common.pinned(operators, str(path)) if operators else (),
    )  # fmt: skip


def read_capped(path: Path) -> bytes:
    """The bytes of a list's file, if it is no larger than a list may be."""
    from elicense.errors import LimitError
    from elicense.limits import DEFAULT_LIMITS

    if path.stat().st_size > DEFAULT_LIMITS.trust_list_size:
        raise LimitError("list.size", f"larger than {DEFAULT_LIMITS.trust_list_size} bytes")
    return path.read_bytes()
