"""``elicense replay``: judge a record anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from elicense.cli import common
from elicense.errors import InputError

if TYPE_CHECKING:
    from elicense.record import Replay
    from elicense.trust.store import TrustStore

DIFFERENT = 5
"""Exit code: the answer is not the one that was recorded."""


@click.command()
@click.argument("record", metavar="RECORD")
@click.argument("files", nargs=-1, metavar="[FILE]…")
@common.trust_options("Trust store that the record must hold; it is judged by its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
@click.option("-q", "--quiet", is_flag=True, help="One line.")
@click.option("-v", "--verbose", is_flag=True, help="Every check, with its clause.")
def replay(
    record: str, files: tuple[str, ...], trust: str | None, operators: tuple[str, ...],
    allow_test_trust: bool, as_json: bool, lang: str, quiet: bool, verbose: bool,
) -> None:  # fmt: skip
    """Judge anew what RECORD holds, with its own trust store, policy and times, and compare.
    FILE is needed where the record keeps only its digest. A record proves nothing by itself:
    see that the trust store in it is one you trust (--trust DIR).

    Exit code: as verify if the report is the same byte for byte (0 VALID, 1 INVALID,
    3 INDETERMINATE, 4 unreadable), 5 if it is another, 4 for no sound record, 2 usage."""
    from elicense import record as records
    from elicense.render import replayed
    from elicense.render.text import Style
    from elicense.verdict import Verdict

    wanted = None
    if trust is not None:
        wanted = common.load_trust(trust, allow_test=allow_test_trust, operators=operators)
    try:
        found = records.replay(
            _read(record), files=[_read(name) for name in files], trust=wanted,
            allow_test=allow_test_trust,
        )  # fmt: skip
    except InputError as exc:
        click.echo(f"elicense: {record}: {exc}", err=True)
        sys.exit(4)
    style = Style(lang, common.columns(), common.colour(), verbose)
    if as_json:
        click.echo(json.dumps(replayed.as_dict(found), ensure_ascii=False, separators=(",", ":")))
    elif quiet:
        click.echo(replayed.summary(found, style))
    else:
        click.echo(replayed.render(found, style, yours=_own(found, wanted)), nl=False)
    if not found:
        sys.exit(DIFFERENT)
    codes = {Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.INDETERMINATE: 3}
    sys.exit(4 if found.verdict is None else codes[found.verdict])


def _own(found: Replay, wanted: TrustStore | None) -> bool:
    return wanted is not None and wanted.digest == found.question.trust.digest


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as exc:
        raise InputError("file.unreadable", exc.strerror or str(exc), place=name) from exc
