"""The first file of a licence type of one's own, with a sample licence beside it."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

from elicense import profiles
from elicense.authoring.samples import uscc
from elicense.errors import UsageError
from elicense.profiles import OWN_TEMPLATES

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}")
_TEMPLATES = 50_000  # numbers to choose from: three bytes in a code
_USCC = "Unified social credit code"
_HOLDERS = {
    "person": ("持证人", "Holder", "公民身份号码", "Resident identity number"),
    "company": ("公司名称", "Name of the company", "统一社会信用代码", _USCC),
    "ship": ("船舶所有人", "Owner of the ship", "统一社会信用代码", _USCC),
}
_NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a new type is called. ``type_code`` is made up and unconfirmed where it is empty."""

    id: str
    zh: str
    en: str
    subject: str = "person"
    type_code: str = ""


def profile_text(wanted: Wanted, *, file: str = "") -> str:
    """The TOML of the type, commented in Chinese and English; valid as it stands.

    UsageError ``profile.new`` for a name that cannot be one, ``profile.clash`` for an id
    that is taken.
    """
    _check(wanted)
    number = zlib.crc32(wanted.id.encode())
    holder = _HOLDERS[wanted.subject]
    values = {
        "ID": wanted.id, "ZH": wanted.zh, "EN": wanted.en, "SUBJECT": wanted.subject,
        "TYPE_CODE": wanted.type_code or f"{uscc(f'1100000099999{number % 10_000:04}')}901",
        "CONFIRMED": "false", "TEMPLATE": str(_template(number)),
        "HOLDER_ZH": holder[0], "HOLDER_EN": holder[1], "CODE_ZH": holder[2],
        "CODE_EN": holder[3], "FILE": file or f"{wanted.id}.toml",
    }  # fmt: skip
    text = Path(__file__).with_name("new_type.toml").read_text("utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def _template(number: int) -> int:
    """A number that follows from the id and that no known type has."""
    while True:
        found = OWN_TEMPLATES + number % _TEMPLATES
        if profiles.by_template(found) is None:
            return found
        number += 1


def _check(wanted: Wanted) -> None:
    if not _ID.fullmatch(wanted.id):
        raise _wrong("ID", "2 to 40 lower-case letters, digits and hyphens")
    if (known := profiles.find(wanted.id)) is not None:
        detail = f"{wanted.id} is the id of {profiles.origin(known.id)}"
        raise UsageError("profile.clash", detail, place="ID")
    for option, name in (("--zh", wanted.zh), ("--en", wanted.en)):
        plain = name.isprintable() and not set('"\\@{}') & set(name)
        if not name.strip() or not plain or len(name) > _NAME_MAX:
            raise _wrong(option, f"1 to {_NAME_MAX} printable characters, no quotes or braces")
    if not re.search(r"[\u3400-\u9fff]", wanted.zh):
        raise _wrong("--zh", "the Chinese name has Chinese characters")
    if not wanted.en.isascii():
        raise _wrong("--en", "the English name is ASCII")
    if wanted.type_code and not _TYPE_CODE.fullmatch(wanted.type_code):
        raise _wrong("--type-code", "21 digits and capitals")
    if wanted.subject not in _HOLDERS:
        raise _wrong("--subject", f"one of {', '.join(_HOLDERS)}")


def _wrong(option: str, detail: str) -> UsageError:
    return UsageError("profile.new", detail, place=option)


def sample_text(wanted: Wanted) -> str:
    """A licence of the type as ``elicense issue`` takes it. Nobody is meant by it."""
    holder = (
        {"name": "王某某", "code": "110101199003070134", "code_type": "111"}
        if wanted.subject == "person"
        else {"name": "某某有限公司", "code": uscc("91110000999999999"), "code_type": "001"}
    )
    members = {
        "type": wanted.id,
        "serial": "202603020001",
        "number": "（2026）字第 00001 号",
        "issuer": {"name": "某某省某某厅", "code": uscc("11000000999999999"),
                   "code_type": "001"},
        "holder": holder,
        "validity": {"issued": "2026-03-02", "valid_from": "2026-03-02",
                     "valid_until": "2031-03-01"},
        "fields": {"scope": "样例：许可的内容", "officer": "李某"},
        "status": {"list": "https://status.example/1", "index": 0},
    }  # fmt: skip
    return json.dumps(members, ensure_ascii=False, indent=2) + "\n"


def write(wanted: Wanted, path: Path, *, force: bool = False) -> tuple[Path, Path]:
    """Write both files; UsageError ``file.exists`` if one is there, unless ``force``."""
    texts = {path: profile_text(wanted, file=path.name),
             path.with_name(f"{path.stem}.sample.json"): sample_text(wanted)}  # fmt: skip
    if path.stem != wanted.id or path.suffix != ".toml":
        raise _wrong("-o", f"the file is called by its id: {wanted.id}.toml")
    for target in texts:
        if target.exists() and not force:
            detail = "it is there already; give --force to overwrite it"
            raise UsageError("file.exists", detail, place=str(target))
    for target, text in texts.items():
        try:
            target.write_text(text, "utf-8")
        except OSError as error:
            detail = f"cannot be written: {error.strerror or error}"
            raise UsageError("file.unwritable", detail, place=str(target)) from error
    first, second = texts
    return first, second
