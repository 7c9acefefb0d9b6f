"""The QR code of an annotated copy: marked as one, signed by its maker, no proof by itself."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

import elicense
from copying import AT, BANK, MAKER, UNTIL, copy, data_of, original, qr_key
from elicense import licence as licences
from elicense.evidence import Evidence, QrCode
from elicense.issuing import qr_code
from elicense.issuing.credential import Credential
from elicense.licence import CopyMark
from elicense.qr import payload, strict_cbor
from elicense.verifying import judge
from issue_world import TYPES, credential, trust


def code_of(file: bytes) -> str:
    (code,) = elicense.open(file).qr
    assert code.kind == "el1"
    return code.text


def sheet(text: str, **more: object) -> elicense.Report:
    """A scan that shows this code, and nothing else."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    evidence = Evidence("qr", len(text), digest, qr=(QrCode(1, text, "el1"),), sheet=True)
    return judge(evidence, name="scan", trust=trust(), **{"at": AT, "now": AT, **more})  # type: ignore[arg-type]


def codes(report: elicense.Report) -> set[tuple[str, str, str]]:
    return {(f.code, str(f.outcome), f.reason) for f in report.findings}


def test_it_says_for_whom_and_until_when_and_nothing_that_is_hidden() -> None:
    made = copy(original(), hide=["holder_code", "tracking_number"])
    read = payload.decode(code_of(made))
    assert read.licence.copy == CopyMark(BANK, UNTIL)
    assert "holder.code" not in read.fields
    assert "fields.tracking_number" not in read.fields
    assert read.data_digest == licences.data_digest(data_of(made))
    assert read.kid == payload.key_id(credential(MAKER).certificate)
    assert payload.decode(code_of(original())).licence.copy is None


def test_a_scan_of_a_copy_is_never_valid_and_says_why() -> None:
    text = code_of(copy(original()))
    report = sheet(text, compared=True)
    assert report.verdict == "INDETERMINATE"
    assert ("qr.signature", "UNKNOWN", "copy") in codes(report)
    found = report.deciding[0]
    assert found.code == "qr.signature"
    assert BANK.name in found.message("zh")
    assert UNTIL.isoformat() in found.message("en")
    assert "copy.purpose" in {f.code for f in report.findings}
    assert report.to_dict()["copy"]["receiver"]["code"] == BANK.code
    assert sheet(code_of(original()), compared=True).verdict == "VALID"


def test_a_scan_of_a_copy_that_ran_out_or_is_for_another_says_so() -> None:
    text = code_of(copy(original()))
    late = sheet(text, at=AT + timedelta(days=40), compared=True)
    assert late.verdict == "INVALID"
    assert ("copy.validity", "FAIL", "expired") in codes(late)
    other = sheet(text, receiver="另一家", compared=True)
    assert ("copy.purpose", "FAIL", "other-receiver") in codes(other)


def _signed(file: bytes, key: Credential, *, marked: bool) -> str:
    """The code of a file's data under any key, with the mark of a copy or without."""
    data = data_of(file)
    licence = licences.load(data)
    licence = replace(licence, copy=CopyMark(BANK, UNTIL) if marked else None)
    return payload.encode(
        licence, data_digest=licences.data_digest(data), algorithm="sm2",
        sign=lambda message: qr_code.raw_value(key, message),
        kid=payload.key_id(key.certificate),
    )  # fmt: skip


def test_a_code_by_a_copys_key_that_is_not_marked_is_nobodys() -> None:
    report = sheet(_signed(original(), credential(MAKER), marked=False), compared=True)
    assert report.verdict == "INDETERMINATE"
    assert ("qr.signature", "UNKNOWN", "key-not-listed") in codes(report)


def test_a_code_marked_as_a_copys_by_the_key_for_originals_is_nobodys() -> None:
    report = sheet(_signed(original(), qr_key(TYPES["msa-doc"]), marked=True), compared=True)
    assert report.verdict == "INDETERMINATE"
    assert ("qr.signature", "UNKNOWN", "key-not-listed") in codes(report)


def test_the_mark_cannot_be_changed() -> None:
    text = code_of(copy(original()))
    message = payload._message(text)
    protected, body, signature = payload._cose_sign1(message)
    header = dict(strict_cbor.loads(protected))
    header[-65602] = [*header[-65602][:2], [1, 20000, "另一家", None]]
    changed = strict_cbor.dumps([strict_cbor.dumps(header), {}, body, signature])
    report = sheet(payload.PREFIX + payload._base45(changed), compared=True)
    assert report.verdict == "INVALID"
    assert ("qr.signature", "FAIL", "") in codes(report)


def test_the_originals_code_on_a_copy_is_called_out() -> None:
    made = copy(original())
    evidence = elicense.open(made)
    swapped = replace(evidence, qr=elicense.open(original()).qr)
    report = judge(swapped, name="x", trust=trust(), at=AT, now=AT)
    assert report.verdict == "INVALID"
    assert ("agreement.qr-data", "FAIL", "original") in codes(report)
    other = replace(evidence, qr=elicense.open(copy(original(), purpose="另一件事")).qr)
    report = judge(other, name="x", trust=trust(), at=AT, now=AT)
    assert ("agreement.qr-data", "FAIL", "other-version") in codes(report)


@pytest.mark.parametrize(
    "mark",
    [
        [], [1], [2, 9800, "x", None], [True, 9800, "x", None], [1, None, "x", None],
        [1, 9800, "", None], [1, 9800, "x", ""], [1, 9800, "x", 0], [1, 9800, 5, None],
        [1, 9800, "a\nb", None], [1, 9800, " x", None], [1, 9800, "x" * 101, None],
        [1, "9800", "x", None], [1, 2**60, "x", None], {}, "x", None, 1,
        [1, 9800, "x", None, 1], [1, 9800, "e\u0301", None],
    ],
)  # fmt: skip
def test_a_mark_that_is_malformed_is_refused(mark: object) -> None:
    message = payload._message(code_of(copy(original())))
    protected, body, signature = payload._cose_sign1(message)
    header = dict(strict_cbor.loads(protected))
    header[-65602] = [*header[-65602][:2], mark]
    changed = strict_cbor.dumps([strict_cbor.dumps(header), {}, body, signature])
    with pytest.raises(elicense.InputError):
        payload.decode(payload.PREFIX + payload._base45(changed))

