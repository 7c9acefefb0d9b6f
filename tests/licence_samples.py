"""Made-up licences of every type, from a seed.

No person, ship or company is meant; the codes of authorities are invented too.
"""

from __future__ import annotations

import datetime
import random
from typing import Any

from elicense import identifiers, profiles
from elicense.licence import Endorsement, Licence, Party, StatusReference, Validity

_PLACES = ("天津", "大连", "青岛", "宁波", "舟山", "福州", "厦门", "南京", "武汉", "台州", "钦州")
_NAMES = ("津洋", "翔顺", "泓远", "博海", "金帆", "瑞泽", "昌鸿", "中谷", "丰泽", "骏腾", "凯旋")
_LINES = ("海运", "航运", "船务", "国际海运", "国际船舶管理", "轮船", "远洋运输", "能源运输")
_FORMS = ("有限公司", "股份有限公司", "有限责任公司", "集团有限公司")
_ISSUERS = (
    ("天津海事局", "121000004013627410"[:17], "120000"),
    ("辽宁海事局", "12100000422430113", "210000"),
    ("浙江海事局", "12100000470001234", "330000"),
    ("深圳海事局", "12100000455786125", "440300"),
)
_SHIPS = ("JIN YANG", "RUI ZE", "HONG YUAN", "BO HAI STAR", "FENG ZE", "KAI XUAN", "ZHONG GU")
_SHIPS_ZH = ("津洋", "瑞泽", "泓远", "渤海之星", "丰泽", "凯旋", "中谷")
_TYPES = tuple(profiles.get("msa-doc").field("ship_types").choices)
_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def uscc(start: str) -> str:
    """``start`` (17 characters) with its check character."""
    total = sum(_USCC.index(c) * pow(3, i, 31) for i, c in enumerate(start))
    return start + _USCC[(31 - total % 31) % 31]


def imo_ship(rng: random.Random) -> str:
    digits = f"{rng.randint(900000, 989999)}"
    return digits + str(sum(int(c) * w for c, w in zip(digits, range(7, 1, -1), strict=True)) % 10)


def imo_company(rng: random.Random) -> str:
    digits = f"{rng.randint(100000, 649999):06}"
    total = sum(int(c) * w for c, w in zip(digits, (8, 6, 4, 2, 9, 7), strict=True))
    return digits + str((11 - total % 11) % 10)


