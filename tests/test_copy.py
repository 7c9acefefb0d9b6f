"""Annotated copies 加注件: what is hidden is nowhere in the file, and the rest verifies."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import date, timedelta

import pikepdf
import pytest

import elicense
from copying import AT, BANK, PURPOSE, UNTIL, copy, data_of, licence_of, original, verify
from elicense import licence as licences
from elicense import profiles
from elicense.issuing import copy_source
from elicense.licence import CopyParty
from issue_world import TYPES, credential, options, seal, stamp, trust

FORMATS = ("ofd", "pdf")


def outcomes(report: elicense.Report, code: str) -> list[tuple[str, str, str]]:
    return [(f.subject, str(f.outcome), f.reason) for f in report.findings if f.code == code]


def contents(file: bytes) -> bytes:
    """Everything in a file: its bytes, its entries or streams unpacked, its texts."""
    parts = [file]
    if file[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
    else:
        with pikepdf.open(io.BytesIO(file)) as pdf:
            parts += [o.read_bytes() for o in pdf.objects if isinstance(o, pikepdf.Stream)]
            parts += [str(o).encode() for o in pdf.objects if isinstance(o, pikepdf.Dictionary)]
    evidence = elicense.open(file)
    parts += [line.encode() for page in evidence.claims.text or () for line in page]
    parts += [repr(dict(evidence.claims.metadata)).encode()]
    parts += [repr(licences.load(data_of(file))).encode(), data_of(file)]
    return b"\n".join(parts)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_hides_all_it_may_and_verifies(kind: str, format: str) -> None:
    file = original(kind)
    names = [item.name for item in copy_source.read_original(file).hideable]
    made = copy(file, hide=names, format=format)
    report = verify(made)
    assert report.missing in {(), ("rules",)}  # an SMC rests on its company's DOC as well
    assert {f.code[:4] for f in report.deciding} <= {"ism."}
    assert len(licence_of(made).source.hidden) == len(names)  # type: ignore[union-attr]
    assert ("licence", "WARN", "") in outcomes(report, "copy.hidden")


@pytest.mark.parametrize("format", FORMATS)
def test_a_copy_with_two_fields_hidden_is_valid_and_names_them(format: str) -> None:
    report = verify(copy(original(), hide=["officer", "holder.code"], format=format))
    assert report.verdict == "VALID"
    found = next(f for f in report.findings if f.code == "copy.hidden")
    assert "签发人" in found.message("zh")
    assert "Unified social credit code" in found.message("en")
    assert ("attestation", "PASS", "") in outcomes(report, "authority.licence-type")
    assert ("signature:1", "PASS", "copy") in outcomes(report, "authority.licence-type")


@pytest.mark.parametrize("format", FORMATS)
def test_a_hidden_value_is_nowhere_in_the_file(format: str) -> None:
    file = original()
    source = licence_of(file)
    hideable = copy_source.read_original(file).hideable
    made = copy(file, hide=[item.name for item in hideable], format=format)
    everything = contents(made)
    members = licences.tree(source)
    from elicense.canonical import value_at

    for item in hideable:
        value = str(value_at(members, item.path))
        if value in {"CN", source.issuer.region} or item.path == "issuer.name_en":
            continue  # a country's and a region's code, and a name in certificates, are elsewhere
        assert value.encode() not in everything, item.path
        assert licences.load(data_of(file)).source.salts[item.path] not in everything  # type: ignore[union-attr]


def test_fonts_of_a_copy_hold_no_character_of_a_hidden_value() -> None:
    """A font cut to what is shown would otherwise tell the letters of what is not."""
    from dataclasses import replace

    shown = TYPES["msa-doc"]
    licence = replace(shown, fields={**shown.fields, "officer": "韦骞"})
    file = elicense.issue(licence, format="pdf", **options(licence))
    for format in FORMATS:
        made = copy(file, hide=["officer"], format=format)
        assert not set("韦骞") & set(_characters(made)), format
        assert "渤" in _characters(made)
    assert "骞" in _characters(file)


def _characters(file: bytes) -> str:
    """Every character that a font in the file has a glyph for, or a map says it has."""
    from fontTools.ttLib import TTFont

    found = ""
    streams: list[bytes] = []
    if file[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            streams = [archive.read(n) for n in archive.namelist()]
    else:
        with pikepdf.open(io.BytesIO(file)) as pdf:
            streams = [o.read_bytes() for o in pdf.objects if isinstance(o, pikepdf.Stream)]
    for data in streams:
        if data[:4] in (b"\x00\x01\x00\x00", b"OTTO", b"true"):
            font = TTFont(io.BytesIO(data))
            if "cmap" in font:
                found += "".join(map(chr, font.getBestCmap() or {}))
        for code in re.findall(rb"<[0-9A-Fa-f]{4}> <([0-9A-Fa-f]{4})>", data):
            found += chr(int(code, 16))
        found += data.decode("utf-8", "ignore") if b"<ofd:" in data else ""
    return found


@pytest.mark.parametrize("format", FORMATS)
def test_every_page_and_the_metadata_say_for_whom_for_what_and_until_when(format: str) -> None:
    made = copy(original(), format=format)
    claims = elicense.open(made).claims
    assert claims.text is not None
    assert len(claims.text) == 2
    for page in claims.text:
        text = "".join(page).replace(" ", "")
        assert BANK.name in text
        assert PURPOSE in text
        assert "2026年12月01日" in text
    homes = [""] if format == "ofd" else ["Info/", "xmp/{urn:elicense:licence:1#}"]
    for home in homes:
        assert claims.metadata[f"{home}JZJZZZ"] == "天津海事局"
        assert claims.metadata[f"{home}JZJYXQJZSJ"] == UNTIL.isoformat()
        assert PURPOSE in claims.metadata[f"{home}JZJZZSY"]
        assert claims.metadata[f"{home}JZJZZSJ"] == "2026-11-01 09:00:00"


def test_a_copy_shows_no_seal_of_the_issuer_and_no_box_for_endorsements() -> None:
    for format in FORMATS:
        evidence = elicense.open(copy(original(), format=format))
        assert [s.seal for s in evidence.signatures] == [None]
        assert evidence.boxes == ()
        assert all(not s.placements for s in evidence.signatures)


@pytest.mark.parametrize("format", FORMATS)
def test_the_copying_office_may_use_its_own_seal(format: str) -> None:
    own = seal("copy/tianjin-sm2")
    report = verify(copy(original(), seal=own, format=format, timestamp=stamp(TYPES["msa-doc"])))
    assert report.verdict == "VALID"
    assert report.evidence.signatures[0].placements


def test_a_copy_of_an_rsa_sealed_pdf_is_valid() -> None:
    report = verify(copy(original(format="pdf", family="rsa"), hide=["tracking_number"]))
    assert report.verdict == "VALID"
    assert report.evidence.container == "pdf"


def test_a_copy_may_be_made_where_the_holder_is() -> None:
    made = copy(original(), signer=credential("copy/guangdong-sm2"))
    assert verify(made).verdict == "VALID"
    assert licence_of(made).copy.creator.name == "广东海事局"  # type: ignore[union-attr]


def test_a_copy_says_when_it_has_run_out_or_is_for_another() -> None:
    made = copy(original())
    late = verify(made, at=AT + timedelta(days=31))
    assert late.verdict == "INVALID"
    assert ("licence", "FAIL", "expired") in outcomes(late, "copy.validity")
    assert verify(made, at=AT + timedelta(days=30)).verdict == "VALID"
    early = verify(made, at=AT - timedelta(days=1))
    assert ("licence", "FAIL", "not-yet") in outcomes(early, "copy.validity")
    for own in (BANK.name, BANK.code, " 渤海银行 股份有限公司天津分行 "):
        report = verify(made, receiver=own)
        assert report.verdict == "VALID"
        assert ("licence", "PASS", "") in outcomes(report, "copy.purpose")
    other = verify(made, receiver="另一家银行")
    assert other.verdict == "INVALID"
    assert ("licence", "FAIL", "other-receiver") in outcomes(other, "copy.purpose")


def test_the_report_names_the_copy() -> None:
    import jsonschema

    from elicense.report import schema

    report = verify(copy(original(), hide=["officer"]), receiver=BANK.code)
    found = report.to_dict()
    assert found["copy"]["purpose"] == PURPOSE
    assert found["copy"]["receiver"] == {"name": BANK.name, "code": BANK.code}
    assert found["copy"]["hidden"] == ["fields.officer"]
    assert found["copy"]["asked"] == BANK.code
    jsonschema.validate(json.loads(report.to_json()), schema())


def test_text_and_html_say_that_it_is_a_copy_and_what_it_hides() -> None:
    from elicense.render import html, text

    made = copy(original(), hide=["officer"])
    for language, words in (("zh", ("加注件", BANK.name, PURPOSE, "签发人")),
                            ("en", ("annotated copy", "Duly authorized official"))):  # fmt: skip
        plain = text.render(verify(made), text.Style(language, 4000))
        page = html.render(verify(made), data=made, language=language)
        for word in words:
            assert word in plain
            assert word in page


def test_an_original_says_that_copies_can_be_made() -> None:
    report = verify(original())
    assert report.verdict == "VALID"
    assert outcomes(report, "licence.attestation") == [("licence", "PASS", "")]
    assert "copy" not in report.to_dict()


# -- what is refused --------------------------------------------------------------------


def test_a_field_that_may_not_be_hidden_is_refused_by_name() -> None:
    for name in ("valid_from", "regime", "holder_name", "number", "no_such_field", "validity"):
        with pytest.raises(elicense.UsageError, match="can: ") as caught:
            copy(original(), hide=[name])
        assert caught.value.code == "copy.hide"


def test_a_licence_without_attestation_is_refused_and_told_what_to_do() -> None:
    from pathlib import Path

    sample = Path(__file__).parent.parent / "examples" / "samples" / "tianjin-doc.ofd"
    with pytest.raises(elicense.InputError, match="reissue") as caught:
        copy(sample.read_bytes())
    assert caught.value.code == "copy.attestation"


def test_a_copy_of_a_copy_and_of_an_endorsed_licence_are_refused() -> None:
    with pytest.raises(elicense.InputError, match="original"):
        copy(copy(original()))
    licence = TYPES["msa-doc"]
    signed = options(licence)
    endorsed = elicense.endorse(
        original(),
        elicense.Endorsement("annual-1", date=date(2027, 2, 20), place="天津", officer="王某"),
        seal=signed["seal"], signer=signed["signer"],
        time=AT.replace(year=2027, month=2, day=20),
    )  # fmt: skip
    with pytest.raises(elicense.InputError, match="endorse") as caught:
        copy(endorsed)
    assert caught.value.code == "copy.endorsed"


def test_a_licence_that_does_not_verify_is_not_copied() -> None:
    file = original()
    spoiled = bytearray(file)
    middle = len(file) // 2
    spoiled[middle] ^= 1
    with pytest.raises(elicense.Error):
        copy(bytes(spoiled))
    with pytest.raises(elicense.Error, match="does not verify"):
        copy(file, trust=elicense.TrustStore.empty(), creator=BANK)


def test_marks_that_nobody_could_read_are_refused() -> None:
    for wrong in (
        {"purpose": ""}, {"purpose": "x" * 201}, {"purpose": "a\nb"}, {"receiver": ""},
        {"receiver": CopyParty("x", "y" * 33)}, {"until": date(2026, 10, 31)},
        {"until": date(2031, 3, 1)}, {"until": timedelta(days=10**8)},
        {"time": AT.replace(tzinfo=None)},
        {"trust": None}, {"signer": options(TYPES["msa-doc"])["signer"]},
    ):  # fmt: skip
        with pytest.raises(elicense.UsageError):
            copy(original(), **wrong)


def test_a_copy_can_be_made_without_a_trust_store() -> None:
    made = copy(original(), trust=None, creator=CopyParty("天津海事局", "11120000000000T122"))
    assert elicense.open(made).signatures


def test_profiles_let_no_copy_hide_what_dates_rest_on() -> None:
    for profile in profiles.all():
        for item in profile.fields:
            assert not (item.maskable and item.path.startswith("validity.")), item.path
    assert trust()
