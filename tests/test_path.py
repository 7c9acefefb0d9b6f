"""Certification paths: what leads to trust, and every way in which it must not."""

from __future__ import annotations

import pathlib

import pytest

import trust_builders as b
from elicense.crypto import der
from elicense.crypto.certificate import EKU_TIMESTAMPING
from elicense.errors import InputError
from elicense.limits import Limits
from elicense.trust import path
from issuing_world import needs_openssl, openssl

from pki.keys import pem  # isort: skip

x = b.x
ROOT = b.make("Root")
INNER = b.make("Inner", ROOT)
LEAF = b.make("Leaf", INNER, *b.SIGNING)
TRUST = b.store(ROOT)


def test_a_path_leads_over_certificates_of_the_file_to_an_anchor() -> None:
    found = b.find(LEAF, INNER, trust=TRUST)
    assert found.good and [c.display for c in found.chain] == ["Leaf", "Inner", "Root"]


def test_nothing_but_the_store_ends_a_path() -> None:
    found = b.find(LEAF, INNER, ROOT, trust=b.store())
    assert not found.anchored and not found.good
    assert len(found.chain) == 3  # as far as it goes, to be shown


def test_intermediates_of_the_store_are_used_but_are_no_anchors() -> None:
    trust = b.store(intermediates=(INNER.certificate, ROOT.certificate))
    assert not b.find(LEAF, trust=trust).anchored
    assert b.find(LEAF, trust=b.store(ROOT, intermediates=(INNER.certificate,))).good


@pytest.mark.parametrize("ski", [True, False])
def test_a_look_alike_ca_of_the_same_name_and_another_key_proves_nothing(ski: bool) -> None:
    rogue_root = b.make("Root", key_name="rogue root", ski=ski)
    rogue = b.make("Inner", rogue_root, key_name="rogue inner", ski=ski)
    leaf = b.make("Leaf", rogue, *b.SIGNING, key_name="rogue leaf", ski=ski)
    assert not b.find(leaf, rogue, rogue_root, INNER, trust=TRUST).anchored
    # the real issuer is found among look-alikes that stand before it
    assert b.find(LEAF, rogue, rogue_root, INNER, trust=TRUST).good


def test_an_authority_key_identifier_that_lies_does_not_replace_the_signature() -> None:
    rogue = b.make("Inner", ROOT, key_name="rogue key")  # issued by the root, but revocable
    leaf = b.make("Leaf", rogue, *b.SIGNING, aki=INNER.key, ski=False)
    assert not b.find(leaf, INNER, trust=TRUST).anchored


def test_cross_certificates_that_run_in_a_loop_end() -> None:
    one, two = b.make("One"), b.make("Two")
    cross = [b.make("One", two, serial="x1"), b.make("Two", one, serial="x2")]
    leaf = b.make("Leaf", one, *b.SIGNING)
    assert not b.find(leaf, one, two, *cross, trust=TRUST).anchored
    assert b.find(leaf, *cross, trust=b.store(two)).good


def test_many_authorities_of_one_name_are_tried_up_to_a_limit() -> None:
    crowd = [b.make("Crowd", key_name="crowd", serial=str(n), ski=False) for n in range(70)]
    leaf = b.make("Leaf", crowd[0], *b.SIGNING, ski=False)
    search = path._Search(
        leaf.certificate, [c.certificate for c in crowd], TRUST, b.NOW, Limits(path_candidates=20)
    )
    assert not search.run().anchored
    assert search.tries <= 20 + Limits().path_length


def test_what_a_file_brings_along_does_not_use_up_the_tries() -> None:
    crowd = [b.make("Inner", key_name=f"crowd {n}", ski=False) for n in range(30)]
    trust = b.store(ROOT, intermediates=(INNER.certificate,))
    limits = Limits(path_candidates=4)
    assert b.find(LEAF, *crowd, trust=trust, limits=limits).good


def test_a_path_is_no_longer_than_the_limit() -> None:
    chain = [b.make("C0")]
    for number in range(1, 9):
        chain.append(b.make(f"C{number}", chain[-1]))
    leaf = b.make("Leaf", chain[-1], *b.SIGNING)
    assert not b.find(leaf, *chain, trust=b.store(chain[0])).anchored
    assert b.find(leaf, *chain, trust=b.store(chain[3])).good


