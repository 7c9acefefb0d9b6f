"""Made-up licences of any type: each field some value of its kind.

No person, ship or company is meant; the codes of authorities are invented too.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from typing import Any

from elicense import identifiers
from elicense.licence import Licence, Party, StatusReference, Validity
from elicense.profiles import Field, Profile

PLACES = ("天津", "大连", "青岛", "宁波", "舟山", "福州", "厦门", "南京", "武汉", "台州", "钦州")
NAMES = ("津洋", "翔顺", "泓远", "博海", "金帆", "瑞泽", "昌鸿", "中谷", "丰泽", "骏腾", "凯旋")
LINES = ("海运", "航运", "船务", "国际海运", "国际船舶管理", "轮船", "远洋运输", "能源运输")
ISSUERS = (
    ("天津海事局", "12100000401362741", "120000"),
    ("辽宁海事局", "12100000422430113", "210000"),
    ("浙江海事局", "12100000470001234", "330000"),
    ("深圳海事局", "12100000455786125", "440300"),
)
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LIST = "https://status.example/list/1"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_FEW = 0.3  # how many of the fields that are not required are left out


def uscc(start: str) -> str:
    """``start`` (17 characters) with its check character (GB 32100)."""
    total = sum(USCC.index(c) * pow(3, i, 31) for i, c in enumerate(start))
    return start + USCC[(31 - total % 31) % 31]


def imo_ship(rng: random.Random) -> str:
    digits = f"{rng.randint(900000, 989999)}"
    return digits + str(sum(int(c) * w for c, w in zip(digits, range(7, 1, -1), strict=True)) % 10)


def imo_company(rng: random.Random) -> str:
    digits = f"{rng.randint(100000, 649999):06}"
    total = sum(int(c) * w for c, w in zip(digits, (8, 6, 4, 2, 9, 7), strict=True))
    return digits + str((11 - total % 11) % 10)


def resident(rng: random.Random) -> str:
    """A resident identity number of nobody."""
    return resident_born(
        rng, datetime.date(1900 + rng.randint(50, 99), rng.randint(1, 12), rng.randint(1, 28))
    )


def resident_born(rng: random.Random, born: datetime.date) -> str:
    """A resident identity number of nobody born that day (GB 11643)."""
    digits = f"120116{born:%Y%m%d}{rng.randint(0, 999):03}"
    total = sum(int(c) * w for c, w in zip(digits, _WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def by_kind(rng: random.Random, profile: Profile, *, whole: bool = False) -> Licence:
    """A licence of ``profile``, of all its fields where ``whole``. Its own rules need not hold:
    see :func:`elicense.authoring.rule_samples.good`."""
    members: dict[str, Any] = {"issuer": {}, "holder": {}, "validity": {}, "fields": {}}
    for item in profile.fields:
        if not item.required and rng.random() < _FEW and not whole:
            continue
        *parents, last = item.path.split(".")
        here = members
        for step in parents:
            here = here[step]
        here[last] = any_value(rng, item)
    issuer_name, issuer_start, region = rng.choice(ISSUERS)
    code = uscc(issuer_start)
    day = datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randint(0, 700))
    members["issuer"] |= {"name": issuer_name, "code": code, "code_type": "001"}
    if "region" in members["issuer"]:
        members["issuer"]["region"] = region
    person = profile.subject == "person"
    members["holder"] |= {
        "code": resident(rng) if person else uscc("91120118" + f"{rng.randint(1, 10**8):09}"),
        "code_type": "111" if person else "001",
    }
    return Licence(
        type=profile.id,
        identifier=identifiers.format_identifier(
            type=profile.type_code, issuer=code, serial=f"2024{rng.randint(1, 9999999):07}",
            version=1,
        ),
        number=f"{rng.randint(1, 10**9):010}",
        issuer=Party(**members["issuer"]),
        holder=Party(**members["holder"]),
        validity=Validity(
            issued=day, valid_from=day if _begins(profile) else None,
            valid_until=day + datetime.timedelta(days=80),
        ),
        fields=members["fields"],
        status=StatusReference(LIST, rng.randint(0, 100_000)),
    )  # fmt: skip


def _begins(profile: Profile) -> bool:
    """Does every licence of the type say from when it is good?"""
    return profile.has("valid_from") and profile.field("valid_from").required


def any_value(rng: random.Random, item: Field) -> Any:
    """Some value of a field's or column's kind."""
    if item.kind == "choice":
        return rng.choice(sorted(item.choices))
    if item.kind == "choices":
        codes = sorted(item.choices)
        return tuple({"code": code} for code in rng.sample(codes, rng.randint(1, len(codes))))
    if item.kind == "table":
        return tuple(
            {column.key: any_value(rng, column) for column in item.columns}
            for _ in range(rng.randint(1, 6))
        )
    if item.kind in _SHIPPING:
        return _SHIPPING[item.kind](rng)
    day = datetime.date(2024, 1, 1) + datetime.timedelta(days=rng.randint(0, 700))
    made = {
        "date": day.isoformat(),
        "month": f"{day:%Y-%m}",
        "money": f"{rng.randint(0, 99999)}.{rng.randint(0, 99):02}",
        "percent": rng.choice(["8", "0.5", "12.25"]),
        "integer": rng.randint(1, 500),
        "resident-id": resident(rng),
        "uscc": uscc("91120118" + f"{rng.randint(1, 10**8):09}"),
        "area": rng.choice(["120000", "130000", "370100"]),
        "identifier": "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "address": f"{rng.choice(PLACES)}市和平区解放路{rng.randint(1, 999)}号",
    }
    return made.get(item.kind, "".join(map(rng.choice, (PLACES, NAMES, LINES))))


_SHIPPING: dict[str, Callable[[random.Random], str]] = {
    "imo-ship": imo_ship,
    "imo-company": imo_company,
    "ship-identification": lambda rng: f"CN2015{rng.randint(0, 999999):06}7",
    "mmsi": lambda rng: f"412{rng.randint(0, 999999):06}",
}
