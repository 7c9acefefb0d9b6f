"""Extending archives: what was valid stays provable after certificates and lists have ended."""

from __future__ import annotations

import datetime
import functools
import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

import elicense
import extend_world as e
import trust_builders as b
from elicense.containers import pdf
from elicense.errors import Error, UsageError
from elicense.examine import examine
from elicense.issuing import extend_pdf, pdf_seal
from elicense.issuing.extend import Extended, extend
from elicense.limits import DEFAULT_LIMITS
from elicense.report import Report

FIRST, SECOND = b.day(2026, 10), b.day(2028, 12)
DAY = e.DAY


@functools.cache
def once(family: str = "p256", stamped: bool = True) -> tuple[bytes, Extended]:
    world = e.world(family)
    file = world.pdf(stamped=stamped)
    return file, extend(file, timestamp=world.stamp("tsa2", FIRST), now=FIRST,
                        trust=world.trust(lists=FIRST - DAY))  # fmt: skip


@functools.cache
def twice() -> Extended:
    world = e.world()
    return extend(once()[1].data, timestamp=world.stamp("tsa3", SECOND), now=SECOND,
                  trust=world.trust(lists=SECOND - DAY))  # fmt: skip


def later(data: bytes, now: datetime.datetime, *revoked: bytes, family: str = "p256") -> Report:
    """Judged with lists of the day before ``now``; on a day when the licence is in force."""
    trust = e.world(family).trust(lists=now - DAY, revoked=revoked)
    return elicense.verify(data, trust=trust, at=b.NOW, now=now)


# -- PDF ------------------------------------------------------------------------------------


def test_the_bytes_before_stay_and_nothing_is_worse() -> None:
    file, made = once()
    assert made.data.startswith(file)
    assert made.before.verdict == made.after.verdict == "VALID"
    kinds = {c.kind for s in made.after.evidence.signatures for c in s.changes}
    assert kinds == {"dss", "document-timestamp"}
    assert all(c.allowed for s in made.after.evidence.signatures for c in s.changes)
    assert (made.proven, made.until) == (FIRST, e.ENDS["tsa2"])
    assert len(made.added.certificates) == 4 and len(made.added.crls) == 2
    assert not made.gaps and not made.told


@pytest.mark.parametrize(
    ("now", "plain", "extended"),
    [
        (b.day(2026, 12), "VALID", "VALID"),
        (b.day(2027, 3), "INDETERMINATE", "VALID"),  # the sealer's certificate has expired
        (b.day(2027, 8), "INDETERMINATE", "VALID"),  # the first authority's too
        (b.day(2028, 12, 31), "INDETERMINATE", "VALID"),
        (b.day(2029, 2), "INDETERMINATE", "INDETERMINATE"),  # the second authority's too
    ],
)
@pytest.mark.parametrize("family", ["p256", "sm2"])
def test_it_lasts_until_the_new_timestamp_ends(now, plain: str, extended: str, family) -> None:
    file, made = once(family)
    assert later(file, now, family=family).verdict == plain
    report = later(made.data, now, family=family)
    assert report.verdict == extended, b.told(report)


@pytest.mark.parametrize(
    ("who", "when", "verdict"),
    [
        ("sealer", b.day(2026, 11), "VALID"),
        ("sealer", b.day(2026, 2), "INVALID"),  # before it was used
        ("tsa1", b.day(2026, 11), "VALID"),
        ("tsa1", b.day(2026, 9), "VALID"),  # its stamp proves nothing; the second one's does
        ("tsa2", b.day(2026, 11), "VALID"),  # its stamp proves nothing; the first one's does
    ],
)
def test_revocations_that_become_known_later(who: str, when, verdict: str) -> None:
    entry = b.entry(e.world().made[who], when, 4)
    report = later(once()[1].data, b.day(2026, 12), entry)
    assert report.verdict == verdict, b.told(report)
    unused = {f.detail for f in b.only(report, "time.proof", "WARN")}
    early = (who, when) in {("tsa1", b.day(2026, 9)), ("tsa2", b.day(2026, 11))}
    assert ("revoked" in unused) is early


