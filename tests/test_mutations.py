"""Damaged files: always an answer in time, never VALID where something covered was changed."""

from __future__ import annotations

import io
import random
from concurrent.futures import ProcessPoolExecutor

import pytest

import elicense
from elicense.findings import Outcome
from elicense.verdict import Verdict
from judging import EXPECTED, SAMPLES, found, judge, sample
from mutating import (
    UNREAD,
    UNREAD_OF_COPY,
    mutations,
    same_where_covered,
    trouble,
    truncations,
    worst,
)

NAMES = sorted(EXPECTED["samples"])
VALID = [name for name in NAMES if EXPECTED["samples"][name]["verdict"] == "VALID"]
# one of each form of container and signature
FORMS = [
    "tianjin-doc.ofd",
    "tianjin-smc-interim.ofd",
    "shandong-doc-v5.ofd",
    "guangdong-doc-sign-attributes.ofd",
    "tianjin-doc.pdf",
    "guangdong-smc-long-term.pdf",
    "shandong-doc-interim.pdf",
    "shandong-doc-sm2cms.pdf",
]


@pytest.mark.parametrize("name", VALID)
def test_untouched_sample_leaves_only_its_pages_open(name):
    """What the other tests here call as good as VALID is what a sound file gives."""
    report = judge(SAMPLES / name, pages=False)
    expected = UNREAD_OF_COPY if "-copy" in name else UNREAD
    assert {code for code, _ in found(report, Outcome.FAIL, Outcome.UNKNOWN)} == expected
    assert trouble(sample(name), sample(name)) == ""


@pytest.mark.parametrize("name", FORMS)
def test_random_damage(name):
    data = sample(name)
    changed = list(mutations(data, name, 200))
    assert len({item for item in changed if item != data}) > 150
    assert [p for item in changed if (p := trouble(data, item))] == []


@pytest.mark.parametrize("name", FORMS)
def test_cut_short(name):
    data = sample(name)
    ends = list(truncations(data, 97))
    for item in [*ends[:5], *random.Random(name).sample(ends, 40), data[:-1], data[:-2]]:
        assert trouble(data, item) == ""


@pytest.mark.parametrize("name", FORMS)
def test_every_kind_of_damage_to_the_whole_is_noticed(name):
    """With pages read too: never the verdict VALID."""
    data = sample(name)
    for item in mutations(data, f"{name} pages", 12):
        try:
            report = judge(item)
        except elicense.Error as error:
            assert error.place and error.code != "container.internal"
        else:
            assert report.verdict is not Verdict.VALID or same_where_covered(data, item)


def _every(name: str) -> list[bytes]:
    """Each byte position of a small part changed once: the heads, the ends, the seams."""
    data = sample(name)
    spots = {*range(64), *range(len(data) - 64, len(data))}
    return [data[:i] + bytes([data[i] ^ 0x20]) + data[i + 1 :] for i in sorted(spots)]


@pytest.mark.parametrize("name", ["tianjin-doc.pdf", "tianjin-doc.ofd"])
def test_every_byte_at_both_ends(name):
    data = sample(name)
    assert [p for item in _every(name) if (p := trouble(data, item))] == []


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"%PDF", b"PK\3\4", b"PK\5\6" + bytes(18), b"0\x80", b"0\x82\xff\xff", b"a"],
)
def test_almost_nothing(data):
    try:
        report = judge(data)
    except elicense.InputError as error:
        assert error.code and error.place
    else:
        assert report.verdict is not Verdict.VALID


@pytest.mark.parametrize(
    "magic", [b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"MZ", b"<xml"]
)
def test_wrong_magic(magic):
    data = magic + sample("tianjin-doc.pdf")[2048:]
    with pytest.raises(elicense.InputError) as caught:
        judge(data)
    assert caught.value.place in {"offset 0", "PNG", "JPEG"}


def test_encrypted_pdf_is_said_to_be_encrypted():
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(sample("tianjin-doc.pdf"))) as document:
        document.save(out, encryption=pikepdf.Encryption(owner="owner", user=""))
    report = judge(out.getvalue())
    assert report.verdict is not Verdict.VALID
    assert ("container.structure", "encrypted") in found(report, Outcome.UNKNOWN, Outcome.FAIL)


def test_pdf_saved_again_by_another_program_is_never_valid():
    import pikepdf

    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(sample("tianjin-doc.pdf"))) as document:
        document.save(out)
    assert judge(out.getvalue()).verdict is Verdict.INVALID


def _troubles(jobs: list[tuple[str, str, int, int]]) -> list[str]:
    with ProcessPoolExecutor(2) as pool:
        return [line for lines in pool.map(worst, jobs) for line in lines]


@pytest.mark.slow
def test_random_damage_ten_thousand_times():
    jobs = [(name, "random", 1000, part) for name in FORMS for part in range(10)]
    assert _troubles(jobs) == []


@pytest.mark.slow
def test_cut_short_at_every_97th_byte():
    assert _troubles([(name, "truncated", 97, 0) for name in NAMES]) == []
