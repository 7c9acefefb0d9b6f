"""Identifiers and codes: GB/T 36904, USCC, resident ID, GB/T 2260, IMO and MMSI numbers.

A wrong check digit is a value to report, never an exception: deployed systems
issue such identifiers. Only :func:`parse_identifier` raises, and only for a text
that does not have the shape of an identifier at all.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Literal

from elicense.errors import InputError, UsageError

ROOT = "1.2.156.3005.2"

Check = Literal["ok", "shape", "check", "date", "area"]
"""The verdict on a code: good, or the first thing wrong with it."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_COMPANY_WEIGHTS = (8, 6, 4, 2, 9, 7)

_TYPE = re.compile(r"[0-9A-Z]{21}")
_ISSUER = re.compile(r"[0-9A-Z]{6,18}")
_SERIAL = re.compile(r"[0-9A-Z]{1,64}")
_VERSION = re.compile(r"[0-9]{3}")
_CHECK = re.compile(r"[0-9A-Z]")
_USCC = re.compile(rf"[{_USCC_ALPHABET}]{{2}}[0-9]{{6}}[{_USCC_ALPHABET}]{{10}}")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_SEVEN_DIGITS = re.compile(r"[0-9]{7}")
_SHIP_IDENTIFICATION = re.compile(r"CN[0-9]{4}[0-9]{6}[0-9A-Z]")
_MMSI = re.compile(r"[0-9]{9}")
_AREA = re.compile(r"[0-9]{6}")
_MAX_IDENTIFIER = 160  # characters

