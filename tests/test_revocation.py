"""Revocation in time: fresh for what, known when, hidden never."""

from __future__ import annotations

import pytest

import trust_builders as b

CA = b.make("CA")
LEAF = b.make("Leaf", CA, *b.SIGNING)
SHORT = b.make("Short", CA, *b.SIGNING, validity=(b.day(2024), b.day(2025, 12)))
PAST = b.day(2026, 3)


def test_nothing_at_hand_is_an_open_question() -> None:
    assert (b.state(LEAF, CA).state, b.state(LEAF, CA).problem) == ("unknown", "nothing-found")


def test_a_current_list_clears() -> None:
    assert b.state(LEAF, CA, crls=(b.crl(CA),)).state == "good"


@pytest.mark.parametrize(
    ("this", "until", "problem"),
    [
        (b.day(2026, 9), b.day(2026, 10), "stale"),
        (b.day(2026, 9), None, "stale"),
        (b.day(2026, 9), b.day(2026, 11), ""),
        (b.day(2026, 12), b.day(2027), "from-the-future"),
    ],
)
def test_a_list_must_be_current_now(this: object, until: object, problem: str) -> None:
    data = b.crl(CA, this=this, until=until)  # type: ignore[arg-type]
    assert b.state(LEAF, CA, crls=(data,)).problem == problem


def test_an_earlier_moment_that_nothing_proves_does_not_make_an_old_list_good() -> None:
    # the key may have been used yesterday: a list of last March says nothing of that
    old = b.crl(CA, this=b.day(2026, 3, 2), until=b.day(2026, 4))
    assert b.state(LEAF, CA, crls=(old,), moment=PAST).problem == "stale"
    assert b.state(LEAF, CA, crls=(old,), moment=b.day(2026, 3, 15)).problem == "stale"


def test_a_proven_moment_needs_one_list_made_after_it() -> None:
    after = b.crl(CA, this=b.day(2026, 3, 2), until=b.day(2026, 4))
    before = b.crl(CA, this=b.day(2026, 2, 20), until=b.day(2026, 3, 20))
    assert b.state(LEAF, CA, crls=(after,), moment=PAST, proven=True).state == "good"
    assert b.state(LEAF, CA, crls=(before,), moment=PAST, proven=True).problem == "stale"


def test_bad_news_wins_over_good_however_old_or_new() -> None:
    bad = b.crl(CA, b.entry(LEAF, PAST), this=b.day(2026, 3, 2), until=b.day(2026, 4))
    for crls in ((bad, b.crl(CA)), (b.crl(CA), bad)):
        found = b.state(LEAF, CA, crls=crls)
        assert (found.state, found.revoked_at) == ("revoked", PAST)


def test_a_revocation_after_the_moment_is_still_told() -> None:
    data = b.crl(CA, b.entry(LEAF, b.day(2026, 9)))
    found = b.state(LEAF, CA, crls=(data,), moment=PAST)
    assert found.state == "revoked" and found.revoked_at == b.day(2026, 9)


def test_of_two_revocations_the_earlier_counts() -> None:
    crls = (b.crl(CA, b.entry(LEAF, b.day(2026, 9))), b.crl(CA, b.entry(LEAF, PAST)))
    assert b.state(LEAF, CA, crls=crls).revoked_at == PAST


def test_a_list_made_after_expiry_need_not_name_the_certificate_any_more() -> None:
    moment = b.day(2025, 6)
    assert b.state(SHORT, CA, crls=(b.crl(CA),), moment=moment, proven=True).problem == (
        "after-expiry"
    )
    timely = b.crl(CA, this=b.day(2025, 7), until=b.day(2025, 8))
    assert b.state(SHORT, CA, crls=(timely,), moment=moment, proven=True).state == "good"
    kept = b.x.extension("2.5.29.60", b.der.gentime(b.day(2020)))
    keeping = b.crl(CA, extensions=(kept,))
    assert b.state(SHORT, CA, crls=(keeping,), moment=moment, proven=True).state == "good"
    late = b.x.extension("2.5.29.60", b.der.gentime(b.day(2026)))
    found = b.state(SHORT, CA, crls=(b.crl(CA, extensions=(late,)),), moment=moment, proven=True)
    assert found.problem == "after-expiry"


