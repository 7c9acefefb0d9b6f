"""Files made by others: each gives what its manifest says it must, by the manifest's words."""

from __future__ import annotations

import csv
import functools
import gzip
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import elicense
from elicense.findings import Outcome
from elicense.verdict import Verdict
from judging import CORPUS, NEVER_VALID, ROOT, found, judge, needs_corpus, of

pytestmark = needs_corpus
FAIL, PASS, UNKNOWN, WARN = Outcome.FAIL, Outcome.PASS, Outcome.UNKNOWN, Outcome.WARN
ENVELOPING = "pades-enveloping-other-pdf.pdf"  # docs/oracles.md says why it is none of the refused

# the codes that name the fault of each file that must be refused
FAULTS = {
    "isa_A.pdf": {"container.structure"},
    "isa_C.pdf": {"changes.after-signing"},
    "isa_E.pdf": {"container.structure"},
    "isa_G.pdf": {"changes.after-signing"},
    "isa_I.pdf": {"container.structure"},
    "siwa_A.pdf": {"coverage.document"},
    "siwa_C.pdf": {"coverage.document"},
    "siwa_E.pdf": {"coverage.document"},
    "siwa.pdf": {"coverage.document"},
    "usf_01_Empty_Contents.pdf": {"coverage.document"},
    "usf_03_Null_Contents.pdf": {"coverage.document"},
    "usf_05_No_Contents.pdf": {"coverage.document"},
    "hide.pdf": {"changes.after-signing"},
    "annotation-and-visible-change.pdf": {"changes.after-signing"},
    "pades-spoofing-replaced-reason.pdf": {"changes.after-signing"},
    "pdf-signed-out-of-byteRange.pdf": {"coverage.document"},
    "pdf-removed-pages.pdf": {"changes.after-signing"},
    "modified_after_signature.pdf": {"changes.after-signing"},
    "pades-enveloping-empty-bytes-cms.pdf": {"signature.value"},
    "pdf-double-signer-info.pdf": {"signature.value"},
    "pkcs7-no-message-digest.pdf": {"signature.algorithm"},
    # its digests match: what is wrong is a dictionary that says two things of itself
    "Signature-P-SK-1__HASH_FAILURE_.pdf": {"container.structure"},
    "one-byterange.pdf": {"coverage.document"},
    "tail-uncovered.pdf": {"coverage.document"},
    "ed448-disallowed-hash.pdf": {"signature.value"},
    "form-update-ap-indirect-sneaky-trailer.pdf": {"changes.after-signing"},
    "pdf-sig-with-econtent.pdf": {"signature.value"},
    "ofdrw_einvoice_tampered.ofd": {"integrity.digest"},
    "annxf_koal_tampered.ofd": {"integrity.digest"},
    "hbh_versions_shadow.ofd": {"coverage.document"},
    "ofdrw_DigitalSign_bare.ofd": {"signature.value"},
    "mm_hnca_v1_rsa.ofd": {"signature.value"},
}
# what must be said of a file that is not refused: (code, reason)
SAID = {
    "ofdrw_999.ofd": {("coverage.metadata", "")},
    "ofdrw_v4signed.ofd": {("chain.path", "no-anchor")},
    "ofdrw_draw_param_ref.ofd": {("coverage.document", "uncovered")},
    "ofdrw_V4RideRight.ofd": {("signature.encoding", "riding-seal")},
    "annxf_koal.ofd": {("signature.encoding", "raw-signature"), ("coverage.metadata", "")},
    "mm_hnca_v1_rsa.ofd": {("signature.value", "nonconforming-scheme")},
    "hbh_v1_header4.ofd": {("signature.encoding", "header-version")},
    "hbh_versions_shadow.ofd": {("coverage.document", "shadow-version")},
    "ofdrw_DigitalSign_bare.ofd": {("signature.value", "no-certificate")},
    "pades-multiple-pages-annots-overlap.pdf": {("container.deviation", "annotation-overlap")},
    "annotation-and-visible-change.pdf": {("container.deviation", "annotation-overlap")},
    "pdf-structtreeroot-changes.pdf": {("changes.after-signing", "structure-tree")},
    "DSS-1683.pdf": {("signature.encoding", "no-signed-attributes"), ("signature.algorithm", "")},
    "pkcs7-no-message-digest.pdf": {("signature.encoding", "no-signed-attributes")},
    "pades-t-duplicated-doctst.pdf": {("time.proof", "imprint")},
    "pades-two-sig-copied-tst.pdf": {("time.proof", "imprint")},
    "pdf-double-signer-info.pdf": {("signature.value", "signer-count")},
    "pades-enveloping-empty-bytes-cms.pdf": {("signature.value", "econtent-empty")},
    "pdf-sig-with-econtent.pdf": {("signature.value", "econtent-empty")},
    "ed448-disallowed-hash.pdf": {("signature.value", "digest-not-allowed")},
    "deflate-bomb-10GB.pdf.gz": {("container.deviation", "page-not-drawn")},
    "ofdrw_hello_integrity.ofd": {("coverage.document", "uncovered")},
}


