"""The operations of the sharing interface, whichever dialect asks for them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from elicense.crypto.ses import CHINA
from elicense.crypto.sm3 import sm3
from elicense.errors import Error, InputError, UsageError
from elicense.qr.kinds import classify
from elicense.registry import downloads, records
from elicense.registry.credentials import Caller
from elicense.registry.records import Record
from elicense.web import copying, sharing
from elicense.web.context import Service
from elicense.web.dialect_a import cert_data
from elicense.web.jobs import CodeJob, FileJob, Terms
from elicense.web.sharing import Answer, Refused

_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who, what (``values`` are checked texts, ``data`` all that was sent), when."""

    running: Service
    who: Caller
    values: Mapping[str, str]
    data: Mapping[str, Any]
    now: datetime

    @property
    def full(self) -> bool:
        return "unmasked" in self.who.scopes

    def terms(self) -> Terms:
        return Terms(self.now, self.now, self.running.settings.policy, "zh")


Run = Callable[[Call], Awaitable[Answer]]


async def query(call: Call) -> Answer:
    """queryCertInfo."""
    return await _told(call, call.values["certIdentifier"])


async def _told(call: Call, identifier: str) -> Answer:
    """A licence that is not in force is told too, with a status that says so."""
    record = await call.running.find(identifier)
    if record is None:
        return Answer(10, subject=identifier)
    data = await run_in_threadpool(sharing.metadata, record, full=call.full)
    return Answer(sharing.status_of(record, call.now), data, subject=identifier)


async def query_by_holder(call: Call) -> Answer:
    """queryCertInfoByHolderCode: every licence of the holder, with its state in KZ_ZZZT."""
    def told() -> list[dict[str, Any]]:
        return [sharing.metadata(record, full=call.full) for record in _of_holder(call)]

    found = await run_in_threadpool(told)  # up to 200 licences are read for it
    return Answer(0, found) if found else Answer(10)


def _of_holder(call: Call) -> Sequence[Record]:
    """What fits is chosen before it is capped: other licences of the holder hide none."""
    asked = call.values
    with call.running.registry.look() as connection:
        return records.by_holder(
            connection, asked["holderCode"], type_code=asked["certTypeCode"],
            code_type=asked.get("holderTypeCode", ""), number=asked.get("certNo", ""),
        )  # fmt: skip


async def download_urls_by_holder(call: Call) -> Answer:
    """downloadUrlsByHolderCode: an address for each licence that is in force."""
    found = await run_in_threadpool(_of_holder, call)
    if not found:
        return Answer(10)
    usable = [record for record in found if not sharing.status_of(record, call.now)]
    if not usable:
        return Answer(sharing.status_of(found[0], call.now))
    return Answer(0, [await run_in_threadpool(_address, call, record) for record in usable])


async def query_by_code(call: Call) -> Answer:
    """queryCertInfoByQRcode: a signed code is believed only when its signature is proven by the
    trust store and its digest is that of what is registered; a bare identifier is looked up."""
    text = call.values["qrcode"]
    code = classify(text)
    if code.kind == "identifier" and code.identifier is not None:
        return await _told(call, code.identifier.text)
    if code.kind != "el1":
        raise Refused(102, "qrcode: neither a signed code nor an identifier")
    judged = json.loads((await call.running.workers.judge(CodeJob(call.terms(), text))).json)
    proven = any(f["code"] == "qr.signature" and f["outcome"] == "PASS" for f in judged["findings"])
    if not proven:
        raise Refused(102, "qrcode: its signature is not proven")
    identifier = str(judged["licence"].get("identifier", ""))
    record = await call.running.find(identifier)
    if record is not None and record.data is not None and not _of(record.data, judged):
        return Answer(102, detail="qrcode: it is of other data than registered",
                      subject=identifier)  # fmt: skip
    return await _told(call, identifier)


def _of(data: bytes, judged: Mapping[str, Any]) -> bool:
    digest = judged["data_digest"]
    made = sm3(data) if digest["algorithm"] == "sm3" else hashlib.sha256(data).digest()
    return bool(made.hex() == digest["value"])


async def download_url(call: Call) -> Answer:
    """downloadUrl: an address for one download, for about ten minutes."""
    identifier = call.values["certIdentifier"]
    record = await _usable(call, identifier)
    return Answer(0, await run_in_threadpool(_address, call, record), subject=identifier)


async def _usable(call: Call, identifier: str) -> Record:
    record = await call.running.find(identifier)
    if record is None:
        raise Refused(10)
    if status := sharing.status_of(record, call.now):
        raise Refused(status)
    return record


def _address(call: Call, record: Record) -> dict[str, str]:
    until = call.now + downloads.GOOD_FOR
    if text := call.values.get("expiryTime"):
        until = min(until, _moment(text, "expiryTime", call.now))
    with call.running.registry.change() as connection:
        token = downloads.create(
            connection, record, caller=call.who.access_id, now=call.now, until=until,
            purpose=call.values.get("useCause", ""),
        )  # fmt: skip
    base = call.running.settings.public_url.rstrip("/")
    return {
        "certIdentifier": record.identifier,
        "url": f"{base}/api/dialect-a/download/{token}",
        "expiryTime": until.astimezone(CHINA).strftime(_TIMES[0]),
    }