def test_a_seal_makers_expiry_is_a_notice_so_later_lists_do() -> None:
    found = b.state(SHORT, CA, crls=(b.crl(CA),), moment=b.day(2025), after_expiry=True)
    assert found.state == "good"


@pytest.mark.parametrize(
    ("moment", "state", "problem"),
    [
        (b.day(2026, 1), "good", ""),  # before the hold
        (b.day(2026, 4), "unknown", "on-hold"),  # during it, as far as is known
        (b.day(2026, 8), "good", ""),  # a list of July does not name it any more
    ],
)
def test_a_hold_ends(moment: object, state: str, problem: str) -> None:
    held = b.crl(CA, b.entry(LEAF, PAST, 6), this=b.day(2026, 4), until=b.day(2026, 5))
    free = b.crl(CA, this=b.day(2026, 7))
    for crls in ((held, free), (free, held)):
        found = b.state(LEAF, CA, crls=crls, moment=moment)  # type: ignore[arg-type]
        assert (found.state, found.problem) == (state, problem)


def test_a_hold_that_is_the_last_word_is_a_revocation() -> None:
    free = b.crl(CA, this=b.day(2026, 2))
    held = b.crl(CA, b.entry(LEAF, PAST, 6), this=b.day(2026, 4))
    assert b.state(LEAF, CA, crls=(free, held)).state == "revoked"


def test_a_hold_does_not_cover_up_a_final_revocation() -> None:
    held = b.crl(CA, b.entry(LEAF, PAST, 6), this=b.day(2026, 4))
    final = b.crl(CA, b.entry(LEAF, PAST, 1), this=b.day(2026, 5))
    assert b.state(LEAF, CA, crls=(held, final, b.crl(CA, this=b.day(2026, 7)))).state == "revoked"


def test_a_list_signed_with_a_broken_digest_clears_nobody_but_may_accuse() -> None:
    rsa_key = b.desk().world.entities["ca/tianjin-rsa"].key
    ca = b.Made(b.desk().world.entities["ca/tianjin-rsa"].subject, rsa_key,
                b.desk().world.entities["ca/tianjin-rsa"].certificate)  # fmt: skip
    leaf_entity = b.desk().world.entities["sealers/tianjin-doc-rsa"]
    leaf = b.Made(leaf_entity.subject, leaf_entity.key, leaf_entity.certificate)
    assert rsa_key.sign_sha1 is not None
    algorithm = b.x.signature_algorithm(rsa_key, sha1=True)

    def sha1(*entries: bytes) -> bytes:
        tbs = b.der.seq(
            b.der.integer(1), algorithm, ca.subject, b.x.moment(b.NOW), b.x.moment(b.day(2027)),
            b.der.seq(*entries) if entries else b"",
        )  # fmt: skip
        assert rsa_key.sign_sha1 is not None
        return b.der.seq(tbs, algorithm, b.der.bits(rsa_key.sign_sha1(tbs)))

    assert b.state(leaf, ca, crls=(sha1(),)).problem == "weak-algorithm"
    assert b.state(leaf, ca, crls=(sha1(b.entry(leaf, PAST)),)).state == "revoked"


def test_unreadable_sources_do_not_hide_readable_ones() -> None:
    assert b.state(LEAF, CA, crls=(b"junk", b.crl(CA)), ocsps=(b"junk",)).state == "good"
    assert b.state(LEAF, CA, crls=(b"junk",)).problem == "unreadable"


def test_the_store_comes_before_whatever_a_file_brings_along() -> None:
    crls = (b.crl(CA), *(bytes([n % 251, n // 251]) for n in range(2000)))
    assert b.state(LEAF, CA, crls=crls).state == "good"