def _rows() -> list[tuple[str, str]]:
    if not CORPUS.joinpath("pdf").is_dir():
        return []
    rows: list[tuple[str, str]] = []
    for kind in ("ofd", "pdf"):
        table = csv.DictReader(
            CORPUS.joinpath(kind, "manifest.tsv").read_text("utf-8").splitlines(), delimiter="\t"
        )
        rows += [(f"{kind}/{row['file']}", row["expected"].strip()) for row in table]
    return rows


ROWS = _rows()
FILES = [name for name, _ in ROWS if not name.endswith(".p12")]
EXPECTATION = dict(ROWS)


def _bytes(name: str) -> bytes:
    data = CORPUS.joinpath(name).read_bytes()
    return gzip.decompress(data) if name.endswith(".gz") else data


@functools.cache
def judged(name: str) -> elicense.Report:
    """Judged once for all the tests that only look at the report."""
    return judge(_bytes(name))


def _short(name: str) -> str:
    return name.rpartition("/")[2]


def _matching(table: dict, name: str):
    return next((value for key, value in table.items() if _short(name).endswith(key)), None)


def _wanted(name: str, *words: str) -> bool:
    return any(word in EXPECTATION[name] for word in words)


def _select(*words: str, but: tuple[str, ...] = ()) -> list[str]:
    return [n for n in FILES if _wanted(n, *words) and _short(n) not in but]


REFUSED = _select("REJECT", "INVALID", "not VALID", "never fully", but=(ENVELOPING,))
# "first seal broken, second intact" is a case of its own
INTACT = [
    n for n in _select("intact", "ACCEPT") if "broken" not in EXPECTATION[n] and n not in REFUSED
]


def test_every_file_of_the_manifests_is_there():
    assert [name for name, _ in ROWS if not CORPUS.joinpath(name).is_file()] == []
    assert len(ROWS) > 80


@pytest.mark.parametrize("name", FILES)
def test_file_gets_an_answer_in_time(name):
    """A report or an error that names a place; nothing of it VALID, whoever judges."""
    data = _bytes(name)
    start = time.process_time()
    try:
        report = judge(data)
    except elicense.Error as error:
        assert error.code != "container.internal" and error.detail
        assert "REJECT parse" in EXPECTATION[name]
    else:
        assert report.verdict is not Verdict.VALID
        assert not report
        assert found(report, FAIL, UNKNOWN)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("name", REFUSED)
def test_fault_is_named(name):
    if "REJECT parse" in EXPECTATION[name]:
        with pytest.raises(elicense.InputError) as caught:
            judged(name)
        assert caught.value.code == "container.unknown" and caught.value.place
        return
    report = judged(name)
    codes = {code for code, _ in found(report, *NEVER_VALID)}
    wanted = _matching(FAULTS, name) or {"changes.after-signing"}
    assert wanted <= codes
    proven = "INDETERMINATE" not in EXPECTATION[name] and not _wanted(name, "bare", "never fully")
    if proven:
        assert report.verdict is Verdict.INVALID
        assert wanted & {code for code, _ in found(report, FAIL)}


@pytest.mark.parametrize("name", INTACT)
def test_signature_is_intact(name):
    """Digest and value hold for every signature of the file; the issuer is nobody's."""
    report = judged(name)
    signatures = [s for s in report.evidence.signatures if s.kind != "document-timestamp"]
    assert signatures
    for signature in signatures:
        subject = f"signature:{signature.index}"
        assert of(report, "signature.value", subject) == [PASS]
        assert of(report, "integrity.digest", subject) == [PASS]
        assert of(report, "chain.path", subject) == [UNKNOWN]
    assert report.verdict is not Verdict.VALID
    if not _wanted(name, "later change", "shadow"):
        codes = {code for code, _ in found(report, FAIL)}
        assert codes <= {"changes.after-signing"}  # our policy on a licence is narrower


