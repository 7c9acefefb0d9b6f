"""Errors: one base class, a few kinds, each instance with a stable dotted code.

A verdict is a value, not an exception: these are raised for input that cannot
be read at all, for misuse, and for configuration that is wrong.
"""

from __future__ import annotations


class Error(Exception):
    """Base of everything this library raises on purpose.

    ``code`` is stable and dotted (``"pdf.xref"``), ``detail`` is a sentence in
    English, ``place`` names where in the input it happened (an entry, an
    offset, a field) and may be empty.
    """

    def __init__(self, code: str, detail: str, *, place: str = "") -> None:
        self.code = code
        self.detail = detail
        self.place = place
        super().__init__(code, detail, place)

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return f"{self.detail}{where} [{self.code}]"


class InputError(Error):
    """The bytes given are not what they must be; nothing can be judged from them."""


class LimitError(InputError):
    """The input goes past one of the caps in :class:`elicense.limits.Limits`."""


class KeyMaterialError(Error):
    """A key, certificate or password that cannot be used. Never holds the secret."""


class UsageError(Error):
    """The call or the configuration is wrong (trust folder, policy, option)."""


class Rejected(Error):  # noqa: N818 - what happened, not an error of anybody
    """Raised by ``Report.require()`` when the verdict is not VALID."""
