"""Days as people in China's offices write them."""

from __future__ import annotations

from datetime import datetime

from elicense.crypto.ses import CHINA


def day(moment: datetime | None) -> str:
    """``2026-01-01``, by China's calendar; empty for None."""
    if moment is None:
        return ""
    try:
        return f"{moment.astimezone(CHINA):%Y-%m-%d}"
    except OverflowError:  # 99991231235959Z, "no end" (RFC 5280 4.1.2.5)
        return f"{moment:%Y-%m-%d}"