def test_a_sealer_revoked_between_two_stamps_of_which_the_first_fell() -> None:
    """Only the second stamp stands, and by then the sealer's certificate was revoked."""
    entries = (b.entry(e.world().made["tsa1"], b.day(2026, 9), 1),
               b.entry(e.world().made["sealer"], b.day(2026, 8), 1))  # fmt: skip
    assert later(once()[1].data, b.day(2026, 12), *entries).verdict == "INVALID"


def test_two_extensions_with_the_first_authorities_expired() -> None:
    made = twice()
    assert made.data.startswith(once()[1].data) and not made.gaps
    for now in (b.day(2029, 6), b.day(2031), b.day(2033, 12)):
        assert later(made.data, now).verdict == "VALID"
        assert later(once()[1].data, now).verdict == "INDETERMINATE"
    assert later(made.data, b.day(2034, 2)).verdict == "INDETERMINATE"


def test_what_is_in_the_store_is_not_written_twice() -> None:
    document = pdf.read(twice().data, DEFAULT_LIMITS)
    store = document.security_store()
    for values in (store.certificates, store.crls, store.ocsps):
        assert len(set(values)) == len(values)
    assert len(store.crls) == 4  # two of each extension


def test_each_signature_has_its_entry_in_the_store() -> None:
    import pikepdf

    document = pdf.read(twice().data, DEFAULT_LIMITS)
    names = {extend_pdf.entry_name(s, twice().data) for s in document.signatures[:2]}
    with pikepdf.open(BytesIO(twice().data)) as opened:
        entries = opened.Root.DSS.VRI
        assert {key.removeprefix("/") for key in entries} == names
        for name in names:
            assert entries[f"/{name}"]["/Cert"] and entries[f"/{name}"]["/CRL"]


def test_an_entry_is_named_as_pyhanko_names_it() -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.dss import DocumentSecurityStore

    reader = PdfFileReader(BytesIO(once()[1].data))
    store = DocumentSecurityStore.read_dss(reader)
    sealed = reader.embedded_regular_signatures[0]
    name = DocumentSecurityStore.sig_content_identifier(sealed.pkcs7_content)
    assert store.vri_entries[name] is not None


def test_pyhanko_still_accepts_every_signature_and_timestamp() -> None:
    """As of a time when the sealer's certificate and two authorities' have ended."""
    import asn1crypto.x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature, validate_pdf_timestamp
    from pyhanko.sign.validation.settings import KeyUsageConstraints
    from pyhanko_certvalidator import ValidationContext

    root = asn1crypto.x509.Certificate.load(e.world().root.der)
    reader = PdfFileReader(BytesIO(twice().data))
    others = [asn1crypto.x509.Certificate.load(m.der) for m in (e.world().ca,)]
    sealed = reader.embedded_regular_signatures[0]
    context = ValidationContext(
        trust_roots=[root], other_certs=others, moment=b.day(2026, 11), allow_fetching=False,
    )  # fmt: skip
    usages = KeyUsageConstraints(key_usage={"digital_signature"})
    status = validate_pdf_signature(sealed, context, key_usage_settings=usages)
    assert status.intact and status.valid and status.trusted
    assert status.modification_level.name in {"LTA_UPDATES", "NONE"}
    for stamp in reader.embedded_timestamp_signatures:
        status = validate_pdf_timestamp(stamp, context)
        assert status.intact and status.valid and status.trusted


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler) is not installed")
def test_pdfsig_still_accepts_the_seal(tmp_path: Path) -> None:
    path = tmp_path / "extended.pdf"
    path.write_bytes(twice().data)
    shown = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=False)
    assert shown.stdout.count("Signature is Valid") == 1
    assert re.search(r"Timestamp2(?s:.)*Total document signed", shown.stdout)
    assert "Invalid" not in shown.stdout


