"""From bytes to evidence, and the one boundary that turns stray errors into ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from elicense.containers.sniff import sniff
from elicense.errors import Error, InputError, LimitError
from elicense.evidence import Evidence
from elicense.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from elicense.containers.ofd import OfdPackage
    from elicense.containers.pdf import PdfDocument


@contextmanager
def boundary(place: str) -> Iterator[None]:
    """Whatever goes wrong inside comes out as an :class:`elicense.Error` naming the place."""
    try:
        yield
    except Error as exc:
        if not exc.place:
            exc.place, exc.args = place, (exc.code, exc.detail, place)
        raise
    except (MemoryError, RecursionError) as exc:
        raise LimitError(
            "container.limit", f"reading needs too much ({type(exc).__name__})", place=place
        ) from exc
    except Exception as exc:
        raise InputError(
            "container.internal", f"unexpected {type(exc).__name__}: {exc}", place=place
        ) from exc


def read(
    data: bytes, limits: Limits = DEFAULT_LIMITS
) -> tuple[Evidence, OfdPackage | PdfDocument | None]:
    """Evidence without page text and codes, and the opened container to get those from.

    A picture's container is None: :mod:`elicense.containers.sheet` has its pages. Raises
    InputError or LimitError where nothing can be read at all.
    """
    if len(data) > limits.file_size:
        raise LimitError(
            "container.size", f"the file has {len(data)} bytes, {limits.file_size} are allowed",
            place=f"offset {limits.file_size}",
        )  # fmt: skip
    kind = sniff(data)
    sha256 = hashlib.sha256(data).hexdigest()
    with boundary(kind):
        if kind == "pdf":
            from elicense.containers import from_pdf

            return from_pdf.read(data, sha256, limits)
        if kind == "ofd":
            from elicense.containers import from_ofd

            return from_ofd.read(data, sha256, limits)
        if kind == "asn1":
            from elicense.containers import from_seal

            return from_seal.read(data, sha256), None
        from elicense.containers import image

        return image.read(data, sha256, limits)[0], None


def is_pdf(container: OfdPackage | PdfDocument) -> TypeIs[PdfDocument]:
    """Which of the two it is, without loading the reader of the other."""
    return type(container).__name__ == "PdfDocument"
