"""The HTML report: self-contained, complete, readable by all, and harmless whatever it shows."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import shutil
import subprocess
import tomllib
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import elicense
from elicense.cli import cli
from elicense.crypto.ses import CHINA
from elicense.errors import InputError
from elicense.findings import Finding, Outcome
from elicense.licence import OPEN_ENDED, Endorsement, Validity
from elicense.limits import Limits
from elicense.render import html, term_line
from elicense.render.markup import MOST, Markup, element, text
from elicense.render.page_pictures import chosen, draw, seal_png
from elicense.render.summary import words
from elicense.verdict import Verdict
from judging import AT, EXPECTED, ROOT, SAMPLES, judge, sample

TRUST = ["--trust", str(ROOT / "fixtures/certs/trust"), "--allow-test-trust", "--at", "2026-11-01"]
VOID = {"meta", "img", "br", "link", "input"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "main", "footer", "aside",
    "section", "article", "div", "span", "p", "h1", "h2", "h3", "ul", "li", "dl", "dt", "dd",
    "strong", "bdi", "figure", "figcaption", "img", "svg", "rect", "circle", "polygon", "path",
    "line", "text", "g", "image", "desc",
}  # fmt: skip
ATTRIBUTES = {
    "xmlns", "font-family", "font-size", "font-weight", "fill", "stroke", "stroke-width",
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "src", "alt", "role",
    "aria-label", "aria-labelledby", "aria-hidden", "viewbox", "x", "y", "x1", "x2", "y1", "y2",
    "cx", "cy", "r", "rx", "d", "points", "width", "height", "text-anchor",
}  # fmt: skip
HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>",
    "</title></style></svg><iframe src=https://evil.example>", "javascript:alert(1)",
    "<!-- --!> ]]> &lt;b&gt; &#60;b&#62;", "$style ${head} %s {0}", "\u202egnp.exe\u202c",
    "\u2067\u2066abc\u2069", "a\x00b\x1b[31mc\x85d\u2028e", "\ud800 lone", "w" * 100_000,
    "a" + "\u0301" * 500, "\ufeff\u200b\u200d\U000e0041", "אבג <b>", "\n\r\t",
)  # fmt: skip
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]")


class Page(HTMLParser):
    """The elements of a page, with the text in each; an unbalanced page is an error."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs) -> None:
        values = dict(attrs)
        assert len(values) == len(attrs)
        self.found.append((tag, {k: v or "" for k, v in values.items()}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.found if name == tag]


def page_of(name: str, language: str = "en", **options) -> tuple[elicense.Report, Page, str]:
    report = judge(SAMPLES / name, **options)
    source = html.render(report, data=sample(name), language=language)
    return report, Page(source), source


def check_harmless(source: str) -> Page:
    page = Page(source)
    assert {tag for tag, _ in page.found} <= TAGS
    assert {key for _, attributes in page.found for key in attributes} <= ATTRIBUTES
    for tag, attributes in page.found:
        for key in ("href", "src"):
            if key in attributes:
                wanted = "#" if tag == "a" else "data:image/png;base64,"
                assert attributes[key].startswith(wanted)
    assert len(page.all("style")) == 1
    assert not UNSEEN.search(source)
    return page


# -- what it says -----------------------------------------------------------------------

SHOWN = ("tianjin-doc.ofd", "guangdong-smc.pdf", "tampered-page.ofd", "withdrawn.ofd", "rogue.pdf",
         "unsealed.pdf", "appended-overlay.pdf", "guangdong-smc-long-term.pdf")  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", SHOWN)
def test_verdict_reason_and_every_finding_are_there(name: str, language: str) -> None:
    report = judge(SAMPLES / name)
    source = html.render(report, language=language)
    page = Page(source)
    assert page.all("html") == [{"lang": words(language)["lang"]}]
    assert words(language)[report.verdict] in page.text
    for finding in report.findings:
        for part in (finding.message(language), finding.code, finding.clause):
            assert part in page.text, part
        if finding.outcome in {Outcome.FAIL, Outcome.UNKNOWN}:
            assert finding.advice(language) in page.text
    for finding in report.deciding[:1]:
        assert page.text.count(finding.message(language)) >= 2  # in the head and in its place
    check_harmless(source)


@pytest.mark.parametrize("name", SHOWN)
def test_what_the_answer_rests_on_is_there(name: str) -> None:
    report, page, _ = page_of(name)
    wanted = [name, report.evidence.sha256, report.trust.name, report.trust.digest,
              f"{AT.astimezone(CHINA):%Y-%m-%d %H:%M:%S}", "UTC+8", "default"]  # fmt: skip
    for signature in report.evidence.signatures:
        assert signature.signer is not None
        wanted += [
            str(signature.signer.subject),
            str(signature.signer.issuer),
            format(signature.signer.serial, "x"),
            signature.signer.fingerprint().hex(),
        ]
        wanted += [f"{t.time.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" for t in signature.timestamps]
        if signature.seal:
            wanted += [signature.seal.name, signature.seal.id, str(signature.seal.maker.subject)]
    for item in wanted:
        assert item in page.text, item


@pytest.mark.parametrize("name", sorted(EXPECTED["samples"]))
def test_claims_are_marked_unproven_unless_valid(name: str) -> None:
    report = judge(SAMPLES / name)
    for language in ("zh", "en"):
        source = html.render(report, language=language)
        page = Page(source)
        if report.licence is None:
            assert words(language)["no_licence"] in page.text
            continue
        assert report.licence.number in page.text
        valid = report.verdict is Verdict.VALID
        assert (words(language)["claims"] in page.text) is not valid
        assert ('class="claims"' in source) is not valid
        assert ('<div class="timeline">' in source) is valid  # coloured, else grey
        assert ('<div class="timeline unproven">' in source) is not valid


def test_test_anchors_are_named_at_the_top() -> None:
    report, page, _ = page_of("tianjin-doc.ofd", "en")
    assert words("en")["test"] in page.text
    real = replace(report, trust=replace(report.trust, test=False))
    assert words("en")["test"] not in Page(html.render(real, language="en")).text


def test_an_overdue_trust_store_says_how_old_it_is() -> None:
    stale = elicense.TrustStore.load(ROOT / "fixtures/certs/trust-stale")
    report = judge(SAMPLES / "tianjin-doc.ofd", trust=stale)
    text_shown = Page(html.render(report, language="en")).text
    assert stale.issued is not None
    assert f"({(AT - stale.issued).days} days old)" in text_shown
    assert "overdue" in text_shown


def test_a_persons_name_is_masked() -> None:
    report = judge(SAMPLES / "tianjin-doc.ofd")
    assert report.licence is not None
    person = replace(report.licence.holder, name="欧阳样例", code="110101199003070011",
                     code_type="111")  # fmt: skip
    masked = replace(report, licence=replace(report.licence, holder=person))
    shown = Page(html.render(masked, language="zh")).text
    assert "欧***" in shown
    assert "欧阳样例" not in shown and "110101199003070011" not in shown


def test_the_word_for_the_verdict_is_never_colour_alone() -> None:
    shapes = set()
    for name in ("tianjin-doc.ofd", "tampered-page.ofd", "unsealed.ofd"):
        _, page, source = page_of(name)
        assert page.all("h1") == [{}]
        head = source[source.index("<header>") : source.index("</header>")]
        shapes.add(re.search(r"<(circle|polygon)[^>]*>.*?<path[^>]*>", head)[0])
    assert len(shapes) == 3


def test_both_languages_have_the_same_words() -> None:
    path = ROOT / "src/elicense/render/html_words.toml"
    table = tomllib.loads(path.read_text("utf-8"))
    assert set(table["zh"]) == set(table["en"])
    assert set(table["zh"]["category"]) == set(table["en"]["category"])
    for key, value in table["zh"].items():
        if isinstance(value, str):
            other = table["en"][key]
            assert sorted(re.findall(r"{\w+}", value)) == sorted(re.findall(r"{\w+}", other)), key


# -- self-contained, for all readers ----------------------------------------------------


@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "appended-overlay.pdf"])
def test_nothing_runs_and_nothing_loads(name: str) -> None:
    _, page, source = page_of(name)
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)[1]
    assert not re.search(r"url\(|@import|expression|http|//", style)
    assert not re.search(r"<script|<link|<iframe|<object|<form|\son\w+=|\sstyle=", source)
    policy = next(m["content"] for m in page.all("meta") if "http-equiv" in m)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    assert not re.search(r"(?:src|href)=\"(?!data:image/png|#)", source)