# GB/T 2260: the two digits of provinces, regions, municipalities and SARs.
_PROVINCES = (
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64"),
    *("65", "71", "81", "82"),
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """A licence identifier 电子证照标识 (GB/T 36904), taken apart.

    ``type`` 证照类型代码 (21 characters), ``issuer`` 颁证机构代码 (a USCC or an area
    code), ``serial`` 流水号, ``version`` 版本号 (three digits), ``check`` 校验位.
    """

    type: str
    issuer: str
    serial: str
    version: str
    check: str

    @property
    def expected_check(self) -> str:
        """The check character the standard gives (ISO/IEC 7064 MOD 37,36)."""
        return check_character(self.type + self.issuer + self.serial + self.version)

    @property
    def check_ok(self) -> bool:
        """Whether ``check`` is the character the standard gives."""
        return self.check == self.expected_check

    @property
    def definer(self) -> str:
        """The USCC of the department that defines the licence type."""
        return self.type[:18]

    @property
    def version_number(self) -> int:
        """The version as a number, from 1."""
        return int(self.version)

    @property
    def text(self) -> str:
        """The identifier in full, root included."""
        return ".".join((ROOT, self.type, self.issuer, self.serial, self.version, self.check))

    def __str__(self) -> str:
        return self.text


def check_character(text: str) -> str:
    """ISO/IEC 7064 MOD 37,36 over ``0-9A-Z``; UsageError for any other character."""
    product = 36
    for character in text:
        value = _ALPHABET.find(character)
        if value < 0:
            raise UsageError("identifier.alphabet", f"{character!r} is not one of 0-9 A-Z")
        product = (product + value) % 36 or 36
        product = product * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def parse_identifier(text: str) -> Identifier:
    """Take an identifier apart, with or without its root.

    Raises InputError ``identifier.shape`` if it does not have the shape; a wrong
    check character is reported by :attr:`Identifier.check_ok`.
    """
    if len(text) > _MAX_IDENTIFIER:
        raise InputError("identifier.shape", "too long for a licence identifier")
    parts = text.removeprefix(ROOT + ".").split(".")
    if len(parts) != 5:
        raise InputError("identifier.shape", "not type.issuer.serial.version.check")
    shapes = (_TYPE, _ISSUER, _SERIAL, _VERSION, _CHECK)
    names = ("type", "issuer", "serial", "version", "check")
    for name, shape, part in zip(names, shapes, parts, strict=True):
        if not shape.fullmatch(part):
            raise InputError("identifier.shape", f"{part[:40]!r} is not a {name}", place=name)
    return Identifier(*parts)


def format_identifier(*, type: str, issuer: str, serial: str, version: int) -> str:
    """A new identifier with its check character; UsageError for parts of a wrong shape."""
    if not 1 <= version <= 999:
        raise UsageError("identifier.version", f"{version} is not from 1 to 999")
    parts = (("type", _TYPE, type), ("issuer", _ISSUER, issuer), ("serial", _SERIAL, serial))
    for name, shape, part in parts:
        if not shape.fullmatch(part):
            raise UsageError(f"identifier.{name}", f"{part!r} does not have the right shape")
    check = check_character(f"{type}{issuer}{serial}{version:03}")
    return f"{ROOT}.{type}.{issuer}.{serial}.{version:03}.{check}"


def check_uscc(text: str) -> Check:
    """Unified social credit code 统一社会信用代码 (GB 32100), 18 characters."""
    if not _USCC.fullmatch(text):
        return "shape"
    total = sum(_USCC_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    return "ok" if text[17] == _USCC_ALPHABET[(31 - total % 31) % 31] else "check"


def check_resident_id(text: str) -> Check:
    """Resident identity number 公民身份号码 (GB 11643), 18 characters, X in upper case."""
    if not _RESIDENT.fullmatch(text):
        return "shape"
    if text[:2] not in _PROVINCES:
        return "area"
    try:
        datetime.date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return "date"
    total = sum(int(c) * w for c, w in zip(text[:17], _ID_WEIGHTS, strict=True))
    return "ok" if text[17] == "10X98765432"[total % 11] else "check"


def check_area(text: str) -> Check:
    """Area code 行政区划代码 (GB/T 2260): six digits whose first two name a province.

    Only the province is checked: counties change every year.
    """
    if not _AREA.fullmatch(text):
        return "shape"
    return "ok" if text[:2] in _PROVINCES else "area"


def normalise_area(text: str) -> str:
    """Six digits from a code that some systems pad to twelve; other texts as they are."""
    if len(text) == 12 and text.endswith("000000"):
        return text[:6]
    return text


def area_contains(outer: str, inner: str) -> bool:
    """Whether area ``inner`` lies in ``outer`` (``120000`` holds ``120104``)."""
    if check_area(outer) != "ok" or check_area(inner) != "ok":
        return False
    pairs = [outer[i : i + 2] for i in (0, 2, 4)]
    while pairs and pairs[-1] == "00":
        pairs.pop()
    return inner.startswith("".join(pairs))


def check_imo_ship(text: str) -> Check:
    """IMO ship identification number: seven digits, the last a check digit."""
    if not _SEVEN_DIGITS.fullmatch(text):
        return "shape"
    total = sum(int(c) * w for c, w in zip(text[:6], range(7, 1, -1), strict=True))
    return "ok" if total % 10 == int(text[6]) else "check"


def check_imo_company(text: str) -> Check:
    """IMO company identification number: seven digits, leading zeros included."""
    if not _SEVEN_DIGITS.fullmatch(text):
        return "shape"
    total = sum(int(c) * w for c, w in zip(text[:6], _COMPANY_WEIGHTS, strict=True))
    return "ok" if (11 - total % 11) % 10 == int(text[6]) else "check"


def check_ship_identification(text: str, *, this_year: int = 9999) -> Check:
    """船舶识别号: ``CN``, year of keel laying, six digits, check character.

    The check rule is not published, so shape and year are all that is checked.
    """
    if not _SHIP_IDENTIFICATION.fullmatch(text):
        return "shape"
    return "ok" if 1900 <= int(text[2:6]) <= this_year else "date"


def check_mmsi(text: str) -> Check:
    """Maritime mobile service identity of a ship: nine digits, the first from 2 to 7."""
    return "ok" if _MMSI.fullmatch(text) and text[0] in "234567" else "shape"


def mmsi_is_chinese(text: str) -> bool:
    """Whether the MMSI has one of China's maritime identification digits."""
    return check_mmsi(text) == "ok" and text[:3] in ("412", "413", "414")
