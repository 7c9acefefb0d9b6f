"""Sealing PDFs: every revision is appended, and strict readers accept the result."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elicense.containers import pdf as reader
from elicense.crypto import der
from elicense.crypto.ses import read_signature
from elicense.crypto.sm3 import sm3
from elicense.errors import Error, InputError, UsageError
from elicense.issuing import pdf_objects, pdf_seal
from elicense.issuing.page import Spot
from elicense.issuing.pdf_objects import Name, Ref
from issuing_world import CERTS, SAMPLES, desk, needs_openssl, openssl, sm2_verifies

from samples import licences, sealing  # isort: skip

NOW = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
SM2, RSA = "sealers/guangdong-smc-sm2", "sealers/guangdong-smc-rsa"
PLAIN = (SAMPLES / "unsealed.pdf").read_bytes()
LOOK = pdf_seal.Appearance(sealing.picture_of(licences.TIANJIN_DOC), Spot(1, 142, 226, 40, 40))


def _seal(data: bytes = PLAIN, name: str = RSA, **options: object) -> bytes:
    return pdf_seal.seal_pdf(
        data,
        credential=desk().world.credential(name),
        time=NOW,
        **options,  # type: ignore[arg-type]
    )


def _signatures(data: bytes) -> tuple[reader.PdfSignature, ...]:
    read = reader.read(data)
    assert read.faults == ()
    assert all(item.faults == () for item in read.signatures)
    return read.signatures


@pytest.mark.parametrize("profile", list(pdf_seal.FILTERS))
def test_each_profile_is_one_appended_revision(profile: pdf_seal.Profile) -> None:
    seal = sealing.seal_of(desk(), licences.GUANGDONG_SMC) if profile == "GM.sm2seal" else None
    sealed = _seal(name=SM2, profile=profile, seal=seal, appearance=LOOK)
    assert sealed.startswith(PLAIN)
    (signature,) = _signatures(sealed)
    assert (signature.filter, signature.subfilter) == (pdf_seal.FILTERS[profile], profile)
    assert signature.covers_file
    assert b"".join(signature.segments) == (
        sealed[: signature.byte_range[1]] + sealed[signature.byte_range[2] :]
    )
    assert signature.rect == pytest.approx((402.52, 87.87, 515.91, 201.26), abs=0.01)


def test_sm2_profiles_sign_what_their_convention_says(tmp_path: Path) -> None:
    certificate = CERTS / f"{SM2}.pem"
    (signature,) = _signatures(_seal(name=SM2, profile="GM.sm2cms.detached"))
    digest = sm3(b"".join(signature.segments))
    info = der.parse(signature.contents).children()[1].only().children()
    assert der.octets(digest) in info[2].raw  # eContent
    value = info[-1].children()[0].children()[-1].body
    assert sm2_verifies(certificate, digest, value, tmp_path)

    seal = sealing.seal_of(desk(), licences.GUANGDONG_SMC)
    (signature,) = _signatures(_seal(name=SM2, profile="GM.sm2seal", seal=seal))
    signed = read_signature(signature.contents, place="Contents")
    assert signed.data_hash == sm3(b"".join(signature.segments))
    assert signed.property_info == " ".join(str(n) for n in signature.byte_range)
    assert sm2_verifies(certificate, signed.tbs, signed.signature, tmp_path)


@needs_openssl
def test_openssl_verifies_the_rsa_value_over_the_ranges(tmp_path: Path) -> None:
    (signature,) = _signatures(_seal(profile="ETSI.CAdES.detached"))
    (tmp_path / "p7").write_bytes(signature.contents)
    (tmp_path / "content").write_bytes(b"".join(signature.segments))
    done = openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "p7",
                   "-content", tmp_path / "content", "-purpose", "any", "-cades",
                   "-CAfile", CERTS / "roots/test-root-rsa.pem", "-out", "/dev/null")  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_second_seal_keeps_the_first() -> None:
    first = _seal(appearance=LOOK)
    second = _seal(first, field="Seal2", appearance=pdf_seal.Appearance(
        LOOK.picture, Spot(2, 140, 200, 30, 30)))  # fmt: skip
    one, two = _signatures(second)
    assert (one.field, two.field) == ("Seal1", "Seal2")
    assert not one.covers_file and two.covers_file
    assert [change.allowed for change in one.changes] == [True]


def test_long_term_data_and_document_timestamp_are_allowed_changes() -> None:
    world = desk().world
    sealed = _seal()
    more = pdf_seal.add_validation_data(
        sealed, certificates=(world.entities["ca/guangdong-rsa"].certificate,), crls=(b"\x30\x00",)
    )
    again = pdf_seal.add_validation_data(more, ocsps=(b"\x30\x00",))
    final = pdf_seal.timestamp_pdf(again, stamp=desk().stamp(NOW, "rsa"))
    signature, stamp = _signatures(final)
    assert {change.kind for change in signature.changes} == {"dss", "document-timestamp"}
    assert all(change.allowed for change in signature.changes)
    assert (stamp.type, stamp.subfilter) == ("DocTimeStamp", "ETSI.RFC3161")
    with pikepdf.open(BytesIO(final)) as pdf:
        store = pdf.Root.DSS
        assert [len(store[key]) for key in ("/Certs", "/CRLs", "/OCSPs")] == [1, 1, 1]


def test_a_file_with_a_cross_reference_stream_gets_another() -> None:
    target = BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        pdf.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    sealed = _seal(target.getvalue(), appearance=LOOK)
    (signature,) = _signatures(sealed)
    assert signature.covers_file
    assert b"\nxref\n" not in sealed[len(target.getvalue()) :]
    with pikepdf.open(BytesIO(sealed), attempt_recovery=False) as pdf:
        assert str(pdf.Root.AcroForm.Fields[-1].T) == "Seal1"


def test_a_form_that_is_there_keeps_its_fields() -> None:
    target = BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        field = pikepdf.Dictionary(FT=pikepdf.Name.Tx, T="Name")
        pdf.Root.AcroForm = pikepdf.Dictionary(
            Fields=[pdf.make_indirect(field)], NeedAppearances=False
        )
        pdf.save(target)
    with pikepdf.open(BytesIO(_seal(target.getvalue()))) as pdf:
        assert [str(item.T) for item in pdf.Root.AcroForm.Fields] == ["Name", "Seal1"]
        assert pdf.Root.AcroForm.NeedAppearances is False


def test_the_place_follows_an_inherited_media_box_and_no_rotation() -> None:
    target, rotated = BytesIO(), BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        pdf.Root.Pages.MediaBox = [0, 0, 1000, 1000]
        for page in pdf.pages:
            del page.obj.MediaBox
        pdf.save(target)
        pdf.pages[0].rotate(90, relative=False)
        pdf.save(rotated)
    (signature,) = _signatures(_seal(target.getvalue(), appearance=LOOK))
    assert signature.rect is not None
    assert signature.rect[3] == pytest.approx(1000 - 226 / 25.4 * 72, abs=0.01)
    with pytest.raises(UsageError):
        _seal(rotated.getvalue(), appearance=LOOK)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"profile": "GM.sm2seal"}, "pdf.profile"),
        ({"seal": b"\x30\x00"}, "pdf.profile"),
        ({"size": 1000}, "pdf.room"),
        ({"appearance": pdf_seal.Appearance(LOOK.picture, Spot(3, 0, 0, 10, 10))}, "pdf.page"),
        ({"profile": "GM.sm2cms.detached"}, "cms.algorithm"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, object], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        _seal(**options)
    assert caught.value.code == code


def test_a_field_name_is_used_once() -> None:
    with pytest.raises(UsageError) as caught:
        _seal(_seal())
    assert caught.value.code == "pdf.field"


def test_what_is_not_a_sound_pdf_is_not_sealed() -> None:
    encrypted = BytesIO()
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        pdf.save(encrypted, encryption=pikepdf.Encryption(owner="o", user=""))
    for data in (b"", b"%PDF-1.7\n", PLAIN[:-20], PLAIN + b"more", encrypted.getvalue()):
        with pytest.raises(InputError):
            _seal(data)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(PLAIN) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_files_give_an_error_of_ours_or_a_seal(at: int, junk: bytes) -> None:
    damaged = PLAIN[:at] + junk + PLAIN[at + len(junk) :]
    try:
        sealed = _seal(damaged)
    except Error:
        return
    assert sealed.startswith(damaged)


def test_values_are_written_as_the_standard_says() -> None:
    assert pdf_objects.encode(Name("A b#/(符")) == b"/A#20b#23#2F#28#E7#AC#A6"
    assert pdf_objects.encode("a(b)\\") == b"(a\\(b\\)\\\\)"
    assert pdf_objects.encode("符") == b"<FEFF7B26>"
    assert pdf_objects.encode([1, -0.00001, 2.5, True, None, Ref(3), b"\x0f"]) == (
        b"[1 0 2.5 true null 3 0 R <0F>]"
    )
    assert pdf_objects.date(NOW) == "D:20260301020000+00'00'"


def test_the_data_is_an_associated_file_with_its_exact_bytes() -> None:
    data = sealing.data_of(licences.TIANJIN_DOC)
    with pikepdf.open(BytesIO(PLAIN)) as pdf:
        (file,) = pdf.Root.AF
        assert str(file.AFRelationship) == "/Data"
        assert file.EF.F.read_bytes() == data
        assert bytes(pdf.attachments["licence.json"].get_file().read_bytes()) == data
        xmp = pdf.Root.Metadata.read_bytes().decode()
    assert sm3(data).hex() in xmp
    assert licences.TIANJIN_DOC.identifier in xmp
