"""Scans of our own pages, made anew each time: what a clerk's scanner, copier, fax or
phone makes of a licence. ``docs/scans.md`` states every parameter.

>>> for condition, truth, data in pages(seed=1):
...     ...
"""

from __future__ import annotations

from scans.conditions import CONDITIONS, Condition
from scans.generate import Page, blanks, pages

__all__ = ["CONDITIONS", "Condition", "Page", "blanks", "pages"]
