"""``elicense inspect``: show what is in a file, without judging it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from elicense.cli import common
from elicense.errors import UsageError


@click.command()
@click.argument("file", metavar="FILE | -")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--extract-seal", metavar="OUT", type=click.Path(dir_okay=False, writable=True),
              help="Write the seal's picture to this file.")
@click.option("--seal", "number", type=click.IntRange(1), default=1,
              help="Which signature's seal to extract (from 1).")
@click.option("-f", "--force", is_flag=True, help="Overwrite OUT.")
@common.language_option
def inspect(
    file: str, as_json: bool, extract_seal: str | None, number: int, force: bool, lang: str
) -> None:  # fmt: skip
    """Signatures, seals, certificates, data and codes of FILE (PDF, OFD, .esl). Nothing
    is judged: use `elicense verify` for that."""
    from elicense.opening import open_file
    from elicense.render.inspection import as_dict, render

    evidence = open_file(sys.stdin.buffer.read() if file == "-" else file)
    if extract_seal is not None:
        _extract(evidence, number, Path(extract_seal), force)
        return
    if as_json:
        import json

        click.echo(json.dumps(as_dict(evidence, file), ensure_ascii=False))
    else:
        click.echo(render(evidence, file, lang, common.columns()), nl=False)


def _extract(evidence: object, number: int, out: Path, force: bool) -> None:
    from elicense.evidence import Evidence

    assert isinstance(evidence, Evidence)
    seals = {s.index: s.seal for s in evidence.signatures if s.seal is not None}
    seal = evidence.seal if evidence.seal is not None and number == 1 else seals.get(number)
    if seal is None:
        raise UsageError("inspect.seal", f"signature {number} has no seal with a picture")
    if out.exists() and not force:
        raise UsageError("inspect.exists", "the file exists; give -f to overwrite it",
                         place=str(out))  # fmt: skip
    out.write_bytes(seal.picture.data)
    kind = seal.picture.type
    click.echo(f"{out}: {kind}, {seal.picture.width} × {seal.picture.height} mm, "
               f"{len(seal.picture.data)} bytes", err=True)  # fmt: skip
