"""Whatever is changed in an issued file: never VALID; INVALID where it can still be read.

Two kinds of bytes are under no seal by the standards and mean nothing to a reader: what a
ZIP says beside names and contents (times, attributes), and what a signature value carries
unsigned (other certificates, a timestamp, the case of hex digits). A change there may leave
the verdict; that all that is signed is still what was signed is then shown one by one.
"""

from __future__ import annotations

import functools
import zipfile
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import elicense
from elicense.errors import Error
from elicense.issuing import ofd_package
from elicense.issuing.issue import issue
from issue_world import AT, TYPES, credential, options, stamp, trust
from mutating import same_where_covered

CASES = [("ofd", "sm2"), ("ofd", "rsa"), ("pdf", "sm2"), ("pdf", "rsa")]


@functools.cache
def issued(form: str, family: str) -> bytes:
    licence = TYPES["msa-doc"]
    given = options(licence, family, format=form, timestamp=stamp(licence, family))
    return issue(licence, **given, qr_signer=credential("qr/tianjin-sm2"), trust=trust())


def verdict(data: bytes) -> str:
    try:
        return str(elicense.verify(data, trust=trust(), at=AT).verdict)
    except Error:
        return "unreadable"


def harmless(whole: bytes, changed: bytes) -> bool:
    """Nothing that a seal covers has changed, nor what was signed, by whom, with what seal."""
    if not same_where_covered(whole, changed):
        return False
    before, after = (elicense.open(item).signatures for item in (whole, changed))
    return len(before) == len(after) and all(
        (a.signer, a.seal, a.values, a.digests, a.coverage)
        == (b.signer, b.seal, b.values, b.digests, b.coverage)
        for a, b in zip(before, after, strict=True)
    )


def never_valid(whole: bytes, changed: bytes) -> bool:
    return verdict(changed) != "VALID" or harmless(whole, changed)


@pytest.mark.parametrize(("form", "family"), CASES)
def test_untouched_it_is_valid(form: str, family: str) -> None:
    assert verdict(issued(form, family)) == "VALID"


@pytest.mark.parametrize(("form", "family"), CASES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_single_byte_changed_is_never_valid(form: str, family: str, data) -> None:
    whole = issued(form, family)
    place = data.draw(st.integers(0, len(whole) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(whole)
    changed[place] ^= flip
    assert never_valid(whole, bytes(changed)), f"byte {place} ^ {flip:#x}"


@pytest.mark.slow
@pytest.mark.parametrize(("form", "family"), CASES)
def test_bytes_all_over_the_file(form: str, family: str) -> None:
    """Every 211th byte, the beginning and the end densely, a bit of each kind."""
    whole = issued(form, family)
    size = len(whole)
    places = sorted({*range(0, size, 211), *range(64), *range(size - 256, size)})
    for number, place in enumerate(places):
        changed = bytearray(whole)
        changed[place] ^= 1 << number % 8
        assert never_valid(whole, bytes(changed)), f"byte {place} bit {number % 8}"


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_packing_the_same_entries_again_changes_nothing(family: str) -> None:
    assert verdict(ofd_package.pack(entries(issued("ofd", family)))) == "VALID"


def _reworded(body: bytes) -> bytes:
    """A character of a text or a byte in the middle, and still the same kind of file."""
    for old, new in ((b"2026", b"2025"), (b'Size="', b' Size="'), (b"0 0 210", b"0 0 211"),
                     (b"Image_", b"image_"), (b"Visible", b"visible")):  # fmt: skip
        if old in body:
            return body.replace(old, new, 1)
    half = len(body) // 2
    return body[:half] + bytes((body[half] ^ 1,)) + body[half + 1 :]


def _readable(body: bytes) -> bool:
    try:
        ofd_package.parse(body, "")
    except Error:
        return False
    return True


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_any_covered_part_edited_and_zipped_again_is_invalid(family: str) -> None:
    whole = entries(issued("ofd", family))
    folder = "Doc_0/Signs/"
    covered = [name for name in whole if not name.startswith(folder)]
    assert len(covered) >= 9
    for name in covered:
        body = whole[name]
        for edited in (body[:-1] + bytes((body[-1] ^ 1,)), _reworded(body)):
            if name.endswith(".xml") and not _readable(edited):
                continue  # not XML any more: nothing can be read, and nothing is VALID
            assert verdict(ofd_package.pack({**whole, name: edited})) == "INVALID", name
    office, other = "天津海事局".encode(), "天津海事厅".encode()
    for name, old, new in (
        ("Seal.esl", office, other), ("Signature.xml", b"2026", b"2025"),
        ("SignedValue.dat", office, other),
    ):  # fmt: skip
        place = f"{folder}Sign_0/{name}"
        assert old in whole[place]
        edited = {**whole, place: whole[place].replace(old, new)}
        assert verdict(ofd_package.pack(edited)) == "INVALID", name


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_a_part_left_out_or_added_is_never_valid(family: str) -> None:
    whole = entries(issued("ofd", family))
    for name in whole:
        assert verdict(ofd_package.pack({k: v for k, v in whole.items() if k != name})) != "VALID"
    page = whole["Doc_0/Pages/Page_0/Content.xml"].replace("2031年".encode(), "2036年".encode())
    pointed = whole["Doc_0/Document.xml"].replace(b"Pages/Page_0/", b"Pages/Page_9/")
    more = {**whole, "Doc_0/Pages/Page_9/Content.xml": page, "Doc_0/Document.xml": pointed}
    assert verdict(ofd_package.pack(more)) == "INVALID"


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_bytes_of_the_sealed_revision_changed_in_place_are_invalid(family: str) -> None:
    """Where the PDF can still be read: a digit of a text, the name of the signer."""
    whole = issued("pdf", family)
    for old, new in ((b"(elicense)", b"(elicensf)"), (b"/ZZYXQJZRQ", b"/ZZYXQJZRR")):
        assert old in whole
        assert verdict(whole.replace(old, new, 1)) == "INVALID", old


@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_nothing_can_be_appended(family: str) -> None:
    for form in ("ofd", "pdf"):
        for tail in (b"%%EOF\n", b"1 0 obj\n<<>>\nendobj\n", b"PK\3\4" + b"x" * 60):
            assert verdict(issued(form, family) + tail) != "VALID", (form, tail)