def test_path_length_counts_authorities_that_did_not_issue_themselves() -> None:
    short = b.make("Short", ROOT, x.basic_constraints(ca=True, path_length=0), b.CA[1])
    rolled = b.make("Short", short, key_name="new key")
    under = b.make("Under", short)
    good = b.find(b.make("L1", rolled, *b.SIGNING), rolled, short, trust=TRUST)
    assert good.good
    bad = b.find(b.make("L2", under, *b.SIGNING), under, short, trust=TRUST)
    assert b.kinds(bad) == {"path-length"} and bad.anchored


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ((x.basic_constraints(ca=False), x.key_usage("keyCertSign")), "not-a-ca"),
        ((x.key_usage("keyCertSign", "cRLSign"),), "not-a-ca"),
        ((x.basic_constraints(ca=True), x.key_usage("cRLSign")), "ca-key-usage"),
        ((*b.CA, x.unknown_critical()), "critical-extension"),
        ((*b.CA, x.extension("2.5.29.36", der.seq(), critical=True)), "critical-extension"),
        ((*b.CA, x.extension("2.5.29.19", b"\x05\0")), "unreadable"),
    ],
)  # fmt: skip
def test_an_issuer_must_be_an_authority(extensions: tuple[bytes, ...], kind: str) -> None:
    if kind == "unreadable":  # basicConstraints twice: no certificate at all
        with pytest.raises(InputError):
            _ = b.make("Bad", ROOT, *extensions).certificate
        return
    inner = b.make("Bad", ROOT, *extensions)
    found = b.find(b.make("Leaf", inner, *b.SIGNING), inner, trust=TRUST)
    assert found.anchored and not found.good and b.kinds(found) == {kind}


def test_an_unknown_critical_extension_is_an_open_question_and_no_proven_fault() -> None:
    leaf = b.make("Leaf", INNER, *b.SIGNING, x.unknown_critical())
    (problem,) = b.find(leaf, INNER, trust=TRUST).problems
    assert problem.kind == "critical-extension" and not problem.fatal


def test_critical_extensions_that_have_no_say_are_read() -> None:
    policies = x.extension("2.5.29.32", der.seq(der.seq(der.oid("2.999"))), critical=True)
    assert b.find(b.make("Leaf", INNER, *b.SIGNING, policies), INNER, trust=TRUST).good


def test_dates_of_every_certificate_count_at_the_moment_asked() -> None:
    inner = b.make("Inner", ROOT, validity=(b.day(2024), b.day(2025)))
    leaf = b.make("Leaf", inner, *b.SIGNING)
    assert b.kinds(b.find(leaf, inner, trust=TRUST)) == {"expired"}
    assert b.find(leaf, inner, trust=TRUST, moment=b.day(2024, 6)).good
    assert b.kinds(b.find(leaf, inner, trust=TRUST, moment=b.day(2023))) == {"not-yet-valid"}


def test_an_expired_anchor_is_an_open_question() -> None:
    old = b.make("Old", validity=(b.day(2020), b.day(2025)))
    (problem,) = b.find(b.make("Leaf", old, *b.SIGNING), trust=b.store(old)).problems
    assert problem.kind == "expired" and not problem.fatal


def test_a_renewed_authority_is_preferred_to_its_expired_certificate() -> None:
    old = b.make("Inner", ROOT, validity=(b.day(2020), b.day(2022)), serial="old")
    assert b.find(LEAF, old, INNER, trust=TRUST).good
    assert b.find(LEAF, INNER, old, trust=TRUST).good


def test_a_leaf_listed_as_an_anchor_cannot_issue() -> None:
    middle = b.make("Middle", ROOT, *b.SIGNING)
    found = b.find(b.make("Leaf", middle, *b.SIGNING), trust=b.store(middle))
    assert b.kinds(found) >= {"not-a-ca"}


def test_a_root_without_any_extension_is_an_authority_because_the_user_says_so() -> None:
    bare = b.make("Bare", None, x.extension("2.999.5", b"x"), ski=False)
    assert b.find(b.make("Leaf", bare, *b.SIGNING), trust=b.store(bare)).good


def test_a_pinned_certificate_needs_no_anchor_but_is_still_looked_at() -> None:
    alone = b.make("Alone", b.make("Nobody"), *b.SIGNING)
    assert b.find(alone, trust=TRUST, listed=True).good
    assert not b.find(alone, trust=TRUST).anchored
    late = b.find(alone, trust=TRUST, listed=True, moment=b.day(2045))
    assert b.kinds(late) == {"expired"}


