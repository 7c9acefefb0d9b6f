"""Whatever the bytes: a package or an elicense error, within a second."""

from __future__ import annotations

import random
import time

import pytest

from elicense.containers import ofd
from elicense.errors import Error, LimitError
from ofd_sample import DOCUMENT, PAGE, pack, page_xml, sample, signature_xml, signed, xml

SECOND = 1.0


def outcome(data: bytes) -> str:
    started = time.perf_counter()
    try:
        package = ofd.read(data)
        try:
            ofd.read_pages(package)
        except Error:
            return "no text"
        sound = all(
            item.digests and all(digest.matches for digest in item.digests) and not item.faults
            for item in package.signatures
        )
        whole = sound and package.signatures and not package.faults
        return "whole" if whole else "faults"
    except Error as error:
        return error.code
    finally:
        assert time.perf_counter() - started < SECOND


def test_every_97th_truncation_is_no_whole_package():
    data = sample()
    found = {outcome(data[:length]) for length in range(0, len(data) - 1, 97)}
    assert "whole" not in found


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_of_the_file_changed(seed):
    chance = random.Random(seed)
    data = sample()
    for _ in range(500):
        forged = bytearray(data)
        for _ in range(chance.randrange(1, 6)):
            forged[chance.randrange(len(forged))] = chance.randrange(256)
        outcome(bytes(forged))


@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_of_an_entry_changed_never_look_whole(seed):
    """Inside entries, with the ZIP made anew: what parsers and digests see."""
    chance = random.Random(seed)
    entries = signed()
    watched = [name for name in entries if not name.endswith(("Value.dat", "Signatures.xml"))]
    for _ in range(500):
        name = chance.choice(watched)
        content = bytearray(entries[name])
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(content))
            if chance.random() < 0.5:
                content[place] = chance.choice(b"<>/\"'&;=.0 aZ\x00\xff")
            else:
                del content[place : place + chance.randrange(1, 30)]
                content.append(32)
        if bytes(content) == entries[name]:
            continue
        found = outcome(pack(entries | {name: bytes(content)}))
        assert found != "whole" or name.endswith("/Signature.xml")


def test_slices_of_the_file_moved_about():
    chance = random.Random(7)
    data = sample()
    for _ in range(300):
        start, end, to = sorted(chance.randrange(len(data)) for _ in range(3))
        moved = data[:start] + data[end:to] + data[start:end] + data[to:]
        if moved != data:
            assert outcome(moved) != "whole"


@pytest.mark.parametrize(
    "content",
    [
        b"<Page>" + b'<TextObject Boundary="1e400 nan 0 x" Size="-1e308"/>' * 9 + b"</Page>",
        (
            b'<Page><Content><Layer><TextObject Size="1e308" CTM="1e308 1e308 1e308 1e308 0 0">'
            b'<TextCode X="1e308" Y="1e308" DeltaX="g 99999999999 1e308">abc</TextCode>'
            b"</TextObject></Layer></Content></Page>"
        ),
        (
            b'<Page><Content><Layer><TextObject Size="4"><TextCode DeltaX="g -5 g g 1">abcdef'
            b"</TextCode></TextObject></Layer></Content></Page>"
        ),
        b"<Page><Area><PhysicalBox>nan inf 1 1</PhysicalBox></Area><Template/></Page>",
        b"<Page><Content>" + b"<PageBlock>" * 50 + b"</PageBlock>" * 50 + b"</Content></Page>",
    ],
)
def test_numbers_without_sense_are_survived(content):
    assert outcome(pack(signed() | {PAGE: content})) in ("faults", "no text")


def _refused(entries: dict[str, bytes], code: str) -> None:
    started = time.perf_counter()
    with pytest.raises(LimitError) as caught:
        ofd.read(pack(entries))
    assert caught.value.code == code
    assert time.perf_counter() - started < 4 * SECOND


def test_references_without_end_are_refused():
    refs = "".join(f'<ofd:Reference FileRef="/a{n}"/>' for n in range(80_000))
    entries = signed()
    content = signature_xml({}, [], refs=refs)
    _refused(entries | {"Doc_0/Signs/Sign_0/Signature.xml": content}, "ofd.steps")


def test_templates_without_end_are_refused():
    entries = signed()
    more = b"".join(b'<ofd:TemplatePage BaseLoc="t%d"/>' % n for n in range(30_000))
    entries[DOCUMENT] = entries[DOCUMENT].replace(b"</ofd:CommonData>", more + b"</ofd:CommonData>")
    _refused(entries, "ofd.faults")


def test_pages_that_each_draw_a_large_unit_are_refused():
    ids = "".join(f'<ofd:ImageObject ResourceID="x{n}"/>' for n in range(5_000))
    entries = signed()
    entries["Doc_0/PublicRes.xml"] = xml(
        '<ofd:Res NS><ofd:CompositeGraphicUnits><ofd:CompositeGraphicUnit ID="0"><ofd:Content>'
        f"{ids}</ofd:Content></ofd:CompositeGraphicUnit></ofd:CompositeGraphicUnits></ofd:Res>"
    )
    entries[PAGE] = page_xml('<ofd:CompositeObject ResourceID="0" Boundary="0 0 9 9"/>')
    page = b'<ofd:Page ID="1" BaseLoc="Pages/Page_0/Content.xml"/>'
    entries[DOCUMENT] = entries[DOCUMENT].replace(page, page * 400)
    _refused(entries, "ofd.steps")
