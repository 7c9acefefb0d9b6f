"""What ``elicense trust add`` wrote, in words."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.issuing.trust_local import Written
from elicense.render.text import Style
from elicense.render.trust_lists import block, service
from elicense.render.width import safe

_HEADS = {
    "new": ("新建信任库：{name}", "a new trust store: {name}"),
    "present": ("原已在列：{name}", "there already: {name}"),
    "anchor": ("信任锚：{name}，至 {until}", "anchor: {name}, until {until}"),
    "intermediate": ("中间证书：{name}，至 {until}", "intermediate: {name}, until {until}"),
    "crl": ("{name} 的 CRL，下次更新 {until}", "CRL of {name}, next update {until}"),
    "status": ("状态列表 {name}，至 {until}", "status list {name}, until {until}"),
    "service": (
        "{role}：{authority}（{region}）", "{role} for {authority} ({region})"
    ),
}  # fmt: skip
_BY = {
    "certificate": ("凭证书：{name}，至 {until}", "by the certificate {name}, until {until}"),
    "ca": (
        "凭 {name} 为该机构签发的任何证书", "by whatever {name} certifies for that authority"
    ),
}  # fmt: skip
_TAKEN = ("以下取自证书：{taken}", "read from the certificate: {taken}")
_TYPES = ("证照类型：{types}", "licence types: {types}")
_UNSTATED = ("未写明", "not stated")


def lines(written: Written, folder: str, style: Style) -> Iterator[str]:
    """The file, and below it what it stands for there."""
    english = style.language == "en"
    facts = {**written.facts}
    if not facts.get("until", "-"):
        facts["until"] = _UNSTATED[english]
    if "role" in facts:
        facts["role"] = service(facts["role"], style)
    yield safe(f"{folder}/{written.file}")
    texts = [_HEADS[written.kind]]
    if written.kind == "service":
        texts += [_BY[facts["by"]]]
        texts += [_TYPES] if facts["types"] else []
        texts += [_TAKEN] if facts["taken"] else []
    for pair in texts:
        yield from block(pair[english].format(**facts), style, "  ", hang="  ")
    if "sha256" in facts:
        yield from block(f"SHA-256 {facts['sha256']}", style, "  ")
