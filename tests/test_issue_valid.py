"""Every type, container, key and timestamp: what is issued is VALID, and stays so offline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

import elicense
from elicense import profiles
from elicense.crypto.sm3 import sm3
from elicense.errors import Error
from elicense.evidence import Evidence
from elicense.issuing.issue import issue
from elicense.licence import Endorsement, Licence, Validity
from issue_world import AT, TYPES, credential, options, seal, stamp, trust
from issuing_world import desk
from pki import revocation, trust_folder
from pki import world as pki
from pki.world import day
from samples import licences as x


@pytest.mark.parametrize("stamped", [False, True], ids=["plain", "timestamp"])
@pytest.mark.parametrize("family", ["sm2", "rsa"])
@pytest.mark.parametrize("form", ["ofd", "pdf"])
@pytest.mark.parametrize("kind", TYPES)
def test_issued_licences_are_valid(kind: str, form: str, family: str, stamped: bool) -> None:
    licence = TYPES[kind]
    given = options(licence, family, format=form, trust=trust())
    if stamped:
        given["timestamp"] = stamp(licence, family)
    made = issue(licence, **given)
    report = elicense.verify(made, trust=trust(), at=AT)
    assert report.verdict == "VALID", report.deciding
    assert report.licence == licence
    assert len(made) < 150_000
    proofs = {f.reason for f in report.findings if f.code == "time.proof"}
    assert ("proven" in proofs) == stamped


@pytest.mark.parametrize("endorsements", range(5))
@pytest.mark.parametrize("form", ["ofd", "pdf"])
def test_licences_with_endorsements_are_valid(form: str, endorsements: int) -> None:
    """Begun so long ago that every annual verification due by now stands on the form."""
    begin = date(2026 - endorsements, 6, 1)
    visits = tuple(
        Endorsement(f"annual-{k}", date=date(begin.year + k, 5, 30), place="天津", officer="王样例")
        for k in range(1, endorsements + 1)
    )
    licence = replace(
        x.TIANJIN_DOC,
        validity=Validity(date(2026, 6, 2), begin, date(begin.year + 5, 5, 31)),
        fields={**x.TIANJIN_DOC.fields, "completion_date": begin.isoformat()},
        endorsements=visits,
    )
    given = options(licence, format=form, trust=trust(), timestamp=stamp(licence))
    report = elicense.verify(issue(licence, **given), trust=trust(), at=AT)
    assert report.verdict == "VALID", [(f.code, f.reason, f.detail) for f in report.deciding]


@pytest.mark.parametrize("profile", ["GM.sm2cms.detached", "GM.sm2seal", "ETSI.CAdES.detached"])
def test_other_pdf_profiles_with_sm2(profile: str) -> None:
    licence = x.TIANJIN_DOC
    made = issue(licence, **options(licence, format="pdf", profile=profile, trust=trust()))
    signature = elicense.open(made, pages=False).signatures[0]
    assert profile in signature.profile
    assert elicense.verify(made, trust=trust(), at=AT).verdict == "VALID"


@pytest.mark.parametrize("version", [1, 4, 5])
def test_each_seal_version_in_an_ofd(version: int) -> None:
    licence = x.TIANJIN_DOC
    given = options(licence, trust=trust())
    given["seal"] = seal("sealers/tianjin-doc-sm2", version)
    made = issue(licence, **given)
    assert elicense.open(made, pages=False).signatures[0].kind == f"ses-v{version}"


def test_sign_only_ofd_has_no_seal() -> None:
    licence = x.TIANJIN_DOC
    given = options(licence, kind="sign", trust=trust(), timestamp=stamp(licence))
    given["seal"] = None
    made = issue(licence, **given)
    signature = elicense.open(made, pages=False).signatures[0]
    assert (signature.kind, signature.seal) == ("gbt-35275", None)


def test_rsa_seal_hashes_with_sha256_and_pdf_names_the_certificate() -> None:
    licence = x.TIANJIN_DOC
    ofd = elicense.open(issue(licence, **options(licence, "rsa")), pages=False)
    assert ofd.signatures[0].digests[0].algorithm == "sha256"
    pdf = elicense.open(issue(licence, **options(licence, "rsa", format="pdf")), pages=False)
    assert "ETSI.CAdES.detached" in pdf.signatures[0].profile


def test_the_qr_is_tied_to_the_sealed_data() -> None:
    licence = x.TIANJIN_DOC
    for form in ("ofd", "pdf"):
        given = options(licence, format=form, trust=trust())
        made = issue(licence, **given, qr_signer=credential("qr/tianjin-es256"))
        report = elicense.verify(made, trust=trust(), at=AT)
        passed = {f.code for f in report.findings if f.outcome == "PASS"}
        assert {"qr.signature", "agreement.qr-data"} <= passed


@pytest.mark.parametrize("form", ["ofd", "pdf"])
def test_riding_seal_stands_on_every_page(form: str) -> None:
    licence = x.TIANJIN_DOC
    made = issue(licence, **options(licence, format=form, riding_seal=True, trust=trust()))
    assert elicense.verify(made, trust=trust(), at=AT).verdict == "VALID"
    shown = elicense.open(made, pages=False)
    if form == "ofd":
        strips = shown.signatures[0].placements[1:]
        assert [strip.page for strip in strips] == [1, 2]
        assert [round(strip.width, 3) for strip in strips] == [20, 20]
        assert all(round(strip.x + strip.width, 3) == 210 for strip in strips)
    else:
        assert _red(made, 1) and _red(made, 2)


def _red(pdf: bytes, page: int) -> bool:
    """Is there red at the right edge, half way down the page?"""
    import pypdfium2

    picture = pypdfium2.PdfDocument(pdf)[page - 1].render(scale=2).to_pil().convert("RGB")
    width, height = picture.size
    strip = picture.crop((int(width * 0.92), int(height * 0.44), width, int(height * 0.56)))
    return any(r > 180 and g < 90 and b < 90 for r, g, b in strip.get_flattened_data())


# -- years later, offline -------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_lived() -> dict[str, str]:
    """Tianjin's sealers whose certificates end in 2027, by family of key."""
    world = desk().world
    names = {}
    for family in ("sm2", "rsa"):
        name = f"sealers/tianjin-short-{family}"
        if name not in world.entities:
            like = "sealers/tianjin-doc-rsa"
            key = world.entities[like].key
            world.key = _reusing(world, key)  # no new RSA key: that takes a second
            world.add(
                name, pki.sealer_name(trust_folder.TIANJIN, "短期"),
                issuer=f"ca/tianjin-{family}", family=family, extensions=pki.SEALING,
                validity=(day(2026), day(2027)),
            )  # fmt: skip
            del world.key
        names[family] = name
    return names


