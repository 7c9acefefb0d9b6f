"""What a file shows, for ``elicense inspect``: text and plain values, no judgement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from elicense.crypto.certificate import Certificate
from elicense.errors import InputError
from elicense.evidence import Evidence, Seal, Signature
from elicense.licence import Licence, load
from elicense.render.width import safe, wrap
from elicense.report import seal_dict, signature_dict

_WORDS = {
    "zh": {
        "file": "文件", "container": "类型", "pages": "页数", "size": "大小", "sha256": "SHA-256",
        "signature": "签章", "profile": "规格", "place": "位置", "algorithm": "算法",
        "signer": "签章人", "issuer": "签发者", "valid": "证书有效期", "serial": "证书序列号",
        "time": "自称时间", "stamp": "时间戳", "seal": "印章", "maker": "制章者",
        "term": "印章有效期", "picture": "印章图片", "covers": "覆盖", "uncovered": "未覆盖",
        "digests": "摘要", "fault": "缺陷", "note": "偏差", "data": "证照数据", "covered": "受保护",
        "open": "不受保护", "metadata": "元数据", "qr": "二维码", "none": "没有签名或印章",
        "change": "之后的变动", "on_page": "盖在", "match": "一致", "differ": "不一致",
        "copy": "加注件", "until": "截止", "hidden": "未显示的字段",
    },
    "en": {
        "file": "File", "container": "Kind", "pages": "Pages", "size": "Size", "sha256": "SHA-256",
        "signature": "Signature", "profile": "Profile", "place": "Place", "algorithm": "Algorithm",
        "signer": "Signer", "issuer": "Issued by", "valid": "Certificate", "serial": "Serial no.",
        "time": "Claimed time", "stamp": "Timestamp", "seal": "Seal", "maker": "Seal maker",
        "term": "Seal valid", "picture": "Picture", "covers": "Covers", "uncovered": "Not covered",
        "digests": "Digests", "fault": "Fault", "note": "Deviation", "data": "Licence data",
        "covered": "covered", "open": "not covered", "metadata": "Metadata", "qr": "QR",
        "none": "no signature and no seal", "change": "Later change", "on_page": "Stands on",
        "match": "match", "differ": "differ", "copy": "Annotated copy", "until": "until",
        "hidden": "Fields not shown",
    },
}  # fmt: skip


def as_dict(evidence: Evidence, name: str) -> dict[str, Any]:
    """Plain values for ``inspect --json``."""
    claims = evidence.claims
    return {
        "schema": "elicense-inspection/1",
        "file": name,
        "container": evidence.container,
        "size": evidence.size,
        "sha256": evidence.sha256,
        "pages": evidence.pages,
        "signatures": [signature_dict(s) for s in evidence.signatures],
        "seal": seal_dict(evidence.seal) if evidence.seal else None,
        "data": {
            "present": claims.data is not None, "place": claims.data_place,
            "covered": claims.data_covered, **_data_dict(claims.data),
        },
        "metadata": dict(claims.metadata),
        "qr": [{"page": c.page, "kind": c.kind, "text": c.text} for c in evidence.qr],
        "faults": [
            {"code": f.code, "kind": f.kind, "place": f.place, "detail": f.detail}
            for f in evidence.faults
        ],
        "notes": [{"kind": n.kind, "place": n.place, "detail": n.detail} for n in evidence.notes],
    }  # fmt: skip


def _data_dict(data: bytes | None) -> dict[str, Any]:
    licence = _licence(data) if data is not None else None
    if licence is None:
        return {}
    found: dict[str, Any] = {"type": licence.type, "number": licence.number}
    if licence.copy is not None:
        mark = licence.copy
        found["copy"] = {
            "receiver": mark.receiver.name, "receiver_code": mark.receiver.code,
            "purpose": mark.purpose, "creator": mark.creator.name,
            "expires": mark.expires.isoformat() if mark.expires else None,
        }  # fmt: skip
    if licence.source is not None and licence.source.hidden:
        found["hidden"] = list(licence.source.hidden)
    return found


def render(evidence: Evidence, name: str, language: str, columns: int) -> str:
    """The inspection as text that ends with a newline."""
    words = _WORDS[language]
    lines: list[str] = []
    for label, text in _rows(evidence, name, words):
        if not label:
            lines.append("")
            continue
        head = f"{label}: "
        body = wrap(safe(text), columns - 4)
        lines.append(head + body[0] if len(body) == 1 else head)
        lines += [f"    {line}" for line in body] if len(body) > 1 else []
    return "\n".join(lines) + "\n"


Rows = Iterator[tuple[str, str]]


def _rows(evidence: Evidence, name: str, words: dict[str, str]) -> Rows:
    yield words["file"], name
    yield words["container"], evidence.container.upper()
    yield words["size"], f"{evidence.size:,}"
    yield words["sha256"], evidence.sha256
    if evidence.pages:
        yield words["pages"], str(evidence.pages)
    for fault in evidence.faults:
        yield words["fault"], f"{fault.kind} · {fault.place} · {fault.detail}"
    for note in evidence.notes:
        yield words["note"], f"{note.kind} · {note.place} · {note.detail}"
    if evidence.seal is not None and not evidence.signatures:
        yield from _seal(evidence.seal, words)
    elif not evidence.signatures:
        yield words["signature"], words["none"]
    for signature in evidence.signatures:
        yield "", ""
        yield from _signature(signature, words)
    yield "", ""
    yield from _claims(evidence, words)


def _claims(evidence: Evidence, words: dict[str, str]) -> Rows:
    claims = evidence.claims
    if claims.data is not None:
        state = words["covered"] if claims.data_covered else words["open"]
        yield words["data"], f"{claims.data_place}, {len(claims.data)} bytes, {state}"
        yield from _copy(claims.data, words)
    for key, value in claims.metadata.items():
        yield f"{words['metadata']} {safe(key)}", value
    for code in evidence.qr:
        yield f"{words['qr']} ({code.page})", f"{code.kind}: {code.text}"


def _copy(data: bytes, words: dict[str, str]) -> Rows:
    licence = _licence(data)
    if licence is None:
        return
    if licence.copy is not None:
        mark = licence.copy
        until = f" · {words['until']} {mark.expires.isoformat()}" if mark.expires else ""
        yield words["copy"], f"{mark.receiver.name} · {mark.purpose}{until} · {mark.creator.name}"
    if licence.source is not None and licence.source.hidden:
        yield words["hidden"], ", ".join(licence.source.hidden)


def _licence(data: bytes) -> Licence | None:
    """The data as they claim to be; None where they are none, which is for a verdict to tell."""
    try:
        return load(data)
    except InputError:
        return None


def _signature(signature: Signature, words: dict[str, str]) -> Rows:
    yield f"{words['signature']} {signature.index}", f"{signature.kind} ({signature.profile})"
    yield words["place"], signature.place
    if signature.algorithm:
        yield words["algorithm"], signature.algorithm
    if signature.signer is not None:
        yield from _certificate(signature.signer, words)
    if signature.claimed_time is not None:
        yield words["time"], _time(signature.claimed_time)
    for token in signature.timestamps:
        who = token.signer.display if token.signer else "?"
        yield words["stamp"], f"{_time(token.time)} · {who}"
    if signature.seal is not None:
        yield from _seal(signature.seal, words)
    good = sum(1 for d in signature.digests if d.matches)
    bad = [d.place for d in signature.digests if not d.matches]
    if signature.digests:
        differ = f", {len(bad)} {words['differ']}: {', '.join(bad)}" if bad else ""
        yield words["digests"], f"{good} {words['match']}{differ}"
    for part in signature.coverage.uncovered:
        yield words["uncovered"], part
    for place in signature.placements:
        yield words["on_page"], (
            f"{place.page} · {place.x:.1f}, {place.y:.1f} · {place.width:.1f} × {place.height:.1f}"
        )
    for change in signature.changes:
        yield words["change"], f"{change.kind} · {change.place} · {change.detail}"
    for fault in signature.faults:
        yield words["fault"], f"{fault.kind} · {fault.place} · {fault.detail}"
    for note in dict.fromkeys(signature.notes):
        yield words["note"], f"{note.kind} · {note.place} · {note.detail}"


def _certificate(certificate: Certificate, words: dict[str, str]) -> Rows:
    yield words["signer"], str(certificate.subject)
    yield words["issuer"], str(certificate.issuer)
    yield words["valid"], f"{_time(certificate.not_before)} – {_time(certificate.not_after)}"
    yield words["serial"], format(certificate.serial, "x")


def _seal(seal: Seal, words: dict[str, str]) -> Rows:
    yield words["seal"], f"{seal.name} · {seal.id} · v{seal.version} · {seal.vendor}"
    if seal.maker is not None:
        yield words["maker"], str(seal.maker.subject)
    yield words["term"], f"{_time(seal.valid_from)} – {_time(seal.valid_until)}"
    picture = seal.picture
    yield words["picture"], (
        f"{picture.type} · {picture.width} × {picture.height} mm · {len(picture.data)} bytes"
    )


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "?"