@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "unsealed.pdf", "rogue.pdf"])
def test_landmarks_headings_and_alternatives(name: str) -> None:
    _, page, source = page_of(name)
    for tag in ("header", "main", "footer", "aside", "h1"):
        assert len(page.all(tag)) == 1
    assert source.count("</title>", 0, source.index("</head>")) == 1  # others are drawings'
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(image.get("alt") for image in page.all("img"))
    for svg in page.all("svg"):
        assert svg.get("aria-hidden") == "true" or (
            svg.get("role") == "img" and svg.get("aria-label")
        )
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.found:
        if "aria-labelledby" in attributes:
            assert attributes["aria-labelledby"] in ids
    assert [link["href"] for link in page.all("a")] == ["#findings"]
    viewport = [m for m in page.all("meta") if m.get("name") == "viewport"]
    assert viewport and "width=device-width" in viewport[0]["content"]


@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "guangdong-smc-long-term.pdf"])
def test_the_same_input_gives_the_same_page_byte_for_byte(name: str) -> None:
    first, second = (page_of(name)[2] for _ in range(2))
    assert first == second


# -- pages and seals --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "tianjin-doc.pdf"])
def test_pages_are_drawn_with_the_seal_boxed(name: str) -> None:
    report = judge(SAMPLES / name)
    drawn = draw(sample(name), report.evidence)
    assert [p.page for p in drawn.pictures] == [1, 2]
    assert drawn.problems == () and drawn.left_out == 0
    (box,) = drawn.pictures[0].boxes
    scale = 120 / 25.4
    wanted = (142 * scale, 226 * scale, 182 * scale, 266 * scale)
    found = (box.left, box.top, box.right, box.bottom)
    assert all(abs(a - b) <= 4 for a, b in zip(found, wanted, strict=True))
    image = Image.open(io.BytesIO(drawn.pictures[0].png)).convert("RGB")
    red = [p for _, p in image.crop([round(v) for v in found]).getcolors(1 << 20)
           if p[0] > 180 and p[1] < 90]  # fmt: skip
    assert red  # the seal's picture is in its box
    assert drawn.pictures[1].boxes == ()


