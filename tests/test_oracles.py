"""Others' judgement beside ours: pyHanko on PDFs, OpenSSL on signature values.

docs/oracles.md lists every disagreement with its reason; these tests hold the list to be
exact: nothing missing, nothing that no longer is.
"""

from __future__ import annotations

import functools
import io
import logging
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import elicense
from elicense.containers import pdf
from elicense.crypto.verify import check_value
from elicense.evidence import SignedValue
from elicense.findings import Outcome
from judging import CORPUS, ROOT, SAMPLES, judge, needs_corpus, of

DOCUMENT = ROOT / "docs" / "oracles.md"
DISTID = "distid:1234567812345678"
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl command is not installed"
)
Answers = dict[tuple[str, str, str], tuple[str, str]]  # (file, seal, question): theirs, ours


WHERE = ["samples", pytest.param("corpus", marks=[pytest.mark.slow, needs_corpus])]


def _files(where: str, *suffixes: str) -> list[Path]:
    folder = SAMPLES if where == "samples" else CORPUS
    return sorted(p for p in folder.rglob("*") if p.suffix in suffixes)


def _listed(heading: str, files: list[Path]) -> Answers:
    """The rows of one table of docs/oracles.md that speak of these files."""
    text = DOCUMENT.read_text("utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| `")
    ]
    assert all(len(row) == 6 and row[5] for row in rows), "each row gives a reason"
    names = {path.name for path in files}
    return {(r[0], r[1], r[2]): (r[3], r[4]) for r in rows if r[0] in names}


# -- pyHanko ------------------------------------------------------------------


def _yes(value: bool) -> str:
    return "yes" if value else "no"


@functools.cache
def _ours(path: Path) -> list[dict[str, str]] | None:
    """What we say of each seal that is no document timestamp; None where we refuse the file."""
    try:
        report = judge(path, pages=False)
    except elicense.Error:
        return None
    answers = []
    for signature in report.evidence.signatures:
        if signature.kind == "document-timestamp":
            continue
        subject = f"signature:{signature.index}"

        def passed(code: str, subject: str = subject) -> bool:
            return of(report, code, subject) == [Outcome.PASS]

        answers.append(
            {
                "intact": _yes(passed("signature.value") and passed("integrity.digest")),
                "covered": _yes(passed("coverage.document")),
                "unchanged": _yes(passed("changes.after-signing")),
            }
        )
    return answers


