"""Words and rules shared by the dialects of the sharing interface (GB/T 36906 as deployed).

Pure functions over ``sharing.toml`` and the registry's records.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from elicense import licence as licences
from elicense import profiles
from elicense.errors import InputError
from elicense.identifiers import parse_identifier
from elicense.registry import masking
from elicense.registry.records import Record
from elicense.registry.states import states
from elicense.web import answers

OPEN_END = "9999-12-30"  # 有效期截止日期 of a licence without one


@cache
def words() -> Mapping[str, Any]:
    """``sharing.toml``."""
    return tomllib.loads(Path(__file__).with_name("sharing.toml").read_text("utf-8"))


class Refused(Exception):  # noqa: N818 - an answer of the interface, not a fault of ours
    """An answer with a status and no data."""

    def __init__(self, status: int, detail: str = "", *, retry_after: int = 0) -> None:
        self.status, self.detail, self.retry_after = status, detail, retry_after
        super().__init__(status)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gives. ``subject`` and ``outcome`` are for the log of accesses."""

    status: int
    data: Any = None
    detail: str = ""
    subject: str = ""
    outcome: str = ""


def message(status: int, detail: str = "") -> str:
    """The status in Chinese and English, and what of the request it is about."""
    row = words()["status"][str(status)]
    text = f"{row['zh']} ({row['en']})"
    return f"{text}: {detail}" if detail else text


def status_of(record: Record, now: datetime) -> int:
    """0, or 21, 22, 23 for a licence that is not in force."""
    return _standing(record, now)["status"]


def verify_of(record: Record, now: datetime) -> int:
    """0, or 1, 2, 3 for a licence that is not in force."""
    return _standing(record, now)["verify"]


def _standing(record: Record, now: datetime) -> dict[str, int]:
    table: dict[str, dict[str, int]] = words()["standing"]
    return table.get(answers.in_force(record, now)) or table["else"]


def verified(result: int) -> dict[str, Any]:
    """The data of a verification."""
    row = words()["verify"][str(result)]
    return {"verifyResult": result, "verifyMessage": f"{row['zh']} ({row['en']})"}


def type_code(record: Record) -> str:
    """证照类型代码: the one in the identifier, which nobody can change later."""
    try:
        return parse_identifier(record.identifier).type
    except InputError:
        profile = profiles.find(record.type)
        return profile.type_code if profile else ""


def metadata(record: Record, *, full: bool) -> dict[str, Any]:
    """元数据 under their short names. ``full`` shows a natural person's name, code and
    extension items; without it they are masked, and the items left out."""
    values = _values(record, full=full)
    found: dict[str, Any] = {
        name: values[row["value"]] for name, row in words()["metadata"].items()
    }
    if record.data is not None and (full or not masking.is_person(record)):
        found |= _extension(record)
    return found


def _values(record: Record, *, full: bool) -> dict[str, str]:
    profile = profiles.find(record.type)
    holder = masking.holder(record, full=full)
    issuer = "" if record.data is None else licences.load(record.data).issuer.name
    state = states()[record.state]
    return {
        "type_name": profile.zh if profile else record.type,
        "type_code": type_code(record),
        "number": record.number,
        "identifier": record.identifier,
        "issuer_name": issuer,
        "issuer_code": record.issuer_code,
        "issued": str(record.issued or ""),
        "holder_name": holder["name"],
        "holder_code": holder["code"],
        "holder_type": holder["code_type"],
        "holder_type_name": words()["holder_types"].get(holder["code_type"], ""),
        "valid_from": str(record.valid_from or ""),
        "valid_until": str(record.valid_until or OPEN_END),
        "state": state.zh,
    }


def _extension(record: Record) -> dict[str, Any]:
    """KZ_ items 照面: the type's own fields, as ``licence.json`` has them."""
    assert record.data is not None
    items = licences.load(record.data).fields
    return {f"KZ_{key.upper()}": value for key, value in items.items()}


def same(record: Record, given: Mapping[str, str]) -> bool | None:
    """Is everything in ``given`` (values by name of ``[metadata]``) as registered? None if
    the registry itself has no value to compare with, and nothing else differs."""
    values = _values(record, full=True)
    table = words()["metadata"]
    own = {name: values[table[name]["value"]] for name in given}
    if any(own[name] and own[name] != value for name, value in given.items()):
        return False
    return True if all(own.values()) else None


def data_result(found: Sequence[Record], given: Mapping[str, str], now: datetime) -> int:
    """验证结果 of stated data: the newest version of which all of it is true decides."""
    if not found:
        return 5
    verdicts = [(record, same(record, given)) for record in found]
    for wanted, result in ((True, None), (None, 4)):
        for record, verdict in verdicts:
            if verdict is wanted:
                return verify_of(record, now) or (result or 0)
    return 7


def file_result(
    report: Mapping[str, Any], type_code: str, record: Record | None, now: datetime, *,
    own: bool, exact: bool,
) -> int:  # fmt: skip
    """验证结果 of a judged file. ``record`` is the licence it names, if registered here;
    ``own`` says that its issuer is this registry's authority, ``exact`` that these very
    bytes are registered as issued."""
    failed = {f["code"] for f in report["findings"] if f["outcome"] == "FAIL"}
    told = report.get("licence") or {}
    if failed - {"status.licence", "licence.dates"} or _code_of(told) not in {"", type_code}:
        return 7
    if record is not None and (result := verify_of(record, now)):
        return result
    if report["verdict"] == "INVALID":
        reasons = {f.get("reason", "") for f in report["findings"] if f["outcome"] == "FAIL"}
        return 2 if reasons == {"suspended"} else 1 if reasons == {"not-yet"} else 3
    if own and record is None and told:
        return 5
    return 0 if exact or report["verdict"] == "VALID" else 4


def _code_of(told: Mapping[str, Any]) -> str:
    try:
        return parse_identifier(str(told.get("identifier", ""))).type
    except InputError:
        return ""
