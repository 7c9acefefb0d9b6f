"""``elicense.open``: look at a file without judging it."""

from __future__ import annotations

from elicense.evidence import Evidence
from elicense.examine import examine
from elicense.limits import DEFAULT_LIMITS, Limits
from elicense.verifying import Input, read_input


def open_file(file: Input, *, limits: Limits = DEFAULT_LIMITS, pages: bool = True) -> Evidence:
    """Everything a PDF, OFD or seal file shows: signatures, seals, claims, codes.

    ``file`` is a path or the bytes themselves. Raises InputError or LimitError.
    """
    _name, data = read_input(file, limits)
    return examine(data, limits=limits, pages=pages)