def _reusing(world, rsa):
    original = type(world).key
    return lambda name, family, bits=2048: (
        rsa if family == "rsa" else original(world, name, family, bits)
    )


def _long_smc() -> Licence:
    """An SMC by Tianjin: its one verification is not due before its third year."""
    fields = {**x.TIANJIN_SMC_INTERIM.fields, "completion_date": "2026-03-01"}
    return x._licence("msa-smc", trust_folder.TIANJIN, x.BOHAI, 40, x.FIVE_YEARS, fields)


def _revocation(family: str) -> tuple[bytes, ...]:
    """CRLs of a week in March 2026: long stale when the file is judged."""
    names = (f"roots/test-root-{family}", f"ca/tianjin-{family}", f"ca/national-{family}")
    world = desk().world
    return tuple(trust_folder.crl(world, n, day(2026, 3, 8), day(2026, 3, 2)) for n in names)


@pytest.mark.parametrize("form", ["ofd", "pdf"])
@pytest.mark.parametrize("family", ["sm2", "rsa"])
def test_valid_years_later_thanks_to_timestamp_and_embedded_revocation(
    form: str, family: str, short_lived: dict[str, str]
) -> None:
    """Judged in 2028, the sealer's certificate expired and no CRL at hand but the file's."""
    licence, name = _long_smc(), short_lived[family]
    given = options(licence, signer_name=name, format=form)
    later = datetime.fromisoformat("2028-11-01T09:00+08:00")
    store = replace(
        trust("trust-no-revocation"), status_lists=trust().status_lists,
        crls=tuple(_status_crls()),
    )  # fmt: skip
    stamped = {**given, "timestamp": stamp(licence, family)}

    # the seal's maker has an SM2 certificate, whatever the sealer's key
    lists = tuple(dict.fromkeys((*_revocation(family), *_revocation("sm2"))))
    kept = issue(licence, **stamped, crls=lists)
    report = elicense.verify(kept, trust=store, at=later, now=later)
    assert report.verdict == "VALID", [(f.code, f.reason, f.detail) for f in report.deciding]

    bare = elicense.verify(issue(licence, **stamped), trust=store, at=later, now=later)
    assert bare.verdict == "INDETERMINATE"
    assert "revocation.certificate" in {f.code for f in bare.deciding}

    unstamped = elicense.verify(issue(licence, **given), trust=store, at=later, now=later)
    assert unstamped.verdict == "INDETERMINATE"
    assert "chain.path" in {f.code for f in unstamped.deciding}