def test_a_page_changed_later_is_shown_as_sealed_and_as_it_is_now() -> None:
    report, page, _ = page_of("appended-overlay.pdf")
    drawn = draw(sample("appended-overlay.pdf"), report.evidence)
    first = [p for p in drawn.pictures if p.page == 1]
    assert [p.state for p in first] == ["sealed", "shown"]
    assert first[0].png != first[1].png
    assert words("en")["sealed"] in page.text and words("en")["shown"] in page.text


def test_additions_that_show_nothing_give_one_picture_a_page() -> None:
    report = judge(SAMPLES / "guangdong-smc-long-term.pdf")
    drawn = draw(sample("guangdong-smc-long-term.pdf"), report.evidence)
    assert [(p.page, p.state) for p in drawn.pictures] == [(1, ""), (2, "")]


def test_the_box_of_a_bad_seal_differs_in_more_than_colour() -> None:
    for name, mark in (("tianjin-doc.ofd", "1 ✓"), ("tampered-page.ofd", "1 ✗"),
                       ("rogue.pdf", "1 ?")):  # fmt: skip
        assert mark in page_of(name)[1].text


def test_pages_that_cannot_be_drawn_say_why() -> None:
    report = judge(SAMPLES / "tianjin-doc.ofd")
    for data, reason in ((None, "no_data"), (b"others", "changed")):
        page = Page(html.render(report, data=data, language="en"))
        assert words("en")[reason] in page.text
        assert page.all("image") == []
    few = draw(sample("tianjin-doc.ofd"), report.evidence, limits=Limits(image_pixels=1000))
    assert few.pictures == () and all("pixels" in why for _, why in few.problems)
    broken = draw(sample("tianjin-doc.pdf")[:5000], report.evidence)
    assert broken.pictures == () and broken.problems


def test_only_so_many_pages_are_drawn() -> None:
    evidence = replace(judge(SAMPLES / "tianjin-doc.ofd").evidence, pages=90)
    assert chosen(evidence) == [1, 2, 3, 4]
    (signature,) = evidence.signatures
    far = replace(signature, placements=(replace(signature.placements[0], page=77),))
    assert chosen(replace(evidence, signatures=(far,))) == [1, 2, 3, 77]
    beyond = replace(signature, placements=(replace(signature.placements[0], page=91),))
    assert chosen(replace(evidence, signatures=(beyond,))) == [1, 2, 3, 4]


@pytest.mark.parametrize("data", [b"", b"junk", b"<svg onload=alert(1)>", b"PK\3\4ofd"])
def test_a_seal_picture_that_is_none_is_not_embedded(data: bytes) -> None:
    assert seal_png(data) is None
    report = judge(SAMPLES / "tianjin-doc.ofd")
    (signature,) = report.evidence.signatures
    assert signature.seal is not None
    seal = replace(signature.seal, picture=replace(signature.seal.picture, data=data))
    evidence = replace(report.evidence, signatures=(replace(signature, seal=seal),))
    page = Page(html.render(replace(report, evidence=evidence), language="en"))
    assert page.all("img") == []
    assert words("en")["no_picture"] in page.text