def test_a_file_without_any_timestamp_gets_two_and_says_what_is_missing() -> None:
    """Of an unstamped seal nothing proves that it is older than the list at hand: a list made
    after the first timestamp is to come, and the answer names it."""
    _, made = once(stamped=False)
    assert [s.kind for s in made.after.evidence.signatures][1:] == ["document-timestamp"] * 2
    assert made.after.verdict == "VALID"
    assert {gap.problem for gap in made.gaps} == {"stale"}
    assert {gap.certificate for gap in made.gaps} == {"Short sealer p256", "Long CA p256"}
    assert all(gap.date == FIRST - DAY for gap in made.gaps)
    assert later(made.data, b.day(2027, 3)).verdict == "INDETERMINATE"
    then = FIRST + 40 * DAY
    again = extend(made.data, timestamp=e.world().stamp("tsa2", then), now=then,
                   trust=e.world().trust(lists=then - DAY))  # fmt: skip
    assert not again.gaps
    assert later(again.data, b.day(2027, 3)).verdict == "VALID"


def test_what_the_network_has_goes_into_the_file(tmp_path: Path) -> None:
    import online_world
    from elicense.trust.online import Online

    net = online_world.network()
    try:
        stamp = e.timestamp.stamp(net.tsa.credential(net.ca), b.NOW)
        status = {net.list_uri: net.states_of({})}
        trust = replace(net.trust, status_lists=status)
        made = extend(net.pdf("both", stamped=True), timestamp=stamp, trust=trust, now=b.NOW,
                      online=Online(hosts=[net.host]))  # fmt: skip
    finally:
        net.server.close()
    assert not made.gaps and len(made.added.crls) == 2
    assert net.server.asked["/ca.crl"] == 1 and not net.server.asked["/status/1"]


# -- what is refused ------------------------------------------------------------------------


def refused(file: bytes, **more: object) -> str:
    world = e.world()
    given = {"timestamp": world.stamp("tsa2", FIRST), "now": FIRST,
             "trust": world.trust(lists=FIRST - DAY), **more}  # fmt: skip
    with pytest.raises(Error) as caught:
        extend(file, **given)  # type: ignore[arg-type]
    return caught.value.code


def test_a_file_that_is_invalid_is_not_prolonged() -> None:
    file = e.world().pdf()
    assert refused(file.replace(b"/Subtype", b"/subtype", 1)) == "extend.invalid"


def test_a_timestamp_nobody_believes_is_not_written() -> None:
    world = e.world()
    unlisted = world.trust(lists=FIRST - DAY, services=("tsa1", "tsa3"))
    assert refused(world.pdf(), trust=unlisted) == "extend.timestamp"
    assert refused(world.pdf(), trust=world.trust(lists=None)) == "extend.timestamp"
    expired = world.stamp("tsa1", b.day(2028))
    assert refused(world.pdf(), timestamp=expired, now=b.day(2028)) == "extend.timestamp"
    other = world.stamp("tsa2", FIRST)
    assert refused(world.pdf(), timestamp=lambda m: other(m + b"x")) == "extend.worse"


def test_what_is_no_sealed_file_is_refused() -> None:
    plain = e.sealing.unsealed(e.desk(), e.world().licence(), "pdf", qr="")
    assert refused(plain) == "extend.format"
    with pytest.raises(UsageError):
        extend(plain, timestamp=e.world().stamp("tsa2", FIRST), now=FIRST,
               trust=e.world().trust(lists=FIRST - DAY))  # fmt: skip


def test_an_annotation_added_before_is_not_legalised() -> None:
    file = once()[0]
    noted = pdf_seal.add_validation_data(file)  # a harmless revision
    assert extend(noted, timestamp=e.world().stamp("tsa2", FIRST), now=FIRST,
                  trust=e.world().trust(lists=FIRST - DAY)).after.verdict == "VALID"  # fmt: skip


# -- OFD ------------------------------------------------------------------------------------