def _status_crls():
    """What judges the signer of the status list and the seal's maker today; the sealer's CA
    has none: who was revoked by whom in 2026 must come from the file."""
    for family in ("sm2", "rsa"):
        yield trust_folder.crl(desk().world, f"roots/test-root-{family}", day(2046))
        yield trust_folder.crl(desk().world, f"ca/national-{family}", day(2046))
    world = desk().world
    for family in ("sm2", "rsa"):
        name = f"ca/tianjin-{family}"
        entity = world.entities[name]
        yield revocation.crl(
            issuer=entity.subject, issuer_key=entity.key, this_update=day(2024),
            next_update=day(2024, 2), number=1,
        )  # fmt: skip


def test_archived_pdf_has_revocation_data_and_a_document_timestamp() -> None:
    licence = x.TIANJIN_DOC
    ocsp = trust_folder.ocsp(desk().world, "sealers/tianjin-doc-rsa", "ocsp/tianjin-rsa", day(2046))
    given = options(licence, "rsa", format="pdf", trust=trust(), archive=True)
    made = issue(
        licence, **given, timestamp=stamp(licence, "rsa"), crls=_revocation("rsa"), ocsps=(ocsp,)
    )
    shown: Evidence = elicense.open(made, pages=False)
    assert [s.kind for s in shown.signatures] == ["cms", "document-timestamp"]
    assert shown.signatures[0].ocsps == (ocsp,)
    assert len(shown.signatures[0].crls) == 3


# -- what is not handed out -----------------------------------------------------------------


def test_a_timestamp_over_other_bytes_is_not_handed_out() -> None:
    licence = x.TIANJIN_DOC
    right = stamp(licence)
    for form in ("ofd", "pdf"):
        given = options(licence, format=form)
        with pytest.raises(Error) as caught:
            issue(licence, **given, timestamp=lambda value: right(value + b"x"))
        assert caught.value.code == "issue.self-check"
        assert "time.proof" in caught.value.detail


@pytest.mark.parametrize(
    ("signer", "code"),
    [
        ("rogue/tianjin-doc-sm2", "chain.path"),
        ("bad/revoked-sm2", "revocation.certificate"),
        ("sealers/guangdong-doc-sm2", "authority.licence-type"),
    ],
)
def test_a_signer_the_trust_store_does_not_entitle_is_refused(signer: str, code: str) -> None:
    licence = x.TIANJIN_DOC
    given = options(licence, signer_name=signer)
    assert issue(licence, **given)
    with pytest.raises(Error) as caught:
        issue(licence, **given, trust=trust())
    assert caught.value.code == "issue.self-check"
    assert code in caught.value.detail


def test_a_withdrawn_index_is_refused_under_a_trust_store() -> None:
    with pytest.raises(Error, match=r"status\.licence"):
        issue(x.WITHDRAWN, **options(x.WITHDRAWN, trust=trust()))


def test_same_salts_and_keys_give_the_same_ofd() -> None:
    licence = x.TIANJIN_DOC
    paths = profiles.get(licence.type).salted_paths(licence)
    salts = {path: sm3(path.encode())[:16] for path in paths}
    once, again = (issue(licence, **options(licence, salts=salts)) for _ in range(2))
    assert once == again
