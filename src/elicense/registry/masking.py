"""What is shown of a person: the first character of a name, the ends of a number (脱敏)."""

from __future__ import annotations

from elicense.registry.records import Record

# CZZTDMLXDM of organisations; every other holder is, or may be, a natural person
ORGANISATIONS = frozenset({"001", "099"})


def is_person(record: Record) -> bool:
    """Is the holder a natural person, as far as the registry can tell?"""
    return record.holder_code_type not in ORGANISATIONS and record.holder_code_type != ""


def name(text: str) -> str:
    """张三丰 → 张**"""
    return text[:1] + "*" * (len(text) - 1)


def code(text: str) -> str:
    """The first and the last two characters of an ID number."""
    return text[:1] + "*" * max(0, len(text) - 3) + text[-2:] if len(text) > 4 else "*" * len(text)


def holder(record: Record, *, full: bool) -> dict[str, str]:
    """Name and code as they may be shown; an organisation's are public."""
    if full or not is_person(record):
        return {"name": record.holder_name, "code": record.holder_code,
                "code_type": record.holder_code_type}  # fmt: skip
    return {"name": name(record.holder_name), "code": code(record.holder_code),
            "code_type": record.holder_code_type}  # fmt: skip