def _moment(text: str, name: str, now: datetime) -> datetime:
    """A time to come, in China's clock."""
    for form in _TIMES:
        try:
            found = datetime.strptime(text, form).replace(tzinfo=CHINA)
        except ValueError:
            continue
        if found > now:
            return found
        raise Refused(102, f"{name}: it is past")
    raise Refused(102, f"{name}: YYYY-MM-DD HH:MM:SS or YYYYMMDDHHMMSS")


async def download_file(call: Call) -> Answer:
    """downloadFile: an annotated copy 加注件 for whoever asks, where the service is set up to
    make them; else the sealed file itself, ``annotated`` is false, and an end of use that
    would stand on nothing is refused (status 2)."""
    identifier = call.values["certificateIdentifier"]
    format = call.values.get("fileType", "").lower()
    if format not in {"", "ofd", "pdf"}:
        raise Refused(102, "fileType: ofd or pdf")
    text = call.values.get("certificateCopyExpiringTime")
    until = _moment(text, "certificateCopyExpiringTime", call.now) if text else None
    record = await _usable(call, identifier)
    if copying.offered(call.running):
        why = call.values["certificateCopyCause"]
        return await _copied(call, record, format, why, until)
    if until is not None:
        raise Refused(2, "certificateCopyExpiringTime: annotated copies are not made here")

    def look() -> records.File | None:
        with call.running.registry.look() as connection:
            return records.file(connection, record, format)

    found = await run_in_threadpool(look)
    if found is None or found.data is None:
        raise Refused(10, "no such file")
    return Answer(0, {
        "certIdentifier": identifier, "fileType": found.format, "contentType": "base64",
        "content": base64.b64encode(found.data).decode(), "annotated": False,
    }, "加注件未生成 (no annotated copy: this is the sealed file)", identifier)  # fmt: skip


async def _copied(
    call: Call, record: Record, format: str, why: str, until: datetime | None
) -> Answer:
    wanted = copying.Wanted(
        record.identifier, why, copying.receiver_of(call.who), format,
        until.astimezone(CHINA).date() if until else None,
    )  # fmt: skip
    try:
        made = await run_in_threadpool(copying.make, call.running, wanted, now=call.now)
    except Error as error:
        raise Refused(99, f"no annotated copy can be made: {error.code}") from error
    if made is None:
        raise Refused(10, "no such file")
    return Answer(0, {
        "certIdentifier": record.identifier, "fileType": made.format, "contentType": "base64",
        "content": base64.b64encode(made.data).decode(), "annotated": True,
        "certificateCopyExpiringTime": made.until.isoformat(),
    }, "加注件 (annotated copy)", record.identifier)  # fmt: skip


async def verify_data(call: Call) -> Answer:
    """verifyCertInfo. Which of the data is wrong is not told: that would help to guess."""
    given = cert_data(call.data)
    if given is None:
        return _verified(6)

    def look() -> Sequence[Record]:
        with call.running.registry.look() as connection:
            found = records.by_number(connection, given["ZZBH"])
        return [r for r in found if sharing.type_code(r) == call.values["certTypeCode"]]

    found = await run_in_threadpool(look)
    return _verified(sharing.data_result(found, given, call.now), given["ZZBH"])


async def verify_file(call: Call) -> Answer:
    """verifyFile: judged as every file is, then compared with the registry."""
    if call.values["contentType"] != "base64":
        raise Refused(102, "contentType: base64")
    try:
        data = base64.b64decode(call.values["content"], validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Refused(102, "content: not base64") from exc
    try:
        judged = await call.running.workers.judge(FileJob(call.terms(), "content", data))
    except (InputError, UsageError):
        return _verified(4)  # what cannot be read, or not in time, is not verified
    report = json.loads(judged.json)

    def look() -> Record | None:
        with call.running.registry.look() as connection:
            return records.by_file(connection, hashlib.sha256(data).digest())

    exact = await run_in_threadpool(look)
    told = report.get("licence") or {}
    identifier = str(told.get("identifier", ""))
    record = exact or (await call.running.find(identifier) if identifier else None)
    issuer = (told.get("issuer") or {}).get("code", "")
    result = sharing.file_result(
        report, call.values["certTypeCode"], record, call.now, exact=exact is not None,
        own=issuer == call.running.settings.uscc,
    )  # fmt: skip
    return _verified(result, record.identifier if record else "")


def _verified(result: int, subject: str = "") -> Answer:
    return Answer(0, sharing.verified(result), subject=subject, outcome=f"0/{result}")


RUN: Mapping[str, Run] = {
    "queryCertInfo": query,
    "queryCertInfoByHolderCode": query_by_holder,
    "downloadUrlsByHolderCode": download_urls_by_holder,
    "queryCertInfoByQRcode": query_by_code,
    "downloadUrl": download_url,
    "downloadFile": download_file,
    "verifyCertInfo": verify_data,
    "verifyFile": verify_file,
}
