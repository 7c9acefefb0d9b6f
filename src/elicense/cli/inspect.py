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
    kind, data = seal.picture.type, seal.picture.data
    if out.suffix.lower() == ".png":
        data = _as_png(data, kind)
    out.write_bytes(data)
    click.echo(f"{out}: {kind}, {seal.picture.width} × {seal.picture.height} mm, "
               f"{len(seal.picture.data)} bytes", err=True)  # fmt: skip


def _as_png(data: bytes, kind: str) -> bytes:
    """The picture as PNG. A picture of another kind is converted, an OFD is refused."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    import io

    from PIL import Image, UnidentifiedImageError

    from elicense.limits import DEFAULT_LIMITS

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > DEFAULT_LIMITS.image_pixels:
                raise UsageError("inspect.picture", "the picture has too many pixels to convert")
            out = io.BytesIO()
            image.convert("RGBA").save(out, "PNG")
            return out.getvalue()
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as exc:
        raise UsageError(
            "inspect.picture",
            f"the picture is of type {kind!r} and cannot be made a PNG; give OUT another ending "
            "to write it as it is",
        ) from exc