def ofd(file: bytes, now: datetime.datetime = FIRST, family: str = "sm2") -> Extended:
    world = e.world(family)
    return extend(file, timestamp=world.stamp("tsa2", now), now=now,
                  trust=world.trust(lists=now - DAY))  # fmt: skip


@pytest.mark.parametrize("version", [4, 5])
def test_a_seal_without_a_timestamp_is_given_one(version: int) -> None:
    file = e.world("sm2").ofd(version=version)
    made = ofd(file)
    assert [t.done for t in made.told] == ["stamped"]
    assert made.before.verdict == made.after.verdict == "VALID"
    assert (made.proven, made.until) == (FIRST, e.ENDS["tsa2"])
    (signature,) = made.after.evidence.signatures
    assert signature.timestamps[0].time == FIRST and signature.timestamps[0].crls
    assert {gap.problem for gap in made.gaps} == {"stale"}  # no list is younger than it


@pytest.mark.parametrize("form", ["seal", "sign"])
def test_after_a_second_run_with_younger_lists_it_outlasts_the_sealer(form: str) -> None:
    world = e.world("sm2")
    file = world.ofd() if form == "seal" else world.signed_ofd()
    then = FIRST + 40 * DAY
    made = ofd(ofd(file).data, now=then)
    assert [t.done for t in made.told] == ["kept" if form == "seal" else "stamped-again"]
    assert not made.gaps, made.gaps
    for now, verdict in ((b.day(2027, 3), "VALID"), (b.day(2029, 2), "INDETERMINATE")):
        assert later(file, now, family="sm2").verdict == "INDETERMINATE"
        report = later(made.data, now, family="sm2")
        assert report.verdict == verdict, b.told(report)


def test_a_seals_timestamp_is_not_replaced_but_its_data_is_kept() -> None:
    file = e.world("sm2").ofd(stamped=True)
    made = ofd(file)
    assert [t.done for t in made.told] == ["kept"] and made.proven is None
    assert made.until == e.ENDS["tsa1"] and not made.gaps
    old, new = (x.evidence.signatures[0].timestamps[0] for x in (made.before, made.after))
    assert (old.time, old.value.signature) == (new.time, new.value.signature)
    assert later(file, b.day(2027, 3), family="sm2").verdict == "INDETERMINATE"
    assert later(made.data, b.day(2027, 3), family="sm2").verdict == "VALID"
    # and this is where the format ends: nothing covers the timestamp itself
    assert later(made.data, b.day(2027, 8), family="sm2").verdict == "INDETERMINATE"


def test_only_unsigned_parts_of_an_ofd_change() -> None:
    from elicense.containers import ofd as reader

    file = e.world("sm2").ofd()
    old, new = (reader.read(x, DEFAULT_LIMITS).entries for x in (file, ofd(file).data))
    assert list(old) == list(new)
    changed = [name for name in old if old[name] != new[name]]
    assert changed == ["Doc_0/Signs/Sign_0/SignedValue.dat"]


def test_a_value_under_a_later_seal_is_left_alone() -> None:
    made = ofd(e.world("sm2").ofd(again=True))
    assert [t.done for t in made.told] == ["covered", "stamped"]
    assert made.after.verdict == made.before.verdict
    assert all(d.matches for s in made.after.evidence.signatures for d in s.digests)


def test_a_version_one_seal_has_no_place_and_says_so() -> None:
    with pytest.raises(Error) as caught:
        ofd(e.world("sm2").ofd(version=1))
    assert caught.value.code == "extend.impossible" and "no-place" in caught.value.detail


def test_evidence_of_extended_files_has_no_new_deviation() -> None:
    for file, made in (once(), (e.world("sm2").ofd(), ofd(e.world("sm2").ofd()))):
        old, new = (
            {n.kind for s in x.signatures for n in s.notes} | {n.kind for n in x.notes}
            for x in (examine(file), examine(made.data))
        )
        assert new <= old