# -- the line of the term ---------------------------------------------------------------


def line(validity: Validity, **options) -> str | None:
    report = judge(SAMPLES / "tianjin-doc.ofd")
    assert report.licence is not None
    licence = replace(report.licence, validity=validity, **options)
    return term_line.draw(licence, AT, "en")


def test_the_term_is_drawn_with_the_time_of_judgement_in_it() -> None:
    day = AT.astimezone(CHINA).date()
    early, late = day.replace(year=2020), day.replace(year=2030)
    inside = line(Validity(valid_from=early, valid_until=late))
    assert inside is not None and "within the term" in inside and 'class="bar in"' in inside
    over = line(Validity(valid_from=early, valid_until=day.replace(year=2021)))
    assert over is not None and "expired" in over and 'class="bar after"' in over
    soon = line(Validity(valid_from=late, valid_until=late.replace(year=2040)))
    assert soon is not None and "not yet in force" in soon
    last = line(Validity(valid_from=early, valid_until=day))
    assert last is not None and "within the term" in last
    for found in (inside, over, soon, last):
        numbers = [float(n) for n in re.findall(r'\bx[12]?="([^"]+)"', found)]
        assert all(0 <= n <= 600 for n in numbers)
    marks = line(Validity(valid_from=early, valid_until=late),
                 endorsements=(Endorsement("annual-1", date=day),))  # fmt: skip
    assert marks is not None and marks.count('class="tick"') == 1


def test_a_term_without_end_or_without_dates() -> None:
    day = AT.date().replace(year=2020)
    assert "no end" in (line(Validity(issued=day, valid_until=OPEN_ENDED)) or "")
    assert "not stated" in (line(Validity(issued=day)) or "")
    assert line(Validity()) is None
    assert line(Validity(valid_from=day, valid_until=day.replace(year=2019))) is None


# -- hostile values ---------------------------------------------------------------------


@given(st.text() | st.sampled_from(HOSTILE))
def test_any_text_comes_out_as_text(value: str) -> None:
    found = str(text(value))
    assert not re.search(r"[<>\"']", found)
    assert not UNSEEN.search(found)
    page = Page(element("p", value, title=value))
    assert [tag for tag, _ in page.found] == ["p"]
    assert set(page.found[0][1]) == {"title"}
    assert len(found) < 6 * MOST + 100


def test_only_what_is_made_here_is_markup() -> None:
    assert text(Markup("<b>")) == "<b>"
    assert text("<b>") == "&lt;b&gt;"
    assert element("p", None, "x") == "<p>x</p>"
    assert element("p", aria_label='"', class_="a b") == '<p aria-label="&quot;" class="a b"></p>'


