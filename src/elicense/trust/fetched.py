"""What was asked of the network, and what came of it: part of what a verdict rests on."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("crl", "ocsp", "status-list")


@dataclass(frozen=True, slots=True)
class Fetch:
    """One question, or one that was not asked.

    ``kind`` is one of ``KINDS``, ``subject`` whose state it is about (a certificate's
    holder, or a list). ``problem`` is empty if the answer was taken in, else one stable
    word, with ``detail`` in English; ``asked`` is False where nothing was sent. ``sha256``
    is that of the answer, in hexadecimal.
    """

    kind: str
    url: str
    subject: str
    problem: str = ""
    detail: str = ""
    asked: bool = True
    sha256: str = ""

    @property
    def host(self) -> str:
        """Host and port as they stand in the address; all of it where it has none."""
        return self.url.partition("://")[2].partition("/")[0] or self.url