SIGN = frozenset({"digitalSignature"})


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ((x.basic_constraints(ca=False), x.key_usage("keyEncipherment")), {"key-usage"}),
        ((x.basic_constraints(ca=False),), set()),
        ((*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.1")), {"extended-key-usage"}),
        ((*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.9")), {"extended-key-usage"}),
        ((*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.2")), set()),
        ((*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.2", critical=True)),
         {"extended-key-usage"}),
        ((*b.SIGNING, x.extended_key_usage("1.3.6.1.5.5.7.3.4", critical=True)), set()),
        ((*b.SIGNING, x.extended_key_usage("2.5.29.37.0", critical=True)), set()),
    ],
)  # fmt: skip
def test_the_use_of_the_signers_key(extensions: tuple[bytes, ...], kind: set[str]) -> None:
    leaf = b.make("Leaf", INNER, *extensions)
    assert b.kinds(b.find(leaf, INNER, trust=TRUST, usage=SIGN)) == kind


def test_an_extended_use_that_is_needed_must_be_there() -> None:
    found = b.find(LEAF, INNER, trust=TRUST, extended=EKU_TIMESTAMPING)
    assert b.kinds(found) == {"extended-key-usage"}


def _constrained(permitted: bytes = b"", excluded: bytes = b"", *, critical: bool = True) -> bytes:
    def trees(number: int, common: bytes) -> bytes:
        if not common:
            return b""
        return der.implicit(number, der.seq(der.seq(der.explicit(4, common))))

    body = der.seq(trees(0, permitted), trees(1, excluded))
    return x.extension("2.5.29.30", body, critical=critical)


COUNTRY = der.seq(*(n.raw for n in der.parse(b.name("Leaf")).children()[:1]))


@pytest.mark.parametrize("critical", [True, False])
@pytest.mark.parametrize(
    ("permitted", "excluded", "kind"),
    [
        (COUNTRY, b"", set()),
        (b.name("Other"), b"", {"name-constraint"}),
        (b"", b.name("Leaf"), {"name-constraint"}),
        (b"", b.name("Other"), set()),
    ],
)
def test_name_constraints_hold(
    permitted: bytes, excluded: bytes, kind: set[str], critical: bool
) -> None:
    extension = _constrained(permitted, excluded, critical=critical)
    inner = b.make("Constrained", ROOT, *b.CA, extension)
    found = b.find(b.make("Leaf", inner, *b.SIGNING), inner, trust=TRUST)
    assert b.kinds(found) == kind


def test_unreadable_name_constraints_leave_the_question_open() -> None:
    extension = x.extension("2.5.29.30", b"\x05\0", critical=True)
    inner = b.make("Odd", ROOT, *b.CA, extension)
    (problem,) = b.find(b.make("Leaf", inner, *b.SIGNING), inner, trust=TRUST).problems
    assert problem.kind == "name-constraint-unread" and not problem.fatal


def test_weak_algorithms_of_the_path_are_named() -> None:
    entities = b.desk().world.entities
    for name, weak in (("bad/weak-sha1", "sha1"), ("bad/weak-rsa1024", "rsa-1024")):
        leaf = b.read_certificate(entities[name].certificate)
        found = path.build(leaf, [], store=b.sample_trust(), moment=b.NOW)
        assert found.good and [word for word, _ in found.weak] == [weak]


@needs_openssl
@pytest.mark.parametrize(
    ("name", "extensions"),
    [
        ("plain", b.CA),
        ("not-ca", (x.basic_constraints(ca=False), x.key_usage("keyCertSign"))),
        ("no-cert-sign", (x.basic_constraints(ca=True), x.key_usage("cRLSign"))),
        ("constrained", (*b.CA, _constrained(b.name("Other")))),
        ("constrained-well", (*b.CA, _constrained(COUNTRY))),
        ("unknown", (*b.CA, x.unknown_critical())),
    ],
)
def test_openssl_agrees(name: str, extensions: tuple[bytes, ...], tmp_path: pathlib.Path) -> None:
    inner = b.make(f"CA {name}", ROOT, *extensions)
    leaf = b.make("Leaf", inner, *b.SIGNING)
    files = []
    for label, made in (("root", ROOT), ("inner", inner), ("leaf", leaf)):
        files.append(tmp_path / f"{label}.pem")
        files[-1].write_text(pem("CERTIFICATE", made.der))
    done = openssl("verify", "-attime", int(b.NOW.timestamp()), "-CAfile", files[0],
                   "-untrusted", files[1], files[2])  # fmt: skip
    assert (done.returncode == 0) is b.find(leaf, inner, trust=TRUST).good, done.stderr