@pytest.mark.parametrize("evil", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_values_are_harmless_everywhere(evil: str) -> None:
    report = judge(SAMPLES / "tianjin-doc.ofd")
    licence, (signature,) = report.licence, report.evidence.signatures
    assert licence is not None and signature.seal is not None
    fields = {key: evil if isinstance(value, str) else value
              for key, value in licence.fields.items()}  # fmt: skip
    licence = replace(
        licence, number=evil, fields=fields,
        issuer=replace(licence.issuer, name=evil, name_en=evil),
        holder=replace(licence.holder, name=evil, name_en=evil, address=evil),
    )  # fmt: skip
    seal = replace(signature.seal, name=evil, id=evil)
    signature = replace(
        signature,
        seal=seal,
        profile=evil,
        algorithm=evil,
        coverage=replace(signature.coverage, whole=False, uncovered=(evil, evil)),
    )
    findings = (
        *report.findings,
        Finding("container.structure", Outcome.FAIL, "file", "odd", {"place": evil, "what": evil},
                evil, evil),
        Finding("qr.signature", Outcome.WARN, f"qr:{evil}", "foreign", {"detail": evil}, evil),
    )  # fmt: skip
    hostile = replace(
        report, file=f"{evil}/{evil}", licence=licence, findings=findings,
        verdict=Verdict.INVALID, trust=replace(report.trust, name=evil),
        policy=replace(report.policy, name=evil),
        evidence=replace(report.evidence, signatures=(signature,)),
    )  # fmt: skip
    for language in ("zh", "en"):
        source = html.render(hostile, data=sample("tianjin-doc.ofd"), language=language)
        page = check_harmless(source)
        source.encode("utf-8")
        assert len(source) < 1_000_000
        if evil.startswith("<script"):
            assert evil in page.text  # shown as the characters it is made of
    other = replace(hostile, licence=replace(licence, type=evil))
    check_harmless(html.render(other, language="en"))


def test_hostile_errors_are_harmless() -> None:
    for evil in HOSTILE:
        error = InputError("container.structure", evil, place=evil)
        source = html.render_error(evil, error, at=AT, now=AT, language="zh")
        page = check_harmless(source)
        assert words("zh")["UNREADABLE"] in page.text


# -- the command ------------------------------------------------------------------------


def run(*arguments: str, stdin: bytes = b""):
    return CliRunner().invoke(cli, ["verify", "-q", "--lang", "en", *TRUST, *arguments],
                              input=stdin)  # fmt: skip


def test_one_file_is_written_where_asked(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "r.html"
    done = run("--html", str(out), str(SAMPLES / "tianjin-doc.ofd"))
    assert done.exit_code == 0 and done.stdout.startswith("VALID")
    page = check_harmless(out.read_text("utf-8"))
    assert len(page.all("image")) == 2
    assert [p.name for p in out.parent.iterdir()] == ["r.html"]


def test_several_files_go_into_a_folder_each_under_its_name(tmp_path: Path) -> None:
    junk, twin = tmp_path / "junk.pdf", tmp_path / "tianjin-doc.ofd"
    junk.write_bytes(b"junk")
    twin.write_bytes(sample("withdrawn.ofd"))
    out = tmp_path / "out"
    files = [str(SAMPLES / "tianjin-doc.ofd"), str(junk), str(twin)]
    assert run("--html", f"{out}/", *files).exit_code == 1
    assert sorted(p.name for p in out.iterdir()) == [
        "junk.pdf.html", "tianjin-doc.ofd-2.html", "tianjin-doc.ofd.html",
    ]  # fmt: skip
    assert "UNREADABLE" in out.joinpath("junk.pdf.html").read_text("utf-8")
    assert "withdrawn" in out.joinpath("tianjin-doc.ofd-2.html").read_text("utf-8")
    assert run("--html", f"{out}/", "-j", "2", *files).exit_code == 1
    assert len(list(out.iterdir())) == 3


def test_standard_input_has_a_report_too(tmp_path: Path) -> None:
    assert run("--html", str(tmp_path), "-", stdin=sample("tianjin-doc.pdf")).exit_code == 0
    source = tmp_path.joinpath("stdin.html").read_text("utf-8")
    assert len(Page(source).all("image")) == 2


def test_an_input_is_never_taken_for_the_output(tmp_path: Path) -> None:
    mine = tmp_path / "mine.ofd"
    mine.write_bytes(sample("tianjin-doc.ofd"))
    done = run("--html", str(mine), str(SAMPLES / "tianjin-doc.ofd"))
    assert done.exit_code == 2
    assert mine.read_bytes() == sample("tianjin-doc.ofd")
    many = run("--html", str(tmp_path / "r.html"), str(mine), str(SAMPLES / "tianjin-doc.ofd"))
    assert many.exit_code == 2
    assert not (tmp_path / "r.html").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    done = run("--html", str(blocked / "r.html"), str(SAMPLES / "tianjin-doc.ofd"))
    assert done.exit_code != 0
    assert getattr(done.exception, "code", None) == "html.write"


# -- on paper ---------------------------------------------------------------------------

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-pdf-header-footer",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["tianjin-doc.ofd", "guangdong-smc.pdf", "shandong-doc-v5.ofd"])
def test_a_valid_licence_prints_on_one_a4(tmp_path: Path, name: str, language: str) -> None:
    import pypdfium2

    report, _, source = page_of(name, language)
    assert report.verdict is Verdict.VALID
    page, out = tmp_path / "r.html", tmp_path / "r.pdf"
    page.write_text(source, "utf-8")
    command = [CHROMIUM, *QUIET, f"--user-data-dir={tmp_path / 'profile'}",
               f"--print-to-pdf={out}", page.as_uri()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    printed = pypdfium2.PdfDocument(out)
    assert len(printed) == 1
    width, height = printed[0].get_size()
    assert abs(width - 595) < 2 and abs(height - 842) < 2
    shown = printed[0].get_textpage().get_text_range()
    assert str(report.verdict) in shown and report.evidence.sha256[:32] in shown
