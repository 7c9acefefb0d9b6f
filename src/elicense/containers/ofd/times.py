"""SignatureDateTime in the forms that real files use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))

_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
_SPACED = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]\s*(\d{1,2}):(\d\d):(\d\d)"
    r"(?:[.,](\d{1,9}))?\s*(Z|[+-]\d\d:?\d\d)?"
)
_UNIX = re.compile(r"\d{9,10}|\d{12,13}")


def parse_time(raw: str) -> datetime | None:
    """An aware time in UTC+8, None where the text is none of the known forms.

    A time without a zone is local time in China; ``Z`` is UTC; 9 or 10 digits
    are Unix seconds, 12 or 13 milliseconds.
    """
    plain = raw.strip()
    try:
        if _UNIX.fullmatch(plain):
            seconds = int(plain) / (1000 if len(plain) > 10 else 1)
            return datetime.fromtimestamp(seconds, CHINA)
        found = _COMPACT.fullmatch(plain) or _SPACED.fullmatch(plain)
        return None if found is None else _from_match(found)
    except (ValueError, OverflowError, OSError):
        return None


def _from_match(found: re.Match[str]) -> datetime:
    *whole, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(item) for item in whole)
    micro = int((fraction or "0").ljust(6, "0")[:6])
    naive = datetime(year, month, day, hour, minute, second, micro, tzinfo=CHINA)
    if zone is None:
        return naive
    return naive.replace(tzinfo=_zone(zone)).astimezone(CHINA)


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
