"""What a managed folder keeps beside its lists: only what somebody known signed, never the
older for the newer."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import list_publisher as p
import trust_builders as b
from elicense.trust import bundle, managed
from elicense.trust.bundle import Bundle
from elicense.trust.list_state import Outcome
from elicense.trust.store import TrustStore

from pki.world import day  # isort: skip

NOW = b.NOW
AUTHORITY = p.ca("a regional CA")
OLD, NEW = day(2026, 10, 1), day(2026, 10, 20)
URI = "https://status.example/1"


def folder(tmp_path: Path) -> Path:
    """A folder of two regions, each with a signer of status lists; Tianjin names the URI."""
    operator = p.country()
    for region in operator.regions:
        area = region.area
        region.authorities = [p.authority(area, 1, p.service("status", p.maker(f"status {area}")))]
        own = [{"uri": URI}] if area == "120000" else []
        region.publish(at=day(2026, 10, 5), intermediates=[p.b64(AUTHORITY.der)],
                       status_lists=own)  # fmt: skip
    operator.publish(at=day(2026, 10, 6))
    found = tmp_path / "trust"
    managed.create(found, [operator.pin], "x")
    out = managed.update(found, [operator.last, *p.lists_of(operator)], now=NOW)
    assert not out.refused, out.refused
    return found


def offer(where: Path, **more: tuple[bytes, ...]) -> Outcome:
    return managed.update(where, Bundle({}, **more), now=NOW)


def status(made: b.Made, issued: int, uri: str = URI) -> bytes:
    packed = base64.urlsafe_b64encode(zlib.compress(bytes(8))).rstrip(b"=").decode()
    value = {"sub": uri, "iat": issued, "exp": issued + 86400 * 30,
             "status_list": {"bits": 4, "lst": packed}}  # fmt: skip
    return p.signed(json.dumps(value).encode(), made)


EARLY, LATE = int(OLD.timestamp()), int(NEW.timestamp())


def test_the_newer_crl_of_an_issuer_takes_the_place_of_the_older_and_not_back(
    tmp_path: Path,
) -> None:
    where = folder(tmp_path)
    old, new = b.crl(AUTHORITY, this=OLD), b.crl(AUTHORITY, b.entry(5, NEW), this=NEW)
    assert not offer(where, crls=(old,)).refused
    assert TrustStore.load(where).crls == (old,)
    offer(where, crls=(new,))
    assert TrustStore.load(where).crls == (new,)
    offer(where, crls=(old,))
    assert TrustStore.load(where).crls == (new,)


def test_a_crl_that_the_issuer_did_not_sign_pushes_nothing_out(tmp_path: Path) -> None:
    where = folder(tmp_path)
    good = b.crl(AUTHORITY, b.entry(5, OLD), this=OLD)
    offer(where, crls=(good,))
    forged = b.crl(AUTHORITY, this=NEW, signer=p.maker("nobody").key)
    stranger = b.crl(p.ca("a stranger's CA"), this=NEW)
    out = offer(where, crls=(forged, stranger, b"rubbish"))
    assert [item.code for item in out.refused] == ["not-vouched", "not-vouched", "unreadable"]
    assert TrustStore.load(where).crls == (good,)


def test_a_crl_from_the_future_pushes_nothing_out(tmp_path: Path) -> None:
    where = folder(tmp_path)
    good = b.crl(AUTHORITY, this=OLD)
    offer(where, crls=(good,))
    out = offer(where, crls=(b.crl(AUTHORITY, this=day(2030), until=day(2031)),))
    assert p.codes(out.refused) == {"future"} and TrustStore.load(where).crls == (good,)


def test_a_status_list_is_taken_from_whoever_may_speak_and_only_newer(tmp_path: Path) -> None:
    where, own = folder(tmp_path), p.maker("status 120000")
    old, new = status(own, EARLY), status(own, LATE)
    assert not offer(where, status=(new,)).refused
    offer(where, status=(old,))
    assert dict(TrustStore.load(where).status_lists) == {URI: new}


def test_a_status_list_of_a_stranger_or_of_another_region_is_not_taken(tmp_path: Path) -> None:
    where, own = folder(tmp_path), p.maker("status 120000")
    good = status(own, EARLY)
    offer(where, status=(good,))
    stranger = status(p.maker("nobody"), LATE)
    neighbour = status(p.maker("status 440000"), LATE)
    broken = good.replace(b'"bits": 4', b'"bits":  4')
    out = offer(where, status=(stranger, neighbour, broken))
    assert [item.code for item in out.refused] == ["not-vouched", "not-vouched", "unreadable"]
    assert dict(TrustStore.load(where).status_lists) == {URI: good}


def test_an_ocsp_answer_is_taken_from_the_issuer_or_its_responder(tmp_path: Path) -> None:
    where = folder(tmp_path)
    leaf = b.make("a leaf", AUTHORITY, *b.SIGNING, family="sm2")
    responder = b.make("a responder", AUTHORITY, *b.SIGNING, family="sm2")
    stranger = b.make("a stranger", p.ca("a stranger's CA"), *b.SIGNING, family="sm2")
    one = b.single(leaf, AUTHORITY)
    direct = b.ocsp(AUTHORITY, one, produced=OLD)
    delegated = b.ocsp(responder, one, produced=OLD)
    newer = b.ocsp(responder, one, produced=NEW)
    assert not offer(where, ocsps=(direct, delegated)).refused
    out = offer(where, ocsps=(newer, b.ocsp(stranger, one, produced=NEW)))
    assert p.codes(out.refused) == {"not-vouched"}
    assert set(TrustStore.load(where).ocsps) == {direct, newer}


def test_an_index_is_taken_from_whoever_may_speak(tmp_path: Path) -> None:
    operator = p.of_folder()
    where = tmp_path / "trust"
    managed.create(where, [operator.pin], "x")
    everything = bundle.read(p.sample_bundle(operator))
    assert not managed.update(where, everything, now=NOW).refused
    index = (b.CERTS / "trust" / "status" / "tj-index.p7").read_bytes()
    at = index.rindex(b"\x04")  # in the signature's value
    forged = index[: at + 8] + bytes([index[at + 8] ^ 1]) + index[at + 9 :]
    out = offer(where, indexes=(forged,))
    assert p.codes(out.refused) == {"not-vouched"}
    assert not TrustStore.load(where).status_indexes
    assert not offer(where, indexes=(index,)).refused
    assert TrustStore.load(where).status_indexes == (index,)
    assert managed.export(where).indexes == (index,)


def test_what_is_no_longer_vouched_for_goes(tmp_path: Path) -> None:
    """The signer of a status list is struck off: so are its lists, at the next update."""
    operator = p.country("120000")
    own = operator.regions[0]
    own.authorities = [p.authority("120000", 1, p.service("status", p.maker("status 120000")))]
    own.publish(at=day(2026, 10, 5))
    where = tmp_path / "trust"
    managed.create(where, [operator.pin], "x")
    managed.update(where, [operator.publish(at=day(2026, 10, 6)), own.last], now=NOW)
    assert not offer(where, status=(status(p.maker("status 120000"), EARLY),)).refused
    own.authorities = [p.authority("120000")]
    out = managed.update(where, [own.publish(at=day(2026, 10, 7))], now=NOW)
    assert p.codes(out.refused) == {"not-vouched"}
    assert not TrustStore.load(where).status_lists
