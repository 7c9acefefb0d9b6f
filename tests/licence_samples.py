"""Made-up licences of every type, from a seed.

No person, ship or company is meant; the codes of authorities are invented too.
"""

from __future__ import annotations

import datetime
import random
from typing import Any

from elicense import identifiers, profiles
from elicense.authoring.samples import USCC as _USCC
from elicense.authoring.samples import any_value as _any
from elicense.authoring.samples import by_kind as _by_kind
from elicense.authoring.samples import imo_company, imo_ship, resident, uscc
from elicense.licence import Endorsement, Licence, Party, StatusReference, Validity

__all__ = ["_any", "_by_kind", "imo_company", "imo_ship", "resident", "sample", "uscc"]

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
