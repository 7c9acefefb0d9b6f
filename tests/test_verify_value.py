"""One signature value: the key fixes the algorithm, and nothing else is tried."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

import trust_builders as b
from elicense.crypto import algorithms, der
from elicense.crypto.verify import Answer, check

M = b"the message"
SM2, RSA, RSA256 = "1.2.156.10197.1.501", "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11"
PSS, ECDSA256 = "1.2.840.113549.1.1.10", "1.2.840.10045.4.3.2"
PARAMETERS = {"digest": "sha256", "mgf_digest": "sha256", "salt": 32}


def spki(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, form)
    return encoded


def stored() -> rsa.RSAPrivateKey:
    pkcs8 = b.desk().world.entities["sealers/tianjin-doc-rsa"].key.pkcs8
    key = serialization.load_der_private_key(pkcs8, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


KEY = stored()
SPKI = spki(KEY.public_key())
PKCS1 = KEY.sign(M, padding.PKCS1v15(), hashes.SHA256())


def pss(digest: Any, mask: Any, salt: int) -> bytes:
    return KEY.sign(M, padding.PSS(padding.MGF1(mask), salt), digest)


def test_sm2() -> None:
    key = b.key("v", "sm2")
    value = key.sign(M)
    assert check(key.spki, M, value, algorithm=SM2).ok
    assert check(key.spki, (M[:3], M[3:]), value, algorithm=SM2).ok
    assert check(key.spki, M, value, algorithm=SM2, digest="sm3").ok
    wrong = check(key.spki, M + b"x", value, algorithm=SM2)
    assert wrong == Answer(False, problem="signature-value")
    assert not check(b.key("w", "sm2").spki, M, value, algorithm=SM2).ok
    assert not check(key.spki, M, value, algorithm=SM2, digest="sha256").checked


def test_sm2_deviations_are_named_and_impossible_values_refused() -> None:
    from elicense.crypto import sm2

    key = b.key("v", "sm2")
    raw = sm2.decode_signature(key.sign(M))
    assert check(key.spki, M, raw, algorithm=SM2) == Answer(True, notes=("raw-signature",))
    for bad in (bytes(64), raw[:32] + bytes(32), bytes(32) + raw[32:], b"", b"\x30\x00", raw[:63]):
        assert not check(key.spki, M, bad, algorithm=SM2).ok


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (SPKI, SM2), (SPKI, ECDSA256), (SPKI, "1.3.101.112"), (b.key("v", "sm2").spki, RSA256),
        (b.key("v", "sm2").spki, ECDSA256), (b.key("v").spki, SM2), (b.key("v").spki, RSA256),
    ],
)  # fmt: skip
def test_an_algorithm_of_another_kind_of_key_is_a_fault(key: bytes, algorithm: str) -> None:
    answer = check(key, M, PKCS1, algorithm=algorithm, digest="sha256")
    assert answer == Answer(False, problem="algorithm-key-mismatch")


def test_an_unknown_algorithm_or_digest_is_not_checked() -> None:
    for algorithm, digest in (("2.999", "sha256"), (RSA, ""), (RSA, "md2"), (RSA, "whirlpool")):
        assert not check(SPKI, M, PKCS1, algorithm=algorithm, digest=digest).checked
    assert not check(b"\x30\x00", M, PKCS1, algorithm=RSA256).checked


def test_rsa_digest_comes_from_the_identifier_first() -> None:
    assert check(SPKI, M, PKCS1, algorithm=RSA, digest="sha256").ok
    assert check(SPKI, M, PKCS1, algorithm=RSA256, digest="sha1").ok
    assert not check(SPKI, M, PKCS1, algorithm=RSA, digest="sha1").ok


@pytest.mark.parametrize(
    ("digest", "mask", "salt", "good"),
    [
        (hashes.SHA256(), hashes.SHA256(), 32, True),
        (hashes.SHA256(), hashes.SHA256(), 20, False),
        (hashes.SHA256(), hashes.SHA1(), 32, False),
        (hashes.SHA384(), hashes.SHA256(), 32, False),
    ],
)
def test_pss_parameters_must_fit(digest: Any, mask: Any, salt: int, good: bool) -> None:
    value = pss(digest, mask, salt)
    answer = check(SPKI, M, value, algorithm=PSS, pss=PARAMETERS)
    assert answer.ok is good and answer.checked
    large = check(SPKI, (M[:2], M[2:]), value, algorithm=PSS, pss=PARAMETERS)
    assert large.ok is good


@pytest.mark.parametrize(
    "changes", [{"digest": ""}, {"mgf_digest": ""}, {"salt": -1}, {"digest": "shake256"}]
)
def test_pss_parameters_that_are_not_known_are_not_checked(changes: dict[str, Any]) -> None:
    value = pss(hashes.SHA256(), hashes.SHA256(), 32)
    answer = check(SPKI, M, value, algorithm=PSS, pss={**PARAMETERS, **changes})
    assert not answer.ok and not answer.checked
    assert not check(SPKI, M, value, algorithm=PSS, digest="sha256").ok


def test_pss_and_pkcs1_are_not_taken_for_each_other() -> None:
    assert not check(SPKI, M, PKCS1, algorithm=PSS, pss=PARAMETERS).ok
    value = pss(hashes.SHA256(), hashes.SHA256(), 32)
    assert not check(SPKI, M, value, algorithm=RSA256).ok


def _rsa_spki(modulus: int, exponent: int, oid: str = RSA) -> bytes:
    body = der.seq(der.integer(modulus), der.integer(exponent))
    return der.seq(der.seq(der.oid(oid), der.null()), der.bits(body))


def test_a_key_for_pss_alone_signs_nothing_else() -> None:
    numbers = KEY.public_key().public_numbers()
    own = _rsa_spki(numbers.n, numbers.e, PSS)
    own = own.replace(der.seq(der.oid(PSS), der.null()), der.seq(der.oid(PSS)))
    body = der.seq(der.integer(numbers.n), der.integer(numbers.e))
    own = der.seq(der.seq(der.oid(PSS)), der.bits(body))
    assert check(own, M, PKCS1, algorithm=RSA256).problem == "algorithm-key-mismatch"
    value = pss(hashes.SHA256(), hashes.SHA256(), 32)
    assert check(own, M, value, algorithm=PSS, pss=PARAMETERS).ok


def _encoded(size: int, tail: bytes = b"") -> bytes:
    """EMSA-PKCS1-v1_5 of M; with a tail the padding is as short as a lax reader allows."""
    info = der.seq(der.seq(der.oid("2.16.840.1.101.3.4.2.1"), der.null()),
                   der.octets(algorithms.digest("sha256", M)))  # fmt: skip
    if not tail:
        return b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info
    head = b"\0\1" + b"\xff" * 8 + b"\0" + info
    return head + tail[: size - len(head)]


@pytest.mark.parametrize("exponent", [0, 1, 2])
def test_keys_with_an_exponent_that_signs_nothing_are_refused(exponent: int) -> None:
    modulus = KEY.public_key().public_numbers().n
    answer = check(_rsa_spki(modulus, exponent), M, _encoded(256), algorithm=RSA256)
    assert not answer.ok


def _cube_root(value: int) -> int:
    low, high = 0, 1 << (value.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= value else (low, middle - 1)
    return low


def test_bleichenbachers_forgery_for_exponent_3_is_refused() -> None:
    modulus = KEY.public_key().public_numbers().n
    target = int.from_bytes(_encoded(256, b"\xff" * 256), "big")
    root = _cube_root(target)
    made = (root**3).to_bytes(256, "big")
    assert made.startswith(_encoded(256, b"\0" * 256)[:60])  # a lax reader would be satisfied
    answer = check(_rsa_spki(modulus, 3), M, root.to_bytes(256, "big"), algorithm=RSA256)
    assert not answer.ok


def test_ecdsa_curves() -> None:
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.BrainpoolP256R1()):
        key = ec.generate_private_key(curve)
        value = key.sign(M, ec.ECDSA(hashes.SHA256()))
        assert check(spki(key.public_key()), M, value, algorithm=ECDSA256).ok
        assert check(spki(key.public_key()), (M,), value, algorithm=ECDSA256).ok
        assert not check(spki(key.public_key()), M + b"x", value, algorithm=ECDSA256).ok


def test_small_and_unknown_curves_are_not_checked() -> None:
    for curve in (ec.SECP192R1(), ec.SECP224R1()):
        key = ec.generate_private_key(curve)
        value = key.sign(M, ec.ECDSA(hashes.SHA256()))
        answer = check(spki(key.public_key()), M, value, algorithm=ECDSA256)
        assert answer == Answer(False, checked=False, problem="key-unsupported")


def test_eddsa_and_the_digest_that_goes_with_it() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    own, value = spki(key.public_key()), key.sign(M)
    assert check(own, M, value, algorithm="1.3.101.112").ok
    assert check(own, M, value, algorithm="1.3.101.112", digest="sha512").ok
    wrong = check(own, M, value, algorithm="1.3.101.112", digest="sha256")
    assert wrong.problem == "digest-not-allowed"


@pytest.mark.parametrize("value", [b"", b"\0" * 256, b"\xff" * 256, b"\x30\x06\2\1\1\2\1\1"])
def test_hostile_values_are_refused_under_every_kind_of_key(value: bytes) -> None:
    for own, algorithm in ((SPKI, RSA256), (b.key("v").spki, ECDSA256),
                           (b.key("v", "sm2").spki, SM2)):  # fmt: skip
        assert not check(own, M, value, algorithm=algorithm).ok