@pytest.mark.parametrize("name", _select("UNSIGNED"))
def test_nothing_signed_is_said_to_be_nothing_signed(name):
    report = judged(name)
    assert ("signature.value", "unsigned") in found(report, UNKNOWN)
    assert report.evidence.signatures == ()
    assert report.verdict is not Verdict.VALID
    assert PASS not in of(report, "integrity.digest")


@pytest.mark.parametrize("name", [n for n in FILES if _matching(SAID, n)])
def test_what_must_be_said_is_said(name):
    report = judged(name)
    wanted = _matching(SAID, name)
    assert wanted <= found(report, FAIL, UNKNOWN, WARN)
    for finding in report.findings:
        if (finding.code, finding.reason) in wanted:
            assert finding.message("zh") and finding.message("en")
            assert finding.message("zh") != finding.message("en")


@pytest.mark.parametrize("name", _select("shadow lint", "shadow content"))
def test_prepared_content_is_a_warning(name):
    report = judged(name)
    kinds = {reason for code, reason in found(report, WARN) if code == "container.deviation"}
    assert kinds & {"covered-text", "unreferenced-object", "form-field"}
    assert report.verdict is not Verdict.INVALID


@pytest.mark.parametrize("name", _select("robustness", "terminate"))
def test_hostile_structure_leaves_no_internal_error(name):
    report = judged(name)
    assert "container.internal" not in report.evidence.qr_problem
    assert report.evidence.signatures == () or found(report, FAIL)


def test_two_seals_are_judged_apart():
    report = judge(CORPUS / "ofd" / "ofdrw_h_two_seals.ofd")
    assert of(report, "integrity.digest", "signature:1") == [FAIL]
    assert of(report, "integrity.digest", "signature:2") == [PASS]
    broken = [f for f in report.findings if f.outcome is FAIL]
    assert [f.values["place"] for f in broken] == ["Doc_0/Signs/Signatures.xml"]


def test_uncovered_templates_are_counted():
    report = judge(CORPUS / "ofd" / "ofdrw_draw_param_ref.ofd")
    uncovered = [f for f in report.findings if f.reason == "uncovered"]
    assert [f.values["count"] for f in uncovered] == ["2"]
    assert all("TPL" in part for part in uncovered[0].values["parts"].split(", "))


def test_changed_part_is_named():
    report = judge(CORPUS / "ofd" / "ofdrw_einvoice_tampered.ofd")
    (fault,) = [f for f in report.findings if f.code == "integrity.digest"]
    assert fault.values["place"] == "Doc_0/Document.xml"
    assert "Doc_0/Document.xml" in fault.message("zh")


def test_metadata_that_is_not_covered_is_not_claimed_to_be():
    report = judge(CORPUS / "ofd" / "ofdrw_999.ofd")
    claims = report.evidence.claims
    assert claims.metadata and not claims.metadata_covered


def test_pdf_with_another_pdf_attached_is_judged_as_what_it_is():
    """Labelled REJECT; it is an intact signature over a file that carries another one."""
    report = judge(CORPUS / "pdf" / "dss-pades" / ENVELOPING)
    (signature, stamp) = report.evidence.signatures
    assert of(report, "signature.value", "signature:1") == [PASS]
    assert of(report, "coverage.document", "signature:1") == [PASS]
    assert stamp.kind == "document-timestamp"
    assert report.verdict is Verdict.INDETERMINATE and report.licence is None
    assert signature.coverage.whole


def test_package_integrity_is_no_seal():
    report = judge(CORPUS / "ofd" / "ofdrw_hello_integrity.ofd")
    assert [s.kind for s in report.evidence.signatures] == ["package"]
    assert of(report, "signature.value") == [PASS]
    assert of(report, "seal.maker") == []


@pytest.mark.parametrize("version", [1, 4, 5])
def test_bare_seal_is_read_and_proves_nothing(version):
    report = judge(CORPUS / "ofd" / f"ofdrw_UserV{version}.esl")
    assert report.evidence.seal is not None and report.evidence.seal.version == version
    assert report.verdict is Verdict.INDETERMINATE


