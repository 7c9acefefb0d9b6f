"""``elicense profiles``, ``licence`` and ``qr``: exit code, stdout, stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from elicense import licence as lic
from elicense import profiles
from issuing_world import CERTS, SAMPLES
from test_cli import AT, TRUST, run

from samples import licences  # isort: skip

KEY = ("--key", f"file:{CERTS / 'keys' / 'qr' / 'tianjin-sm2.pem'}")
CERT = ("--cert", str(CERTS / "qr" / "tianjin-sm2.pem"))
DOC = str(SAMPLES / "tianjin-doc.ofd")


@pytest.fixture
def doc(tmp_path: Path) -> str:
    path = tmp_path / "licence.json"
    path.write_bytes(licences.data_of(licences.TIANJIN_DOC))
    return str(path)


# -- profiles -----------------------------------------------------------------------------


def test_profiles_are_listed_and_unconfirmed_codes_are_marked() -> None:
    code, out, err = run("profiles", ELICENSE_LANG="en")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == [item.id for item in profiles.all()]
    assert all("[unconfirmed, not official]" in line for line in lines)
    assert run("profiles", "--lang", "zh")[1].count("未经确认，非官方代码") == len(lines)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_profile_is_shown_whole(lang: str) -> None:
    code, out, _ = run("profiles", "show", "msa-smc", "--lang", lang)
    assert code == 0
    mark = {"zh": "条款与月数未经确认", "en": "paragraph and months unconfirmed"}[lang]
    for wanted in ("fields.imo_number", "extension-13.13", "oil-tanker", "13.8", mark):
        assert wanted in out
    assert {"zh": "安全管理证书", "en": "Safety Management Certificate"}[lang] in out


def test_the_schema_is_json_and_an_unknown_profile_is_named() -> None:
    code, out, _ = run("profiles", "show", "msa-doc", "--json-schema")
    assert code == 0
    assert json.loads(out)["$id"] == "urn:elicense:licence:1:msa-doc"
    code, out, err = run("profiles", "show", "msa-dog")
    assert (code, out) == (2, "")
    assert "'msa-dog' is no licence type known here; do you mean msa-doc" in err
    assert "do you mean" not in run("profiles", "show", "9")[2]


# -- licence ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gbt36903", "compendium"])
def test_data_go_to_another_form_and_come_back(form: str, tmp_path: Path) -> None:
    code, out, err = run("licence", "convert", DOC, "--to", form)
    assert (code, err) == (0, "")
    other = tmp_path / "other.json"
    other.write_text(out, encoding="utf-8")
    code, back, err = run("licence", "convert", str(other), "--from", form, "--to", "licence")
    assert (code, err) == (0, "")
    assert lic.load(back.strip().encode()) == licences.TIANJIN_DOC


def test_every_fault_of_a_form_is_told_and_nothing_is_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"ZZMC": "符合证明", "ZZBFRQ": "soon", "KZ_COLOUR": "red"}', "utf-8")
    code, out, err = run("licence", "convert", str(bad), "--from", "gbt36903", "--to", "licence")
    assert (code, out) == (4, "")
    for name in ("ZZBFRQ", "KZ_COLOUR", "ZZBS", "ZZBH", "CZZT"):
        assert f"{name}: " in err


def test_the_state_goes_with_the_imo_data_set_alone(doc: str) -> None:
    code, out, _ = run("licence", "convert", doc, "--to", "compendium", "--state", "withdrawn")
    assert code == 0 and json.loads(out)["certificate"]["status"] == "W"
    assert run("licence", "convert", doc, "--to", "gbt36903", "--state", "valid")[0] == 2


def test_a_file_without_data_is_said_to_have_none() -> None:
    seal = str(SAMPLES.parent / "seals" / "tianjin-doc-v4.esl")
    code, out, err = run("licence", "convert", seal, "--to", "gbt36903")
    assert (code, out) == (2, "")
    assert "holds no licence.json" in err


def test_check_names_every_fault_of_licence_json(doc: str, tmp_path: Path) -> None:
    assert run("licence", "check", doc, "--on", "2026-03-01") == (0, "", "")
    members = json.loads(Path(doc).read_text("utf-8"))
    members["fields"] |= {"company_number": "9999127", "ship_types": [{"code": "airship"}]}
    del members["holder"]["address"]
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(members), "utf-8")
    code, out, _ = run("licence", "check", str(bad), "--on", "2026-03-01")
    assert code == 1
    for path in ("fields.company_number: ", "fields.ship_types.0.code: ", "holder.address: "):
        assert path in out


# -- qr -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_code_is_made_printed_shown_and_verified(doc: str, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"code.{suffix}"
    code, out, err = run("qr", "make", doc, *KEY, *CERT, "-o", str(target), "--size", "30")
    assert (code, out) == (0, "")
    assert "30 mm" in err and "-M" in err
    if suffix == "svg":
        text = target.read_text("ascii")
        assert 'width="30mm"' in text and text.startswith("<svg")
        return
    picture = Image.open(target)
    assert picture.width / picture.info["dpi"][0] * 25.4 == pytest.approx(30, abs=0.1)
    code, out, _ = run("qr", "show", str(target), "--json")
    found = json.loads(out)
    assert (code, found["kind"]) == (0, "el1")
    assert found["licence"]["number"] == licences.TIANJIN_DOC.number
    code, out, _ = run("qr", "verify", str(target), *TRUST, *AT, "--data", doc, "--compared")
    assert code == 0 and out.startswith("VALID")


def test_the_text_alone_goes_to_standard_output(doc: str) -> None:
    code, out, _ = run("qr", "make", doc, *KEY, *CERT)
    assert code == 0 and out.startswith("EL1:")
    code, shown, _ = run("qr", "show", "-", stdin=out.encode())
    assert code == 0 and "Document of Compliance" in shown


def test_limits_of_size_and_version_are_refused_with_what_is_needed(doc: str) -> None:
    small = run("qr", "make", doc, *KEY, *CERT, "--size", "20")
    assert small[0] == 2 and "needs 2" in small[2] and "mm" in small[2]
    assert run("qr", "make", doc, *KEY, *CERT, "--size", "20", "--small-modules")[0] == 0
    many = run("qr", "make", doc, *KEY, *CERT, "--max-version", "9")
    assert many[0] == 2 and "the largest allowed is 9" in many[2]


def test_what_cannot_sign_a_code_is_refused(doc: str, tmp_path: Path) -> None:
    rsa = ("--key", f"file:{CERTS / 'keys' / 'sealers' / 'tianjin-doc-rsa.pem'}",
           "--cert", str(CERTS / "sealers" / "tianjin-doc-rsa.pem"))  # fmt: skip
    code, out, err = run("qr", "make", doc, *rsa)
    assert (code, out) == (2, "") and "SM2 or P-256" in err
    there = tmp_path / "there.png"
    there.write_bytes(b"")
    assert run("qr", "make", doc, *KEY, *CERT, "-o", str(there))[0] == 2
    assert there.read_bytes() == b""
    assert run("qr", "make", doc, *KEY, *CERT, "-o", str(tmp_path / "x.gif"))[0] == 2


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://www.msa.gov.cn.example.com/q?id=1", ["URL", "not opened", "look-alike"]),
        ("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
         ["licence identifier", "check ok"]),
        ("05A12345678", ["looks like a number"]),
        ("EL1:NOT A PAYLOAD", ["cannot be read", "qr."]),
    ],
)  # fmt: skip
def test_foreign_codes_are_named_and_prove_nothing(text: str, wanted: list[str]) -> None:
    code, out, _ = run("qr", "show", text, ELICENSE_LANG="en")
    assert code == 0
    assert all(part in out for part in wanted)
    code, out, _ = run("qr", "verify", text, *TRUST, *AT, "--compared")
    assert code == (1 if text.startswith("EL1:") else 3)


def test_codes_of_a_page_are_shown_and_a_file_without_one_exits_4(tmp_path: Path) -> None:
    code, out, _ = run("qr", "show", str(SAMPLES / "guangdong-smc.pdf"), "--lang", "zh")
    assert code == 0 and "签名未核验" in out and "岭南样例明珠" in out
    blank = tmp_path / "blank.png"
    Image.new("L", (50, 50), 255).save(blank)
    code, out, err = run("qr", "show", str(blank))
    assert (code, out) == (4, "") and "no QR code" in err


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("tianjin-doc.pdf", (), 3),  # nobody has compared the sheet
        ("tianjin-doc.pdf", ("--compared",), 0),
        ("withdrawn.ofd", ("--compared",), 1),
        ("rogue-qr.pdf", ("--compared",), 1),
        ("expired.ofd", ("--compared",), 1),
        ("unknown-status-list.ofd", ("--compared",), 3),
        ("tianjin-doc.pdf", ("--compared", "--data", str(SAMPLES / "guangdong-smc.pdf")), 1),
    ],
)
def test_a_code_is_judged_with_the_exit_codes_of_verify(
    name: str, options: tuple[str, ...], expected: int
) -> None:
    code, out, _ = run("qr", "verify", str(SAMPLES / name), *TRUST, *AT, *options, "--json")
    found = json.loads(out)
    assert code == expected
    assert found["verdict"] == {0: "VALID", 1: "INVALID", 3: "INDETERMINATE"}[expected]


def test_without_trust_a_code_is_never_valid() -> None:
    code, _, err = run("qr", "verify", DOC, *AT, "--compared")
    assert code == 3 and "no trust store" in err


def test_the_picture_made_is_the_code_that_readers_read(doc: str, tmp_path: Path) -> None:
    target = tmp_path / "code.png"
    assert run("qr", "make", doc, *KEY, *CERT, "-o", str(target), "--level", "L")[0] == 0
    (found,) = zxingcpp.read_barcodes(Image.open(target).convert("L"))
    assert found.text.startswith("EL1:") and found.ec_level == "L"