def sample(seed: int, type: str = "msa-doc", *, endorsed: int = 0) -> Licence:
    """One plausible licence of ``type``, always the same for a seed."""
    rng = random.Random(f"{type}/{seed}")
    profile = profiles.get(type)
    if not profile.limits:
        return _by_kind(rng, profile)
    issuer_name, issuer_start, region = rng.choice(_ISSUERS)
    issuer = Party(name=issuer_name, code=uscc(issuer_start), code_type="001", region=region)
    name = "".join(map(rng.choice, (_PLACES, _NAMES, _LINES, _FORMS)))
    holder = Party(
        name=name,
        name_en=f"{rng.choice(_SHIPS)} SHIPPING CO., LTD.",
        code=uscc("91120118" + "".join(rng.choice(_USCC) for _ in range(9))),
        code_type="001",
        address=f"{rng.choice(_PLACES)}市滨海新区迎宾大道{rng.randint(1, 999)}号",
    )
    completed = datetime.date(2022, 1, 1) + datetime.timedelta(days=rng.randint(0, 1400))
    issued = completed + datetime.timedelta(days=rng.randint(0, 20))
    months = profile.limits[0].months
    until = completed.replace(year=completed.year + max(1, months // 12), day=1)
    serial = f"{issued:%Y}{rng.randint(1, 9999999):07}"
    return Licence(
        type=type,
        identifier=identifiers.format_identifier(
            type=profile.type_code, issuer=issuer.code, serial=serial, version=endorsed + 1
        ),
        number=f"{issued:%y}{rng.choice('ABCDEF')}{rng.randint(1, 99999):05}",
        version=endorsed + 1,
        issuer=issuer,
        holder=holder,
        validity=Validity(issued=issued, valid_until=until),
        fields=_fields(rng, profile, completed),
        endorsements=_endorsements(rng, profile, issued, endorsed),
        status=StatusReference(
            list=f"https://status.msa.gov.cn/{profile.acronym[-3:].lower()}/{rng.randint(1, 40)}",
            index=rng.randint(0, 100_000),
        ),
    )


def _fields(rng: random.Random, profile: Any, completed: datetime.date) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "company_number": imo_company(rng),
        "tracking_number": f"UTN{rng.randint(0, 10**9):010}",
        "state": "CN",
        "place_of_issue": rng.choice(_PLACES),
    }
    if "interim" not in profile.id:
        fields["completion_date"] = completed.isoformat()
    if profile.subject == "company":
        codes = sorted(rng.sample(_TYPES, rng.randint(1, 4)))
        fields["ship_types"] = tuple({"code": code} for code in codes)
        return fields
    index = rng.randrange(len(_SHIPS))
    number = rng.randint(1, 99)
    return fields | {
        "ship_name": f"{_SHIPS_ZH[index]}{number}",
        "ship_name_en": f"{_SHIPS[index]} {number}",
        "call_sign": "B" + "".join(rng.choice("ABCDEFGHKLMNP") for _ in range(3)),
        "port_of_registry": rng.choice(_PLACES),
        "ship_type": rng.choice(_TYPES),
        "gross_tonnage": rng.randint(500, 200_000),
        "imo_number": imo_ship(rng),
    }


def _endorsements(
    rng: random.Random, profile: Any, issued: datetime.date, count: int
) -> tuple[Endorsement, ...]:
    return tuple(
        Endorsement(
            kind=box.kind,
            date=issued + datetime.timedelta(days=365 * (index + 1) + rng.randint(-60, 60)),
            place=rng.choice(_PLACES),
            officer="李某",
        )
        for index, box in enumerate(profile.boxes[:count])
    )


def resident(rng: random.Random) -> str:
    """A resident identity number of nobody."""
    digits = f"12011619{rng.randint(50, 99)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    digits += f"{rng.randint(0, 999):03}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(c) * w for c, w in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]


def _by_kind(rng: random.Random, profile: Any) -> Licence:
    """A licence of a type that is not maritime: each field some value of its kind.

    The type's own rules need not hold in it.
    """
    members: dict[str, Any] = {"issuer": {}, "holder": {}, "validity": {}, "fields": {}}
    for item in profile.fields:
        if not item.required and rng.random() < 0.3:
            continue
        *parents, last = item.path.split(".")
        here = members
        for step in parents:
            here = here[step]
        here[last] = _any(rng, item)
    issuer_name, issuer_start, region = rng.choice(_ISSUERS)
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
        validity=Validity(issued=day, valid_until=day + datetime.timedelta(days=80)),
        fields=members["fields"],
        status=StatusReference("https://status.example/list/1", rng.randint(0, 100_000)),
    )  # fmt: skip


def _any(rng: random.Random, item: Any) -> Any:
    """Some value of a field's or column's kind."""
    if item.kind == "choice":
        return rng.choice(sorted(item.choices))
    if item.kind == "choices":
        codes = sorted(item.choices)
        return tuple({"code": code} for code in rng.sample(codes, rng.randint(1, len(codes))))
    if item.kind == "table":
        return tuple(
            {column.key: _any(rng, column) for column in item.columns}
            for _ in range(rng.randint(1, 6))
        )
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
        "address": f"{rng.choice(_PLACES)}市和平区解放路{rng.randint(1, 999)}号",
    }
    return made.get(item.kind, "".join(map(rng.choice, (_PLACES, _NAMES, _LINES))))
