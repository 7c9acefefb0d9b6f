"""A trust list or store as a person reads it on a terminal, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from elicense.crypto.ses import CHINA
from elicense.render.text import Style
from elicense.render.trust_view import View
from elicense.render.width import safe, width, wrap

Facts = dict[str, Any]
KINDS = {
    "list": ("名录", "List"), "list-of-lists": ("总名录", "List of lists"),
    "store": ("信任库", "Trust store"),
}  # fmt: skip
SERVICES = {
    "sealer": ("签章", "sealer"), "seal-maker": ("制章", "seal maker"),
    "qr": ("二维码", "QR codes"),
    "timestamp": ("时间戳", "timestamps"), "status": ("证照状态", "licence status"),
    "copy": ("副本", "masked copies"), "ocsp": ("OCSP 查询", "OCSP answers"),
}  # fmt: skip
_SUBJECT = {
    "organization": ("单位名称", "organization"), "organizational_unit": ("部门", "unit"),
    "common_name": ("名称", "common name"), "uscc": ("统一社会信用代码", "USCC"),
    "organization_identifier": ("单位标识", "organization identifier"),
    "serial_number": ("序列号项", "serial number"),
}  # fmt: skip
STATES = {
    "active": ("", ""), "suspended": ("已暂停", "SUSPENDED"), "ended": ("已终止", "ENDED"),
    "not-yet": ("尚未生效", "NOT YET"),
}  # fmt: skip
_WARNINGS = {
    "test": ("测试名录：密钥是公开的，不得用于实际业务", "test keys, public: never for real use"),
    "unsigned": ("尚未签名", "not signed yet"),
    "signature-bad": ("签名不成立：{what}", "a signature does not hold: {what}"),
    "not-operator": (
        "签名者不是您指定的运营机构：不可信任",
        "not signed by the operator you gave: not to be trusted",
    ),
    "by-operator": ("由您指定的运营机构签发", "signed by the operator you gave"),
    "not-judged": (
        "签名者是否有权签发，此处未作判断", "whether its signer may sign it was not judged"
    ),
    "stale": ("已过下次更新时间：{what}", "past its next update: {what}"),
    "soon": ("两周内须更新：{what}", "must be updated within two weeks: {what}"),
    "future": ("发布时间在将来：{what}", "dated in the future: {what}"),
    "no-lists": ("还没有任何名录：此信任库不信任任何人", "no list yet: this store trusts nobody"),
    "refused": ("未采用：{what}", "not taken: {what}"),
    "no-revocation": ("没有吊销数据：无法判定有效", "no revocation data: nothing can be VALID"),
    "no-status": ("没有证照状态列表", "no licence status lists"),
    "crls-old": ("CRL 已过期：{what}", "a CRL past its next update: {what}"),
    "status-lists-old": ("状态列表已过期：{what}", "a status list past its term: {what}"),
    "expired": ("证书已过期：{what}", "a certificate has expired: {what}"),
    "unreadable": ("证书无法读取：{what}", "a certificate cannot be read: {what}"),
}  # fmt: skip
_WORDS = {
    "operators": ("运营机构", "Operators"), "anchors": ("信任锚", "Anchors"),
    "signed": ("签名", "Signed by"), "good": ("签名成立", "holds"),
    "bad": ("不成立", "DOES NOT HOLD"),
    "scope": ("范围", "Scope"), "national": ("全国", "national"), "issued": ("发布", "issued"),
    "next": ("下次更新", "next update"), "number": ("第 {n} 号", "no. {n}"),
    "of_ca": ("{name} 签发的证书，且 ", "certificates of {name} with "),
    "until": ("至", "until"), "from": ("自", "from"), "any": ("不限证照类型", "not bound to types"),
    "hosts": ("二维码网址", "QR hosts"), "endpoint": ("查询接口", "Query endpoint"),
    "crls": ("CRL", "CRLs"), "status": ("状态列表", "Status lists"), "lists": ("名录", "Lists"),
    "signers": ("签发", "signers"), "only": ("只可登记", "only"), "warnings": ("注意", "Note"),
    "sees": ("可登记", "may name"), "fetch": ("下载", "from"), "sha": ("摘要", "SHA-256"),
}  # fmt: skip


def render(view: View, style: Style) -> str:
    """The whole account."""
    return "\n".join(_lines(view, style)) + "\n"


def word(key: str, style: Style, **values: str) -> str:
    return _pick(_WORDS[key], style).format(**values)


def _pick(pair: tuple[str, str], style: Style) -> str:
    return pair[style.language == "en"]


def _lines(view: View, style: Style) -> Iterator[str]:
    facts = view.facts
    yield from block(f"{_pick(KINDS[facts['kind']], style)}  {facts['name']}", style)
    yield from _head(facts, style)
    yield from warnings(view.warnings, style)
    for key in ("operators", "anchors"):
        if facts.get(key):
            yield ""
            yield word(key, style)
            for item in facts[key]:
                yield from block(certificate(item, style), style, "  ")
                if key == "operators":  # to be compared with what the operator publishes
                    yield from block(f"SHA-256 {item['fingerprint']}", style, "    ")
    yield from _lists(view, style)
    for authority in view.authorities:
        yield from _authority(authority, style)
    yield from _addresses(facts, style)


def _head(facts: Facts, style: Style) -> Iterator[str]:
    if facts["kind"] == "list":
        scope = word("national", style) if facts["scope"] == "national" else facts["scope"]
        yield from block(f"{facts['id']}   {word('scope', style)}: {scope}", style, "  ")
    if "sequence" in facts:
        yield from block(_age(facts, style), style, "  ")
    for signer in facts.get("signed_by", ()):
        said = word("good" if signer["holds"] else "bad", style)
        problem = f" [{signer['problem']}]" if signer["problem"] else ""
        text = f"{word('signed', style)}: {signer['name']} ({_key(signer)}): {said}{problem}"
        yield from block(text, style, "  ")
        yield from block(f"SHA-256 {signer['fingerprint']}", style, "    ")


def _age(facts: Facts, style: Style) -> str:
    return "   ".join((
        word("number", style, n=str(facts["sequence"])),
        f"{word('issued', style)} {day(facts['issued'])}",
        f"{word('next', style)} {day(facts['next_update'])}",
    ))  # fmt: skip


def warnings(found: Iterable[tuple[str, str]], style: Style) -> Iterator[str]:
    """What must be known before anything else; each said once."""
    for code, what in dict.fromkeys(found):
        text = _pick(_WARNINGS[code], style).format(what=what)
        mark = "✓" if code == "by-operator" else "!"
        yield from block(f"{mark} {text}", style, "  ", hang="  ")


def _lists(view: View, style: Style) -> Iterator[str]:
    if view.lists:
        yield ""
        yield word("lists", style)
    for row in view.lists:
        if "signers" not in row:
            yield from block(f"{row['id']}  {row['name']}", style, "  ")
            yield from block(_age(row, style), style, "    ")
            continue
        scope = word("national", style) if row["scope"] == "national" else row["scope"]
        yield from block(f"{row['id']}   {word('scope', style)}: {scope}   "
                         + word("number", style, n=str(row["sequence"])), style, "  ")  # fmt: skip
        for item in row["signers"]:
            yield from block(f"{word('signers', style)}: {certificate(item, style)}", style, "    ")
        named = _services(row["services"], style)
        yield from block(f"{word('sees', style)}: {named}", style, "    ")
        yield from block(", ".join(row["licence_types"]) or word("any", style), style, "    ")
        if row["authorities"]:
            only = f"{word('only', style)}: {', '.join(row['authorities'])}"
            yield from block(only, style, "    ")
        yield from block(f"{word('sha', style)}: {row['sha256']}", style, "    ")
        for url in row["locations"]:
            yield from block(f"{word('fetch', style)} {url}", style, "    ")


def _services(names: Iterable[str], style: Style) -> str:
    comma = "、" if style.language == "zh" else ", "
    return comma.join(service(name, style) for name in names)


def service(name: str, style: Style) -> str:
    return _pick(SERVICES[name], style) if name in SERVICES else name


def _authority(own: Facts, style: Style) -> Iterator[str]:
    yield ""
    name = f"{own['name']} {own['name_en']}".strip()
    place = word("national", style) if own["region"] == "national" else own["region"]
    yield from block(f"{name}  {own['uscc']}  {place}", style)
    if own["hosts"]:
        yield from block(f"{word('hosts', style)}: {', '.join(own['hosts'])}", style, "  ")
    if own["endpoint"]:
        yield from block(f"{word('endpoint', style)}: {own['endpoint']}", style, "  ")
    for item in own["services"]:
        yield from _entry(item, style)


def _entry(item: Facts, style: Style) -> Iterator[str]:
    state = _pick(STATES[item["state"]], style)
    head = service(item["service"], style) + (f"  {state}" if state else "")
    yield from block(f"· {head}: {who(item, style)}", style, "  ", hang="  ")
    types = ", ".join(item["licence_types"])
    term = " ".join(
        f"{word(key, style)} {day(item[key])}" for key in ("from", "until") if item[key]
    )
    rest = "   ".join(part for part in (types, term) if part)
    for line in (rest,) if width(rest) <= style.columns - 4 else (types, term):
        if line:
            yield from block(line, style, "    ")


def who(item: Facts, style: Style) -> str:
    """Whose signatures an entry means: one certificate, or those of a CA with a constraint."""
    named = item["certificate"] or {"name": "?", "fingerprint": "", "until": "", "key": ""}
    if item["by"] == "certificate":
        return certificate(named, style)
    wanted = ", ".join(
        f"{_pick(_SUBJECT.get(key, (key, key)), style)} = {value}"
        for key, value in item["subject"].items()
    )
    return word("of_ca", style, name=named["name"]) + wanted


def certificate(item: Facts, style: Style) -> str:
    until = f", {word('until', style)} {day(item['until'])}" if item["until"] else ""
    return f"{item['name']} ({_key(item)}{until})"


def _key(item: Facts) -> str:
    kind = {"sm2": "SM2", "rsa": "RSA", "ec": "EC"}.get(item["key"], item["key"])
    return f"{kind} {item['fingerprint'][:16]}".strip()


def _addresses(facts: Facts, style: Style) -> Iterator[str]:
    rows = {
        "crls": [f"{i['issuer']}  {word('next', style)} {day(i['next_update'])}"
                 if isinstance(i, dict) else i for i in facts.get("crls", ())],
        "status": [f"{i['uri']}  {word('until', style)} {day(i['expires'])}"
                   if isinstance(i, dict) else i for i in facts.get("status_lists", ())],
    }  # fmt: skip
    for key, items in rows.items():
        if items:
            yield ""
            yield word(key, style)
            for text in items:
                yield from block(text, style, "  ")


def day(time: str) -> str:
    """The day, by China's clock, of a time of the facts."""
    if not time:
        return "?"
    try:
        return f"{datetime.fromisoformat(time).astimezone(CHINA):%Y-%m-%d}"
    except OverflowError:  # the calendar's last day
        return time[:10]


def block(text: str, style: Style, indent: str = "", *, hang: str = "") -> Iterator[str]:
    """A paragraph; ``hang`` is put before every line but the first."""
    lines = wrap(safe(text), style.columns - len(indent) - len(hang))
    for number, line in enumerate(lines):
        yield indent + (hang if number else "") + line
