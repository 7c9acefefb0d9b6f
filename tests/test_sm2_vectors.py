"""SM2 values published or crafted: what must be accepted, and what must never be.

The crafted cases come from a textbook implementation in this file (affine
points, no tables), so that neither engine is its own judge.
"""

from __future__ import annotations

import random
from types import ModuleType

import pytest

from elicense.crypto import _sm2_py, sm2, sm2_encryption
from elicense.errors import InputError, KeyMaterialError

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)

Point = tuple[int, int] | None

# GB/T 32918.5 appendix A: the example of the digital signature.
D = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
KEY = bytes.fromhex(
    "0409F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
ZA = bytes.fromhex("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
E = bytes.fromhex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")
NONCE = bytes.fromhex("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21")
RS = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


def add(a: Point, b: Point) -> Point:
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k: int, point: Point) -> Point:
    result: Point = None
    for bit in bin(k % N)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def finite(point: Point) -> tuple[int, int]:
    assert point is not None
    return point


def negate(point: Point) -> Point:
    x, y = finite(point)
    return x, P - y


def number(value: int) -> bytes:
    return value.to_bytes(32, "big")


def encode(point: Point) -> bytes:
    x, y = finite(point)
    return b"\x04" + number(x) + number(y)


def verify_both_ways(engine: ModuleType, key: bytes, e: int, r: int, s: int) -> bool:
    """With and without a table, alone and in a batch: all must agree."""
    rs = number(r) + number(s)
    digest = number(e)
    once = engine.verify(key, digest, rs, None)
    table = engine.make_table(key)
    assert once is engine.verify(key, digest, rs, table)
    batch = engine.verify_many(key * 2, digest * 2, rs * 2, [None, table])
    assert batch == bytes((once, once))
    return bool(once)


@pytest.fixture(params=["c", "python"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Each engine in turn, behind the public API, with tables of its own."""
    if request.param == "c":
        module: ModuleType = pytest.importorskip(
            "elicense.crypto._sm2", reason="the C extension is not built"
        )
    else:
        module = _sm2_py
        monkeypatch.setenv("ELICENSE_ALLOW_PYTHON_SIGNER", "1")
    monkeypatch.setattr(sm2, "_engine", module)
    monkeypatch.setattr(sm2, "ENGINE", request.param)
    monkeypatch.setattr(sm2, "_tables", sm2._KeyTables(module.make_table, capacity=128))
    return module


@pytest.fixture
def rng() -> random.Random:
    return random.Random(32918)


def scalar(rng: random.Random) -> int:
    return rng.randrange(1, N - 1)


# --- published ----------------------------------------------------------------------------


def test_published_digests(engine: ModuleType) -> None:
    assert sm2.za(KEY) == ZA
    assert sm2.message_digest(KEY, b"message digest") == E
    assert sm2.message_digest(KEY, [b"message", memoryview(b" "), bytearray(b"digest")]) == E


def test_published_signature(engine: ModuleType) -> None:
    assert engine.base_multiply(D) == KEY
    assert engine.sign_with_nonce(D, E, NONCE) == RS
    assert verify_both_ways(engine, KEY, int.from_bytes(E, "big"), *halves(RS))
    assert sm2.verify(KEY, b"message digest", sm2.encode_signature(RS))
    assert not sm2.verify(KEY, b"message digesu", sm2.encode_signature(RS))
    assert not sm2.verify(KEY, b"message digest", sm2.encode_signature(RS), id=b"ALICE")


def test_published_ciphertext(engine: ModuleType) -> None:
    """GB/T 32918.5 appendix C: "encryption standard" under the same key and nonce."""
    message = b"encryption standard"
    c1 = (
        "0404EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"
        "E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"
    )
    c3 = "59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"
    c2 = "21886CA989CA9C7D58087307CA93092D651EFA"
    expected = bytes.fromhex(c1 + c3 + c2)
    made = sm2_encryption.encrypt(KEY, message, form="raw", rng=lambda _size: NONCE)
    assert made == expected
    assert sm2_encryption.decrypt(D, expected, form="raw") == message


def halves(rs: bytes) -> tuple[int, int]:
    return int.from_bytes(rs[:32], "big"), int.from_bytes(rs[32:], "big")


# --- valid, though unusual ----------------------------------------------------------------


def test_accepts_equal_points_in_the_sum(engine: ModuleType, rng: random.Random) -> None:
    """sG = tP: the last addition is a doubling."""
    for _ in range(4):
        d, s = scalar(rng), scalar(rng)
        t = s * pow(d, -1, N) % N
        r = (t - s) % N
        x, _ = finite(multiply(2 * s, G))
        assert verify_both_ways(engine, encode(multiply(d, G)), (r - x) % N, r, s)


def test_accepts_an_abscissa_past_n(engine: ModuleType, rng: random.Random) -> None:
    """x_R in [n, p) is reduced modulo n; such points are found by trying."""
    found = 0
    x = N
    while found < 4:
        x += 1
        square = (x**3 + A * x + B) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P != square:
            continue
        found += 1
        r, s = scalar(rng), scalar(rng)
        key = multiply(pow(r + s, -1, N), add((x, y), negate(multiply(s, G))))
        assert verify_both_ways(engine, encode(key), (r - x) % N, r, s)
        assert not verify_both_ways(engine, encode(key), (r - x + 1) % N, r, s)


def test_accepts_keys_with_special_logarithms(engine: ModuleType, rng: random.Random) -> None:
    """P = +-G, +-2G, G/2 and multiples that meet the tables' own entries."""
    for d in (1, 2, 3, 5, 31, 63, 127, 1 << 32, 1 << 64, (N + 1) // 2, N - 2, N - 3):
        for s in (1, 2, N - 1, scalar(rng)):
            r = scalar(rng)
            point = add(multiply(s, G), multiply((r + s) * d, G))
            if point is None or (r + s) % N == 0:
                continue
            assert verify_both_ways(engine, encode(multiply(d, G)), (r - point[0]) % N, r, s)


def test_sums_that_meet_on_the_way(engine: ModuleType) -> None:
    """Small s and t and P = +-dG: partial sums are equal or opposite points."""
    small = (1, 2, 3, 5, 16, 31)
    for d in (1, 2, 3, 5, N - 1, N - 3):
        key = encode(multiply(d, G))
        for s in (*small, N - 1):
            for t in (*small, N - 1, N - 5):
                r = (t - s) % N
                if r == 0:
                    continue
                point = multiply(s + t * d, G)
                if point is None:
                    assert not verify_both_ways(engine, key, r, r, s)
                else:
                    assert verify_both_ways(engine, key, (r - point[0]) % N, r, s)


def test_accepts_a_digest_past_n_with_a_small_r(engine: ModuleType, rng: random.Random) -> None:
    """r - e is below -n here: reducing it once is not enough unless e was reduced."""
    x = N - 2**100
    while not _sm2_py.on_curve(x, y := pow(x**3 + A * x + B, (P + 1) // 4, P)):
        x -= 1
    r, s = 5, scalar(rng)
    key = multiply(pow(r + s, -1, N), add((x, y), negate(multiply(s, G))))
    e = (r - x) % N
    assert e + N < 2**256
    assert verify_both_ways(engine, encode(key), e, r, s)
    assert verify_both_ways(engine, encode(key), e + N, r, s)


def test_accepts_a_digest_past_n(engine: ModuleType) -> None:
    """e is an integer below 2^256 and is reduced modulo n."""
    for e in (0, N - 1, N, N + 1, 2**256 - 1):
        rs = engine.sign(D, number(e), b"\x05" * 32)
        assert verify_both_ways(engine, KEY, e, *halves(rs))
        if e >= N:
            assert verify_both_ways(engine, KEY, e - N, *halves(rs))


# --- forged -------------------------------------------------------------------------------


def test_refuses_zero_and_sums_to_n(engine: ModuleType, rng: random.Random) -> None:
    """Each of these satisfies x_R = r - e, and only the range checks refuse it."""
    d, s = scalar(rng), scalar(rng)
    key = multiply(d, G)
    for r, s_ in ((0, s), (s, 0), (N - s, s)):
        point = add(multiply(s_, G), multiply(r + s_, key))
        assert not verify_both_ways(engine, encode(key), (r - finite(point)[0]) % N, r, s_)
    assert not verify_both_ways(engine, encode(key), 0, 0, 0)


def test_refuses_r_or_s_past_n(engine: ModuleType, rng: random.Random) -> None:
    """r + n and s + n, where they still fit into 32 bytes."""
    d = scalar(rng)
    key = multiply(d, G)
    small = rng.randrange(1, 2**200)
    for r, s, dr, ds in ((small, scalar(rng), N, 0), (scalar(rng), small, 0, N)):
        x, _ = finite(add(multiply(s, G), multiply(r + s, key)))
        e = (r - x) % N
        assert verify_both_ways(engine, encode(key), e, r, s)
        assert not verify_both_ways(engine, encode(key), e, r + dr, s + ds)
    for r, s in ((N, 1), (1, N), (2**256 - 1, 1), (1, 2**256 - 1)):
        assert not verify_both_ways(engine, encode(key), 1, r, s)


def test_refuses_infinity(engine: ModuleType, rng: random.Random) -> None:
    """sG = -tP: there is no x_R, whatever r - e is."""
    for _ in range(3):
        d, s = scalar(rng), scalar(rng)
        r = (-s * pow(d, -1, N) - s) % N
        for e in (r, 0, 1, (r - 1) % N):
            assert not verify_both_ways(engine, encode(multiply(d, G)), e, r, s)


def test_refuses_every_flipped_bit(engine: ModuleType) -> None:
    table = engine.make_table(KEY)
    for bit in range(512):
        forged = (int.from_bytes(RS, "big") ^ 1 << bit).to_bytes(64, "big")
        assert not engine.verify(KEY, E, forged, table)
    for bit in range(256):
        assert not engine.verify(KEY, (int.from_bytes(E, "big") ^ 1 << bit).to_bytes(32), RS, table)


def test_refuses_a_table_of_another_key(engine: ModuleType) -> None:
    other = engine.base_multiply(number(7))
    assert not engine.verify(KEY, E, RS, engine.make_table(other))
    assert not engine.verify(other, E, RS, engine.make_table(KEY))


def bad_keys() -> list[bytes]:
    rng = random.Random(5)
    small_order = [(x, 0) for x in (0, 1, 5, P - 1)]  # order 2 on y^2 = x^3 + ax + b'
    random_points = [(rng.randrange(P), rng.randrange(P)) for _ in range(20)]
    points = [encode(point) for point in (*small_order, *random_points)]
    x = 1
    while not _sm2_py.on_curve(x, y := pow(x**3 + A * x + B, (P + 1) // 4, P)):
        x += 1
    past_p = [b"\x04" + number(x + P) + number(y), b"\x02" + number(x + P)]
    good = encode((x, y))
    off = bytearray(KEY)
    off[64] ^= 1
    lengths = [b"", b"\x00", b"\x04", good[:64], good + b"\x00", good[1:], b"\x00" * 65]
    prefixes = [bytes((prefix,)) + KEY[1:] for prefix in (0, 2, 3, 5, 6, 7)]
    compressed = [b"\x04" + KEY[1:33], b"\x02" + number(P), b"\x03" + b"\xff" * 32]
    return [*points, *past_p, bytes(off), *lengths, *prefixes, *compressed]


@pytest.mark.parametrize("key", bad_keys(), ids=lambda key: key.hex()[:16])
def test_refuses_bad_keys(engine: ModuleType, key: bytes) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        sm2.load_public_key(key)
    assert caught.value.code == "sm2.public-key"
    assert engine.make_table(key) is None
    assert engine.verify(key, E, RS, None) is False
    assert sm2.verify_digest(key, E, RS) is False
    assert sm2.verify_digest(key, E, RS) is False  # the second time it asks for a table
    assert sm2.verify_batch([(key, E, RS), (KEY, E, RS)]) == [False, True]
    with pytest.raises(ValueError, match="not a point"):
        engine.multiply(key, number(2))


def test_refuses_invalid_curve_forgery(engine: ModuleType) -> None:
    """A key of order 2 on another curve would let anyone sign: tP is infinity for even t."""
    s = 12345
    key = encode((7, 0))
    x, _ = finite(multiply(s, G))
    for r in (s, s + 2):
        assert not engine.verify(key, number((r - x) % N), number(r) + number(s), None)


def test_compressed_keys() -> None:
    rng = random.Random(9)
    for _ in range(8):
        x, y = finite(multiply(scalar(rng), G))
        for prefix, expected in ((2 + (y & 1), y), (3 - (y & 1), P - y)):
            assert sm2.load_public_key(bytes((prefix,)) + number(x)) == encode((x, expected))
    with pytest.raises(KeyMaterialError):  # no point has this x
        sm2.load_public_key(b"\x02" + number(next_missing_x()))


def next_missing_x() -> int:
    x = 1
    while pow(x**3 + A * x + B, (P - 1) // 2, P) == 1:
        x += 1
    return x


# --- signatures as bytes ------------------------------------------------------------------


def der(r: bytes, s: bytes, extra: bytes = b"", outer: int = 0x30) -> bytes:
    body = b"\x02" + bytes((len(r),)) + r + b"\x02" + bytes((len(s),)) + s + extra
    return bytes((outer, len(body))) + body


R_PART, S_PART = b"\x00" + RS[:32], b"\x00" + RS[32:]
MALFORMED = {
    "empty": b"",
    "only a header": b"\x30\x00",
    "cut": der(R_PART, S_PART)[:-1],
    "trailing": der(R_PART, S_PART) + b"\x00",
    "trailing inside": der(R_PART, S_PART, b"\x00"),
    "third integer": der(R_PART, S_PART, b"\x02\x01\x01"),
    "negative r": der(RS[:32], S_PART),
    "negative s": der(R_PART, RS[32:]),
    "needless zero": der(b"\x00\x01", S_PART),
    "two zeros": der(b"\x00" + R_PART, S_PART),
    "empty integer": der(b"", S_PART),
    "33 bytes": der(b"\x01" + RS[:32], S_PART),
    "a set": der(R_PART, S_PART, outer=0x31),
    "long length": b"\x30\x81\x46" + der(R_PART, S_PART)[2:],
    "indefinite": b"\x30\x80" + der(R_PART, S_PART)[2:] + b"\x00\x00",
    "long length inside": b"\x30\x47\x02\x81\x21" + R_PART + b"\x02\x21" + S_PART,
    "an octet string": der(R_PART, S_PART).replace(b"\x02\x21", b"\x04\x21", 1),
    "raw": RS,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_strict_der_only(name: str, engine: ModuleType) -> None:
    with pytest.raises(InputError) as caught:
        sm2.decode_signature(MALFORMED[name])
    assert caught.value.code == "sm2.signature"
    assert sm2.verify(KEY, b"message digest", MALFORMED[name]) is False


def test_strict_der_round_trip() -> None:
    assert sm2.encode_signature(RS) == der(R_PART, S_PART)
    for rs in (RS, bytes(64), number(1) + number(128), number(127) + number(N - 1)):
        assert sm2.decode_signature(sm2.encode_signature(rs)) == rs
    with pytest.raises(InputError):
        sm2.encode_signature(RS[1:])


def test_tolerant_decoding_says_what_it_met() -> None:
    decode = sm2.decode_signature_tolerant
    assert decode(der(R_PART, S_PART)) == (RS, ())
    assert decode(RS) == (RS, ("raw-signature",))
    odd = ("non-minimal-integer",)
    assert decode(MALFORMED["negative r"]) == (RS, odd)
    assert decode(MALFORMED["negative s"]) == (RS, odd)
    assert decode(MALFORMED["two zeros"]) == (RS, odd)
    refused = set(MALFORMED) - {"negative r", "negative s", "two zeros", "needless zero", "raw"}
    for name in refused:
        with pytest.raises(InputError):
            decode(MALFORMED[name])
