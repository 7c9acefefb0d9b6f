"""Real and hostile PDFs from outside: each gives what its manifest says."""

from __future__ import annotations

import csv
import gzip
import os
import re
import time
from functools import cache
from pathlib import Path

import pytest

from elicense.containers import pdf
from elicense.errors import Error

ROOT = Path(
    os.environ.get("ELICENSE_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "corpus")
) / "pdf"  # fmt: skip
MANIFEST = ROOT / "manifest.tsv"
# what only reading the signature's value can tell
CRYPTOGRAPHY = re.compile(
    r"HASH_FAILURE|eContent|SignerInfo|message-digest|digest|copied|envelops", re.IGNORECASE
)


def rows() -> list[dict[str, str]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source, delimiter="\t"))


@cache
def content(name: str) -> bytes:
    data = (ROOT / name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


def fatal(data: bytes) -> list[str]:
    """Kinds of fatal faults and of refused changes; the code of an error."""
    try:
        document = pdf.read(data)
    except Error as error:
        return [error.code]
    found = [f.kind for f in document.faults if f.fatal]
    for signature in document.signatures:
        found += [f.kind for f in signature.faults if f.fatal]
        found += [c.kind for c in signature.changes if not c.allowed]
    return found


def chosen(pattern: str) -> list[str]:
    return [row["file"] for row in rows() if re.match(pattern, row["expected"])]


needs_corpus = pytest.mark.skipif(not MANIFEST.is_file(), reason=f"no corpus at {ROOT}")


@needs_corpus
@pytest.mark.parametrize("name", [row["file"] for row in rows()] or ["none"])
def test_file_is_read_within_a_second(name: str) -> None:
    data = content(name)
    begin = time.perf_counter()
    fatal(data)
    assert time.perf_counter() - begin < 1


@needs_corpus
@pytest.mark.parametrize(
    "name",
    [r["file"] for r in rows()
     if r["expected"].startswith("REJECT") and not CRYPTOGRAPHY.search(r["expected"])] or ["none"],
)  # fmt: skip
def test_rejected_file_has_a_fatal_fault(name: str) -> None:
    assert fatal(content(name))


@needs_corpus
@pytest.mark.parametrize("name", chosen("ACCEPT|signature intact|annotations overlap") or ["none"])
def test_intact_file_has_none(name: str) -> None:
    document = pdf.read(content(name))
    assert document.signatures
    assert all(s.usable and s.covers_revision for s in document.signatures)
    assert fatal(content(name)) == []


@needs_corpus
@pytest.mark.parametrize("name", chosen("UNSIGNED") or ["none"])
def test_unsigned_file_has_no_signature(name: str) -> None:
    assert pdf.read(content(name)).signatures == ()


@needs_corpus
def test_change_of_the_structure_tree_is_reported_as_a_change_only() -> None:
    (name,) = chosen("intact; later change")
    document = pdf.read(content(name))
    assert all(s.usable and s.covers_revision for s in document.signatures)
    changes = document.signatures[0].changes
    assert {c.kind for c in changes if not c.allowed} >= {"structure-tree"}
    assert not [f for s in document.signatures for f in s.faults if f.fatal]
    assert not [f for f in document.faults if f.fatal]


@needs_corpus
def test_prepared_hide_attack_is_seen_before_signing() -> None:
    from elicense.containers.pdf.page import overlaid_text

    prepared = [name for name in chosen("UNSIGNED") if "hide" in name]
    hidden = {name: overlaid_text(content(name), 1) for name in prepared}
    assert [name for name in prepared if hidden[name]] == [
        name for name in prepared if "shadowed" in name
    ]


@needs_corpus
def test_prepared_form_field_is_noted_before_signing() -> None:
    for name in (n for n in chosen("UNSIGNED") if "overlay" in n):
        assert "form-field" in {note.kind for note in pdf.read(content(name)).notes}


@needs_corpus
@pytest.mark.parametrize("name", chosen("ACCEPT") or ["none"])
def test_every_mutation_in_the_signed_bytes_shows(name: str) -> None:
    import hashlib
    import random

    data = content(name)
    document = pdf.read(data)
    signature = document.signatures[-1]
    low, high = signature.byte_range[1:3]
    want = hashlib.sha256(b"".join(signature.segments)).digest()
    choose = random.Random(name)
    for _ in range(60):
        at = choose.randrange(signature.byte_range[2] + signature.byte_range[3])
        if low <= at < high:
            continue
        changed = bytearray(data)
        changed[at] ^= 1 << choose.randrange(8)
        try:
            found = pdf.read(bytes(changed)).signatures
        except Error:
            continue
        last = found[-1].segments if found else ()
        assert hashlib.sha256(b"".join(last)).digest() != want or fatal(bytes(changed))