@pytest.mark.parametrize("version", [4, 5])
def test_bare_signed_value_holds_but_its_document_is_absent(version):
    report = judge(CORPUS / "ofd" / f"ofdrw_SignedValueV{version}.dat")
    assert report.evidence.signatures[0].kind == f"ses-v{version}"
    assert of(report, "signature.value") == [PASS]
    assert found(report, UNKNOWN) >= {("integrity.digest", "document-absent")}


# -- with the issuer in a trust store of our own ------------------------------


def _store(folder: Path, *, anchors: list[bytes], entries: str) -> elicense.TrustStore:
    lines = ['schema = "elicense-trust/1"', 'name = "corpus"']
    for number, der in enumerate(anchors):
        folder.joinpath(f"{number}.cer").write_bytes(der)
        lines += ["[[anchor]]", f'file = "{number}.cer"']
    folder.joinpath("trust.toml").write_text("\n".join([*lines, entries]), encoding="utf-8")
    return elicense.TrustStore.load(folder)


def _entry(service: str, name: str, file: str) -> str:
    return (
        f'[[service]]\nservice = "{service}"\nregion = "national"\nauthority = "{name}"\n'
        f'certificate = "{file}"\nlicence_types = ["msa-doc"]\n'
    )


def test_real_ofd_reaches_its_trusted_issuer(tmp_path):
    """Signer and maker listed by the certificates in the file itself, judged in their time."""
    path = CORPUS / "ofd" / "ofdrw_v4signed.ofd"
    signature = elicense.open(path).signatures[0]
    signer, maker = signature.signer, signature.seal.maker
    ders = [signer.der, maker.der]
    entries = _entry("sealer", "sealer", "0.cer") + _entry("seal-maker", "maker", "1.cer")
    store = _store(tmp_path, anchors=ders, entries=entries)
    at = signature.claimed_time
    assert signer.not_before <= at <= signer.not_after
    report = elicense.verify(path, trust=store, at=at, now=at)
    assert of(report, "chain.path") == [PASS]
    assert PASS in of(report, "seal.maker")
    assert of(report, "seal.validity") == [PASS]
    assert of(report, "revocation.certificate") == [PASS]  # pinned itself: the anchor
    assert of(report, "time.proof") == [PASS]
    assert report.verdict is Verdict.INDETERMINATE  # an invoice holds no licence
    late = datetime(2090, 1, 1, tzinfo=UTC)
    assert of(elicense.verify(path, trust=store, at=late, now=late), "chain.path") == [UNKNOWN]


def test_real_pdf_reaches_its_trusted_root(tmp_path):
    path = CORPUS / "pdf" / "dss-pades" / "pdf-signed-original.pdf"
    signature = elicense.open(path).signatures[0]
    chain = list(signature.certificates)
    signer = signature.signer
    subjects = {c.subject.key for c in chain if c != signer}
    top = [c for c in chain if c.issuer.key not in subjects or c.issuer.key == c.subject.key]
    root = next(c for c in top if c != signer)
    store = _store(tmp_path, anchors=[root.der], entries="")
    folder = tmp_path / "listed"
    folder.mkdir()
    folder.joinpath("signer.cer").write_bytes(signer.der)
    listed = _store(folder, anchors=[root.der], entries=_entry("sealer", "sealer", "signer.cer"))
    at = max(c.not_before for c in chain)
    for trust in (store, listed):
        report = elicense.verify(path, trust=trust, at=at, now=at)
        assert of(report, "chain.path") == [PASS]
        assert of(report, "signature.value") == [PASS]
    assert ("authority.licence-type", "no-licence-data") in found(report, UNKNOWN)
    early = root.not_before.replace(year=root.not_before.year - 1)
    report = elicense.verify(path, trust=listed, at=early, now=at)
    assert PASS not in of(report, "chain.path")


# -- memory -------------------------------------------------------------------

_MEASURE = r"""
import re, sys
import elicense
data = open(sys.argv[1], "rb").read()
if sys.argv[1].endswith(".gz"):
    import gzip
    data = gzip.decompress(data)
try:
    elicense.verify(data, trust=elicense.TrustStore.empty())
except elicense.Error:
    pass
# ru_maxrss would count the process that started this one
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)


def _peak(name: str) -> int:
    """MiB a process takes to judge one file."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(CORPUS / name)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": ""},
    )
    return int(done.stdout) // 1024


@needs_proc
def test_inflation_bomb_takes_little_memory():
    assert _peak("pdf/dos-pdf101/deflate-bomb-10GB.pdf.gz") < 300


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_file_takes_little_memory(name):
    assert _peak(name) < 300