def _theirs(data: bytes) -> list[dict[str, str] | None] | None:
    """What pyHanko says of each signature; None where it cannot read the file."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        signatures = list(reader.embedded_regular_signatures)
    except Exception:  # noqa: BLE001 - whatever it raises, it does not read the file
        return None
    return [_their_answer(item) for item in signatures]


def _their_answer(signature: object) -> dict[str, str] | None:
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    try:
        status = validate_pdf_signature(
            signature, ValidationContext(trust_roots=[], allow_fetching=False)
        )
    except Exception:  # noqa: BLE001 - no answer is an answer of its own
        return None
    level = status.modification_level
    return {
        "intact": _yes(status.intact and status.valid),
        "covered": _yes(status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION),
        "unchanged": _yes(level is not None and level <= ModificationLevel.FORM_FILLING),
    }


def _compare(path: Path) -> Iterator[tuple[tuple[str, str, str], tuple[str, str]]]:
    theirs, ours = _theirs(path.read_bytes()), _ours(path)
    if theirs is None or ours is None:
        first, second = ("unread" if side is None else "read" for side in (theirs, ours))
        if first != second and (theirs or ours):
            yield (path.name, "-", "readable"), (first, second)
        return
    if len(theirs) != len(ours):
        yield (path.name, "-", "seals"), (str(len(theirs)), str(len(ours)))
        return
    for number, (first, second) in enumerate(zip(theirs, ours, strict=True), 1):
        if first is None:
            yield (path.name, str(number), "judged"), ("error", f"intact: {second['intact']}")
            continue
        for question, answer in first.items():
            if answer != second[question]:
                yield (path.name, str(number), question), (answer, second[question])


@pytest.mark.parametrize("where", WHERE)
def test_every_disagreement_with_pyhanko_is_listed(where):
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    files = _files(where, ".pdf")
    found = {key: value for path in files for key, value in _compare(path)}
    assert found == _listed("pyHanko", files)


def test_pyhanko_and_we_agree_on_most():
    """The comparison is not empty: both judge dozens of signatures, and say the same."""
    pairs = [(_theirs(p.read_bytes()), _ours(p)) for p in SAMPLES.glob("*.pdf")]
    same = [a for a, b in pairs if a and a == b]
    assert len(same) >= 5


# -- OpenSSL ------------------------------------------------------------------


def _values(path: Path) -> list[tuple[str, SignedValue]]:
    """The values of the signers and seal makers of a file, each with its name."""
    try:
        signatures = elicense.open(path).signatures
    except elicense.Error:
        return []
    found = []
    for signature in signatures:
        found += [(f"{signature.index} {value.role}", value) for value in signature.values]
        seal = signature.seal
        if seal is not None and seal.maker_value is not None:
            found.append((f"{signature.index} seal-maker", seal.maker_value))
        found += [(f"{signature.index} timestamp", t.value) for t in signature.timestamps]
    return [(name, value) for name, value in found if value.spki is not None]


def _message(value: SignedValue) -> bytes:
    parts = (value.message,) if isinstance(value.message, bytes) else value.message
    return b"".join(bytes(part) for part in parts)


def _openssl(*arguments: object) -> bool:
    command = ["openssl", *(str(item) for item in arguments)]
    return subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0


def _by_openssl(value: SignedValue, folder: Path) -> bool:
    files = {"key": value.spki, "message": _message(value), "value": value.signature}
    for name, body in files.items():
        folder.joinpath(name).write_bytes(body)
    options = ["-sigopt", DISTID] if value.digest == "sm3" and len(value.spki) < 120 else []
    return _openssl(
        "dgst", f"-{value.digest}", "-verify", folder / "key", "-keyform", "DER", *options,
        "-signature", folder / "value", folder / "message",
    )  # fmt: skip


def _dgst_disagreements(paths: list[Path], folder: Path) -> tuple[int, Answers]:
    count, found = 0, {}
    known: dict[tuple[bytes, bytes, bytes], bool] = {}  # many files bear the same seal
    for path in paths:
        for name, value in _values(path):
            if value.digest not in {"sm3", "sha1", "sha256", "sha384", "sha512"} or value.pss:
                continue
            seal, role = name.split()
            count += 1
            key = (value.spki, value.signature, _message(value))
            if key not in known:
                known[key] = _by_openssl(value, folder)
            ours, theirs = check_value(value).ok, known[key]
            if ours != theirs:
                found[path.name, seal, role] = (_yes(theirs), _yes(ours))
    return count, found


@needs_openssl
@pytest.mark.parametrize("where", WHERE)
def test_every_disagreement_with_openssl_is_listed(where, tmp_path):
    files = _files(where, ".ofd", ".pdf", ".dat")
    count, found = _dgst_disagreements(files, tmp_path)
    assert count > 60
    assert found == _listed("OpenSSL", files)


@needs_openssl
@pytest.mark.parametrize("where", WHERE)
def test_openssl_reads_the_cms_of_every_rsa_pdf(where, tmp_path):
    """Digest, attributes and value in one: ``openssl cms -verify`` over the signed bytes."""
    files, count, found = _files(where, ".pdf"), 0, {}
    for path in files:
        try:
            document = pdf.read(path.read_bytes())
            evidence = elicense.open(path)
        except elicense.Error:
            continue
        ours = _ours(path) or []
        plain = [s for s in document.signatures if s.type == "Sig"]
        for number, (item, answer) in enumerate(zip(plain, ours, strict=False), 1):
            kinds = [s.kind for s in evidence.signatures if s.kind != "document-timestamp"]
            signer = evidence.signatures[item.index - 1].signer if item.usable else None
            if not item.usable or kinds[number - 1] != "cms" or signer is None:
                continue
            if signer.key.kind == "sm2":
                continue
            tmp_path.joinpath("cms").write_bytes(item.contents)
            tmp_path.joinpath("content").write_bytes(b"".join(bytes(p) for p in item.segments))
            own = item.subfilter == "adbe.pkcs7.sha1"  # the content is a digest, carried inside
            content = [] if own else ["-content", tmp_path / "content"]
            told = _openssl(
                "cms", "-verify", "-inform", "DER", "-in", tmp_path / "cms", "-binary", *content,
                "-noverify", "-out", tmp_path / "out",
            )  # fmt: skip
            count += 1
            if _yes(told) != answer["intact"]:
                found[path.name, str(number), "cms"] = (_yes(told), answer["intact"])
    assert count >= 5
    assert found == _listed("OpenSSL cms", files)


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed")
@pytest.mark.parametrize("name", ["guangdong-smc.pdf", "tampered-page.pdf"])
def test_pdfsig_says_the_same(name):
    done = subprocess.run(
        ["pdfsig", "-nocert", SAMPLES / name],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    valid = "Signature is Valid" in done.stdout
    assert _yes(valid) == _ours(SAMPLES / name)[0]["intact"]
