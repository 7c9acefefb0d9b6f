"""Errors: one base class, a few kinds, each instance with a stable dotted code.

A verdict is a value, not an exception: these are raised for input that cannot
be read at all, for misuse, and for configuration that is wrong.
"""

from __future__ import annotations

from typing import Any, NamedTuple


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

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.__dict__.copy())

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return f"{self.detail}{where} [{self.code}]"


def _again(kind: type[Error], state: dict[str, Any]) -> Error:
    """An error that came from another process: its own members, whatever its signature."""
    error = kind.__new__(kind, state["code"], state["detail"], state["place"])
    error.__dict__.update(state)
    return error


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


class FieldFault(NamedTuple):  # and no dataclass: these imports are everybody's
    """One thing that keeps a licence from being issued.

    ``path`` leads to the value in ``licence.json`` (``fields.company_number``,
    ``validity.valid_until``) or names ``seal``, ``signer``, ``timestamp``, ``qr_signer``,
    ``font`` or ``page``; ``code`` is stable, ``detail`` a sentence in English.
    """

    path: str
    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path}: {self.detail} [{self.code}]"


class IssueRefused(Error):  # noqa: N818 - what happened, not an error of anybody
    """Nothing was issued. ``faults`` are all that was found wrong, in the order of the form."""

    def __init__(self, faults: tuple[FieldFault, ...], *, place: str = "") -> None:
        self.faults = faults
        detail = "; ".join(str(fault) for fault in faults)
        super().__init__("issue.refused", f"not issued: {detail}", place=place)
