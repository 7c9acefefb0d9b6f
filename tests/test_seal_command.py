"""``elicense seal``: make, show and check electronic seals."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from elicense.cli import cli
from elicense.crypto import ses
from elicense.crypto.verify import check_value
from elicense.errors import Error, IssueRefused
from elicense.issuing import fonts, seal_picture, seals
from elicense.issuing.ses import SealContent
from issue_world import AT, TYPES, credential, options, trust
from issuing_world import CERTS, desk
from pki.world import day
from serve_tsa import serving

MAKER = ("--key", f"file:{CERTS}/keys/makers/tianjin-sm2.pem", "--cert",
         f"{CERTS}/makers/tianjin-sm2.pem")  # fmt: skip
SIGNER = ("--signer", f"{CERTS}/sealers/tianjin-doc-sm2.pem")
WHAT = ("--name", "天津海事局符合证明专用章", "--id", "12000020260001", "--text", "天津海事局",
        "--caption", "符合证明专用章", "--code", "1201160001234", "--created", "2024-01-02",
        "--valid-from", "2024-01-02", "--valid-until", "2040-01-01")  # fmt: skip
TRUST = ("--trust", f"{CERTS}/trust", "--allow-test-trust")


def run(*arguments: object) -> Any:
    """Exit code and output, as the entry point gives them."""
    result = CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("version", [1, 4, 5])
def test_a_seal_is_made_and_its_maker_verifies(tmp_path: Path, version: int) -> None:
    out = tmp_path / "office.esl"
    run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER, "--seal-version", version)
    made = ses.read_seal(out.read_bytes())
    assert (made.version, made.id, made.name) == (version, WHAT[3], WHAT[1])
    assert made.maker_value is not None
    assert check_value(made.maker_value).ok
    assert made.notes == ()
    assert made.signer_certificates == (
        desk().world.entities["sealers/tianjin-doc-sm2"].certificate,
    )
    assert (made.picture.type, made.picture.width) == ("png", 40)


def test_a_licence_sealed_with_it_is_valid(tmp_path: Path) -> None:
    from elicense.issuing.issue import issue

    out = tmp_path / "office.esl"
    run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER, "--by-digest")
    licence = TYPES["msa-doc"]
    for form in ("ofd", "pdf"):
        given = {**options(licence, format=form), "seal": out.read_bytes()}
        assert issue(licence, **given, trust=trust())


def test_version_5_takes_a_timestamp(tmp_path: Path) -> None:
    out = tmp_path / "office.esl"
    with serving("sm2", time=day(2024, 1, 2)) as address:
        run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER, "--seal-version", 5, "--tsa",
            address, "--allow-loopback")  # fmt: skip
    assert ses.read_seal(out.read_bytes()).maker_timestamp is not None


def test_show_and_json(tmp_path: Path) -> None:
    out = tmp_path / "office.esl"
    run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER)
    text = run("seal", "show", out).output
    for part in (
        "天津海事局符合证明专用章",
        "12000020260001",
        "2024-01-02",
        "天津电子印章测试中心",
    ):
        assert part in text
    facts = json.loads(run("seal", "show", out, "--json").output)
    assert (facts["version"], len(facts["signers"])) == ("4", 1)
    picture = tmp_path / "seal.png"
    run("seal", "show", out, "--picture", picture)
    with Image.open(picture) as shown:
        assert shown.size == (472, 472)


def test_check_says_who_made_it_and_whether_it_is_in_force(tmp_path: Path) -> None:
    out = tmp_path / "office.esl"
    run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER)
    good = run("seal", "check", out, *TRUST, "--lang", "en", "--at", AT.isoformat())
    assert good.exit_code == 0
    assert good.output.count("PASS") == 3
    late = run("seal", "check", out, *TRUST, "--at", "2041-01-01")
    assert late.exit_code == 3
    nobody = run("seal", "check", out)
    assert (nobody.exit_code, "UNKNOWN" in nobody.output) == (3, True)


def test_check_finds_a_forged_seal_and_a_rogue_maker(tmp_path: Path) -> None:
    from samples import sealing

    licence = TYPES["msa-doc"]
    forged, rogue = tmp_path / "forged.esl", tmp_path / "rogue.esl"
    forged.write_bytes(sealing.seal_of(desk(), licence, forged=True))
    rogue.write_bytes(sealing.seal_of(desk(), licence, maker="rogue/tianjin-maker-sm2"))
    assert run("seal", "check", forged, *TRUST).exit_code == 1
    found = run("seal", "check", rogue, *TRUST)
    assert found.exit_code == 3
    assert "UNKNOWN  seal.maker" in found.output


def test_check_names_a_signer_who_is_no_sealer(tmp_path: Path) -> None:
    out = tmp_path / "odd.esl"
    run("seal", "make", "-o", out, *WHAT, "--signer", CERTS / "status/tianjin-sm2.pem", *MAKER)
    found = run("seal", "check", out, *TRUST)
    assert found.exit_code == 3
    assert "authority.licence-type" in found.output


def test_nothing_is_overwritten_and_no_bare_pdf_is_a_seal(tmp_path: Path) -> None:
    out = tmp_path / "office.esl"
    out.write_bytes(b"mine")
    with pytest.raises(Error, match="exists"):
        run("seal", "make", "-o", out, *WHAT, *SIGNER, *MAKER)
    assert out.read_bytes() == b"mine"
    with pytest.raises(Error):
        run("seal", "show", CERTS.parent.parent / "examples/samples/tianjin-doc.pdf")


# -- what a maker may not make --------------------------------------------------------------


def content(**changes: Any) -> SealContent:
    given: dict[str, Any] = {
        "id": "1", "name": "章", "signers": (credential("sealers/tianjin-doc-sm2").certificate,),
        "created": day(2026), "valid_from": day(2026), "valid_until": day(2030),
        "picture": _png(), "width": 40, "height": 40,
    }  # fmt: skip
    return SealContent(**{**given, **changes})


def _png(size: int = 10) -> bytes:
    target = BytesIO()
    Image.new("RGB", (size, size)).save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize(
    ("changes", "path", "code"),
    [
        ({"id": "章"}, "id", "seal.id"),
        ({"name": " "}, "name", "field.missing"),
        ({"valid_until": day(2026)}, "valid_from", "dates.order"),
        ({"width": 0}, "width", "seal.size"),
        ({"picture": b"GIF89a"}, "picture", "seal.picture"),
        ({"picture": _png(4097)}, "picture", "seal.picture"),
        ({"signers": ()}, "signers", "field.missing"),
        ({"signers": (b"x",)}, "signers.0", "signer.certificate"),
    ],
)
def test_faults_of_a_seal(changes: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(IssueRefused) as caught:
        seals.make(content(**changes), maker=credential("makers/tianjin-sm2"))
    assert (path, code) in {(f.path, f.code) for f in caught.value.faults}


def test_faults_of_maker_and_signers_come_together() -> None:
    expired = credential("bad/expired-sm2").certificate
    ca = desk().world.entities["ca/tianjin-sm2"].certificate
    with pytest.raises(IssueRefused) as caught:
        seals.make(content(signers=(expired, ca)), maker=credential("bad/wrong-usage-sm2"))
    assert {(f.path, f.code) for f in caught.value.faults} == {
        ("signers.0", "signer.expired"), ("signers.1", "signer.ca"),
        ("signers.1", "signer.key-usage"), ("maker", "signer.key-usage"),
    }  # fmt: skip


# -- the picture ----------------------------------------------------------------------------


def drawn(**options: Any) -> Image.Image:
    data = seal_picture.draw("天津海事局", font=fonts.load(), **options)
    return Image.open(BytesIO(data)).convert("RGBA")


def ink(picture: Image.Image, box: Callable[[float, float], bool]) -> int:
    width, height = picture.size
    alpha = picture.getchannel("A").load()
    assert alpha is not None
    return sum(
        alpha[x, y] > 128
        for x in range(0, width, 2)
        for y in range(0, height, 2)
        if box(2 * x / width - 1, 2 * y / height - 1)
    )


def test_the_code_stands_between_ring_and_caption() -> None:
    def low(x: float, y: float) -> bool:
        return 0.78 < (x * x + y * y) ** 0.5 < 0.88 and y > 0.6

    plain, coded = drawn(), drawn(code="1201160001234")
    assert ink(plain, low) == 0
    assert ink(coded, low) > 50
    assert drawn(code="1201160001234", diameter=30).size == (354, 354)


def test_the_picture_has_ring_star_and_name() -> None:
    picture = drawn()
    assert ink(picture, lambda x, y: (x * x + y * y) ** 0.5 > 0.94) > 500
    assert ink(picture, lambda x, y: (x * x + y * y) ** 0.5 < 0.2) > 500
    assert ink(picture, lambda x, y: 0.6 < (x * x + y * y) ** 0.5 < 0.9 and y < 0) > 500


@pytest.mark.skipif(shutil.which("rsvg-convert") is None, reason="rsvg-convert is not installed")
def test_the_svg_looks_like_the_png(tmp_path: Path) -> None:
    given = {"caption": "专用章", "code": "1201160001234"}
    svg = seal_picture.draw_svg("天津海事局", font=fonts.load(), **given)
    (tmp_path / "a.svg").write_text(svg, encoding="utf-8")
    command = ["rsvg-convert", "-w", "472", "-o", tmp_path / "a.png", tmp_path / "a.svg"]
    subprocess.run(list(map(str, command)), check=True, timeout=30)
    ours = drawn(**given).getchannel("A").point(lambda v: 255 * (v > 127))
    with Image.open(tmp_path / "a.png") as other:
        theirs = other.convert("RGBA").getchannel("A").point(lambda v: 255 * (v > 127))
    pairs = zip(ours.tobytes(), theirs.tobytes(), strict=True)
    differing = sum(a != b for a, b in pairs)
    assert differing / len(ours.tobytes()) < 0.03


def test_the_svg_is_xml_with_every_letter_as_an_outline() -> None:
    from lxml import etree

    svg = seal_picture.draw_svg("天津海事局", font=fonts.load(), caption="章", code="12")
    root = etree.fromstring(svg.encode())
    paths = root.findall("{http://www.w3.org/2000/svg}path")
    assert len(paths) == 5 + 1 + 2
    assert all(path.get("d") for path in paths)
