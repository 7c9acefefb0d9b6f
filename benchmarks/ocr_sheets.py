"""Sheets for the benchmark of printed fields: our own pages with invented names, and the same
pages with one field altered beside the QR code of the true one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from elicense import identifiers, profiles
from elicense.licence import Licence, StatusReference, Validity
from elicense.qr import payload
from pki.invented import imo_company, imo_ship
from samples import licences, sealing
from scans import effects
from scans.sheets import DPI, Sheet, desk, drawn

SEAL_AT = (147.5, 231.5, 29.0)  # where the issuer's seal stands, as effects.sealed takes it
TEXT_AT = (92.0, 118.0, 29.0)  # over the values of the table
_COMPANIES = (
    "长江明珠航运有限公司", "海南椰风船务股份有限公司", "宁波东方远洋运输有限公司",
    "中外运嘉陵江物流有限公司", "福建闽龙海运集团有限公司", "大连金渤海油轮有限公司",
    "上海浦江国际船舶管理有限公司", "广西北部湾港航有限责任公司", "舟山群岛渔业运输有限公司",
    "青岛崂山散货航运有限公司",
)  # fmt: skip
_SHIPS = (
    ("长江明珠八号", "CHANGJIANG MINGZHU 8"), ("椰风二十一", "YE FENG 21"),
    ("东方之星", "DONGFANG ZHI XING"), ("嘉陵江007", "JIALINGJIANG 007"),
    ("闽龙辉煌", "MIN LONG HUI HUANG"), ("金渤海油16", "JIN BO HAI YOU 16"),
    ("浦江荣耀", "PUJIANG GLORY"), ("北部湾一号", "BEI BU WAN 1"),
    ("舟渔运698", "ZHOU YU YUN 698"), ("崂山巨峰", "LAOSHAN JUFENG"),
)  # fmt: skip
_TYPES = (
    "bulk-carrier", "oil-tanker", "chemical-tanker", "gas-carrier", "other-cargo-ship",
    "passenger-ship", "passenger-high-speed-craft", "mobile-offshore-drilling-unit",
)  # fmt: skip
_NUMBERS = (
    "DOC{:08d}", "津海证字{:06d}号", "SMC-{:04d}-B7", "（2026）第{:05d}号", "HQ{:04d}A{:04d}",
)  # fmt: skip


def licence(number: int) -> Licence:
    """The ``number``-th: SMCs and DOCs in turn, every value its own."""
    base = licences.GUANGDONG_SMC if number % 2 else licences.TIANJIN_DOC
    assert base.status
    day = date(2023, 1, 5) + timedelta(days=97 * number)
    until = date(day.year + 5, day.month, min(day.day, 28)) - timedelta(days=1)
    serial = 4096 + 7919 * number
    name, english = _SHIPS[number % 10]
    kind = _TYPES[number % 8]
    fields: dict[str, Any] = {
        **base.fields, "completion_date": (day - timedelta(days=11)).isoformat(),
        "company_number": imo_company(f"{512345 + 41117 * (number % 10):06d}"),
    }  # fmt: skip
    if number % 2:
        fields |= {"ship_name": name, "ship_name_en": english, "ship_type": kind,
                   "imo_number": imo_ship(f"{912345 + 7321 * number:06d}")}  # fmt: skip
    else:
        others = [{"code": code} for code in _TYPES[number % 6 : number % 6 + 2]]
        fields["ship_types"] = ({"code": "oil-tanker", "limitation": "闪点60℃以上"}, *(
            item for item in others if item["code"] != "oil-tanker"))  # fmt: skip
    return replace(
        base,
        number=_NUMBERS[number % 5].format(serial % 10000, serial % 9973),
        holder=replace(base.holder, name=_COMPANIES[number % 10]),
        validity=Validity(day, day, until), fields=fields,
        identifier=identifiers.format_identifier(
            type=profiles.get(base.type).type_code, issuer=base.issuer.code,
            serial=f"2026{serial:06d}", version=base.version,
        ),
        status=StatusReference(base.status.list, 900 + number),
    )  # fmt: skip


@dataclass(frozen=True)
class Printed:
    """What a sheet prints beside the QR of ``true``. ``altered`` is the field that it prints
    otherwise, empty for an honest sheet."""

    true: Licence
    sheet: Sheet
    altered: str = ""


def honest(number: int, *, seal: tuple[float, float, float] = SEAL_AT, seed: int = 1) -> Printed:
    true = licence(number)
    return Printed(true, _sheet(true, true, seal, seed + number))


def alterations(number: int) -> Iterator[str]:
    """The fields of the ``number``-th licence that a sheet can print otherwise."""
    true = licence(number)
    for path, change in _ALTERATIONS.items():
        shown = change(true)
        if shown is not None and shown != true:
            yield path


def forged(number: int, path: str, *, seed: int = 1) -> Printed:
    """The ``number``-th licence with one of its deciding fields altered a little."""
    true = licence(number)
    shown = _ALTERATIONS[path](true)
    assert shown is not None
    return Printed(true, _sheet(true, shown, SEAL_AT, seed + number), path)


def pasted(number: int, *, seed: int = 1) -> Printed:
    """The QR code of one licence on the sheet of another of the same type."""
    true = licence(number)
    return Printed(true, _sheet(true, licence(number + 2), SEAL_AT, seed + number), "*")


def _sheet(
    true: Licence, shown: Licence, seal: tuple[float, float, float], seed: int
) -> Sheet:
    data = licences.data_of(true)
    text = sealing.qr_text(desk(), true, data=data)
    made = sealing.unsealed(desk(), shown, "pdf", data=licences.data_of(shown), qr=text)
    picture = drawn(made, 0)
    stamp = _stamp(true)
    rng = np.random.default_rng([seed, 77])
    return Sheet(text, effects.sealed(picture, stamp, seal, DPI, rng), stamp)


def _stamp(item: Licence) -> Any:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(sealing.picture_of(item))) as picture:
        return np.asarray(picture.convert("RGBA"))


def signed(printed: Printed) -> Licence:
    """What the QR code of the sheet says: nothing more is known when a sheet is compared."""
    return payload.decode(printed.sheet.text).licence


# -- one field, a little ---------------------------------------------------------------

_DIGIT = {"0": "6", "1": "7", "2": "3", "3": "8", "4": "9", "5": "6", "6": "8", "7": "1",
          "8": "3", "9": "4"}  # fmt: skip
_WORDS = (("航运", "海运"), ("船务", "船舶"), ("远洋", "远航"), ("物流", "货流"), ("海运", "航运"),
          ("油轮", "油船"), ("国际", "国内"), ("港航", "港务"), ("渔业", "渔船"))  # fmt: skip
_NAMES = (("八", "六"), ("二", "三"), ("星", "虹"), ("007", "001"), ("辉煌", "辉宏"), ("16", "18"),
          ("荣", "光"), ("一号", "二号"), ("698", "693"), ("巨", "高"))  # fmt: skip


def _number(true: Licence) -> Licence:
    at = max(i for i, c in enumerate(true.number) if c.isdecimal())
    number = true.number[:at] + _DIGIT[true.number[at]] + true.number[at + 1 :]
    return replace(true, number=number)


def _holder(true: Licence) -> Licence:
    name = next(true.holder.name.replace(a, b) for a, b in _WORDS if a in true.holder.name)
    return replace(true, holder=replace(true.holder, name=name))


def _field(key: str, change: Callable[[str], str]) -> Callable[[Licence], Licence | None]:
    def altered(true: Licence) -> Licence | None:
        if key not in true.fields:
            return None
        return replace(true, fields={**true.fields, key: change(str(true.fields[key]))})

    return altered


def _last_digit(text: str) -> str:
    return text[:-2] + _DIGIT[text[-2]] + text[-1]


def _ship(name: str) -> str:
    return next(name.replace(a, b) for a, b in _NAMES if a in name)


def _next_type(code: str) -> str:
    return _TYPES[(_TYPES.index(code) + 1) % len(_TYPES)]


def _types(true: Licence) -> Licence | None:
    if "ship_types" not in true.fields:
        return None
    items = true.fields["ship_types"]
    assert isinstance(items, tuple)
    added = (*items, {"code": "passenger-high-speed-craft"})
    return replace(true, fields={**true.fields, "ship_types": added})


def _limitation(true: Licence) -> Licence | None:
    if "ship_types" not in true.fields:
        return None
    items = true.fields["ship_types"]
    assert isinstance(items, tuple)
    first = {"code": "oil-tanker", "limitation": "闪点50℃以上"}
    return replace(true, fields={**true.fields, "ship_types": (first, *items[1:])})


def _until(true: Licence) -> Licence:
    until = true.validity.valid_until
    assert until
    return replace(
        true, validity=replace(true.validity, valid_until=until.replace(year=until.year + 1))
    )


def _issued(true: Licence) -> Licence:
    issued = true.validity.issued
    assert issued
    later = issued.replace(month=issued.month % 12 + 1, day=min(issued.day, 28))
    return replace(true, validity=replace(true.validity, issued=later))


def _day(text: str) -> str:
    return text[:-1] + ("3" if text[-1] == "8" else "8" if text[-2] != "3" else "0")


def _type(true: Licence) -> Licence | None:
    if true.type != "msa-doc":
        return None
    fields = {key: value for key, value in true.fields.items() if key != "completion_date"}
    return replace(true, type="msa-doc-interim", fields=fields, endorsements=())


_ALTERATIONS: dict[str, Callable[[Licence], Licence | None]] = {
    "type": _type, "number": _number, "holder.name": _holder,
    "fields.company_number": _field("company_number", _last_digit),
    "fields.ship_name": _field("ship_name", _ship),
    "fields.ship_type": _field("ship_type", _next_type),
    "fields.ship_types": _types, "fields.ship_types#limitation": _limitation,
    "fields.imo_number": _field("imo_number", _last_digit),
    "validity.issued": _issued, "validity.valid_until": _until,
    "fields.completion_date": _field("completion_date", _day),
}  # fmt: skip
