"""Records taken apart and put together again, for the tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import elicense
from elicense import record
from elicense.limits import DEFAULT_LIMITS
from elicense.record import archive
from judging import SAMPLES, judge

Entries = dict[str, bytes]


def made(name: str = "tianjin-doc.ofd", **options: Any) -> bytes:
    report = judge(SAMPLES / name)
    return record.make(report, (SAMPLES / name).read_bytes(), **options)


def again(data: bytes, **options: Any) -> record.Replay:
    return record.replay(data, **{"allow_test": True, **options})


def apart(data: bytes) -> Entries:
    return archive.read(data, max_size=2 * DEFAULT_LIMITS.file_size)


def doctored(data: bytes, change: Callable[[Entries, dict[str, Any]], None]) -> bytes:
    """The record changed by someone who also mends its digests: ``change`` gets the entries
    and what ``record.json`` says."""
    entries = apart(data)
    about = json.loads(entries["record.json"])
    change(entries, about)
    about["digests"] = {
        name: hashlib.sha256(body).hexdigest() for name, body in entries.items()
        if name != "record.json"
    }  # fmt: skip
    entries["record.json"] = record.dump(about)
    return archive.write(entries)


__all__ = ["again", "apart", "doctored", "elicense", "made"]
