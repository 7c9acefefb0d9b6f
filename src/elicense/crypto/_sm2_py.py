"""SM2 in pure Python: the engine used where the C extension could not be built.

Jacobian coordinates; verification computes sG + tP by interleaved width-w NAF
over tables of odd multiples. The tables of G, and of a key seen before, are cut
into eight pieces of 32 bits, so that 32 doublings are enough instead of 256.

Nothing here takes constant time. Verification handles public values only;
:mod:`elicense.crypto.sm2` guards the functions that take a secret.
"""

from __future__ import annotations

import functools

from elicense.crypto import sm3

# The recommended curve, GB/T 32918.5 §2.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0

# (X, Y, Z) stands for x = X/Z^2, y = Y/Z^3; Z = 0 is the point at infinity.
Jacobian = tuple[int, int, int]
Affine = tuple[int, int]
# One piece of a table: index d (odd, may be negative) gives the point d * 2^(offset) * base.
Piece = list[Affine]


class Table:
    """Odd multiples of one public point, as ``pieces`` equal slices of the scalar."""

    __slots__ = ("pieces", "point", "width")

    def __init__(self, point: Affine, width: int, pieces: list[Piece]) -> None:
        self.point = point
        self.width = width
        self.pieces = pieces


_G_WIDTH = 8
_KEY_WIDTH = 6  # a key that is kept
_ONCE_WIDTH = 5  # a key used once
_PIECES = 8
_HALF = (P + 1) // 2


def on_curve(x: int, y: int) -> bool:
    """Whether (x, y), both in [0, p), satisfies y^2 = x^3 + ax + b."""
    return (y * y - (x * x - 3) * x - B) % P == 0


def _double(x: int, y: int, z: int, times: int) -> Jacobian:
    """2^times * (x, y, z); infinity stays infinity since Z stays 0."""
    p = P
    for _ in range(times):
        yy = y * y % p
        zz = z * z % p
        s = 4 * x * yy % p
        m = 3 * (x - zz) * (x + zz) % p
        z = 2 * y * z % p
        x = (m * m - 2 * s) % p
        y = (m * (s - x) - 8 * yy * yy) % p
    return x, y, z


def _add(point: Jacobian, other: Affine) -> Jacobian:
    """Sum of any point and an affine one, the doubling and inverse cases included."""
    p = P
    x1, y1, z1 = point
    x2, y2 = other
    if not z1:
        return x2, y2, 1
    zz = z1 * z1 % p
    h = (x2 * zz - x1) % p
    r = (y2 * zz * z1 - y1) % p
    if not h:
        return (1, 1, 0) if r else _double(x1, y1, z1, 1)
    hh = h * h % p
    hhh = hh * h % p
    v = x1 * hh % p
    x3 = (r * r - hhh - 2 * v) % p
    return x3, (r * (v - x3) - y1 * hhh) % p, z1 * h % p


def _to_affine(points: list[Jacobian]) -> list[Affine]:
    """Affine forms of finite points, with a single inversion for all of them."""
    p = P
    products = [1]
    for _, _, z in points:
        products.append(products[-1] * z % p)
    inverse = pow(products[-1], -1, p)
    result: list[Affine] = []
    for index in range(len(points) - 1, -1, -1):
        x, y, z = points[index]
        zi = inverse * products[index] % p
        inverse = inverse * z % p
        zi2 = zi * zi % p
        result.append((x * zi2 % p, y * zi2 * zi % p))
    result.reverse()
    return result


def _odd_multiples(base: Jacobian, count: int) -> list[Jacobian]:
    """base, 3 base, 5 base, … (``count`` of them); base is finite and of order n.

    The sums are taken on the isomorphic curve on which 2*base has Z = 1, where
    every step is a mixed addition (which does not depend on the curve's a).
    """
    p = P
    x, y, _ = base
    x2, y2, z2 = _double(*base, 1)
    ratio = 2 * y
    ratio2 = ratio * ratio % p
    point: Jacobian = (x * ratio2 % p, y * ratio2 * ratio % p, 1)
    result = [point]
    for _ in range(count - 1):
        point = _add(point, (x2, y2))
        result.append(point)
    return [(px, py, pz * z2 % p) for px, py, pz in result]


def _build(point: Affine, width: int, pieces: int) -> Table:
    """The table of ``point`` for NAF digits of ``width`` bits."""
    count = 1 << (width - 2)
    base: Jacobian = (*point, 1)
    jacobian = _odd_multiples(base, count)
    for _ in range(pieces - 1):
        base = _double(*base, 256 // pieces)
        jacobian += _odd_multiples(base, count)
    affine = _to_affine(jacobian)
    slices = [affine[i * count : (i + 1) * count] for i in range(pieces)]
    return Table(point, width, [_signed(part) for part in slices])


def _signed(odd: list[Affine]) -> Piece:
    """A list where [d] and, by Python's negative indices, [-d] are d and -d times the base."""
    piece: Piece = [(0, 0)] * (4 * len(odd))
    for index, (x, y) in enumerate(odd):
        digit = 2 * index + 1
        piece[digit] = (x, y)
        piece[-digit] = (x, P - y)
    return piece


@functools.cache
def _g_table(pieces: int) -> Table:
    return _build((GX, GY), _G_WIDTH, pieces)


def _schedule(scalar: int, table: Table, rows: list[list[Affine]]) -> None:
    """Put the points of the scalar's NAF into ``rows``, one row for each doubling.

    ``rows`` has one more entry than bits in a piece: the NAF of a 256-bit
    scalar may have a digit at position 256, which belongs to the last piece.
    """
    step = len(rows) - 1
    last = 256 // step - 1
    window = 1 << table.width
    half = window >> 1
    position = 0
    while scalar:
        zeros = (scalar & -scalar).bit_length() - 1
        position += zeros
        scalar >>= zeros
        digit = scalar & (window - 1)
        if digit >= half:
            digit -= window
        scalar -= digit
        index = min(position // step, last)
        rows[position - index * step].append(table.pieces[index][digit])


def _sum(rows: list[list[Affine]]) -> Jacobian:
    """Sum over i of 2^i * (points of row i).

    :func:`_double` and :func:`_add` written out, with w = 2y in place of y,
    which saves most of the products by small numbers.
    """
    p = P
    x, w, z = 1, 2, 0
    for row in reversed(rows):
        if z:
            ww = w * w % p
            zz = z * z % p
            v = x * ww % p
            m = 3 * (x - zz) * (x + zz) % p
            z = w * z % p
            x = (m * m - v - v) % p
            w = (2 * m * (v - x) - ww * ww) % p
        for x2, y2 in row:
            zz = z * z % p
            h = (x2 * zz - x) % p
            if not (h and z):  # infinity, equal or opposite points
                x, y, z = _add((x, w * _HALF % p, z), (x2, y2))
                w = 2 * y
                continue
            r = ((y2 + y2) * (zz * z % p) - w) % p
            hh = 4 * h * h % p
            hhh = hh * h % p
            v = x * hh % p
            z = 2 * z * h % p
            x = (r * r - hhh - v - v) % p
            w = 2 * (r * (v - x) - w * hhh) % p
    return x, w * _HALF % p, z


def _multiply_add(s: int, t: int, table: Table | None) -> Jacobian:
    """sG + tP, where ``table`` is that of P (None leaves tP out)."""
    pieces = len(table.pieces) if table is not None else _PIECES
    rows: list[list[Affine]] = [[] for _ in range(256 // pieces + 1)]
    _schedule(s, _g_table(pieces), rows)
    if table is not None:
        _schedule(t, table, rows)
    return _sum(rows)


def _parse(public_key: bytes) -> Affine | None:
    """The affine point of a 65-byte key, or None if it is not a point of the curve."""
    if len(public_key) != 65 or public_key[0] != 4:
        return None
    x = int.from_bytes(public_key[1:33], "big")
    y = int.from_bytes(public_key[33:], "big")
    return (x, y) if x < P and y < P and on_curve(x, y) else None


def _encode(point: Jacobian) -> bytes:
    """The 65-byte form of a finite point."""
    ((x, y),) = _to_affine([point])
    return b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")


def make_table(public_key: bytes) -> Table | None:
    """A table that speeds up verification under a key used often; None for a bad key."""
    point = _parse(public_key)
    return None if point is None else _build(point, _KEY_WIDTH, _PIECES)


def verify(public_key: bytes, e: bytes, rs: bytes, table: Table | None = None) -> bool:
    """GB/T 32918.2 §7.1 steps B1, B2, B5 to B7. ``table``, if given, must be this key's.

    Wrong lengths and keys that are not points of the curve give False.
    """
    if len(e) != 32 or len(rs) != 64:
        return False
    r = int.from_bytes(rs[:32], "big")
    s = int.from_bytes(rs[32:], "big")
    t = (r + s) % N
    if not (1 <= r < N and 1 <= s < N and t):
        return False
    point = _parse(public_key)
    if point is None or (table is not None and table.point != point):
        return False
    x, _, z = _multiply_add(s, t, table or _build(point, _ONCE_WIDTH, 1))
    if not z:
        return False
    # x/z^2 = r - e (mod n), with no inversion: the affine x is below p, so it is
    # the residue or the residue + n.
    zz = z * z % P
    residue = (r - int.from_bytes(e, "big")) % N
    return (residue * zz - x) % P == 0 or (residue + N < P and ((residue + N) * zz - x) % P == 0)


def verify_many(
    keys: bytes, digests: bytes, signatures: bytes, tables: list[Table | None]
) -> bytes:
    """:func:`verify` for ``len(tables)`` items laid end to end; one byte 0 or 1 for each."""
    count = len(tables)
    if len(keys) != 65 * count or len(digests) != 32 * count or len(signatures) != 64 * count:
        raise ValueError("lengths do not match")
    return bytes(
        verify(
            keys[65 * i : 65 * i + 65],
            digests[32 * i : 32 * i + 32],
            signatures[64 * i : 64 * i + 64],
            tables[i],
        )
        for i in range(count)
    )


def base_multiply(scalar: bytes) -> bytes:
    """scalar * G in 65 bytes; the scalar (32 bytes) must be in [1, n-1]."""
    k = _scalar(scalar)
    return _encode(_multiply_add(k, 0, None))


def multiply(public_key: bytes, scalar: bytes) -> bytes:
    """scalar * P in 65 bytes for a key of the curve; the scalar must be in [1, n-1]."""
    point = _parse(public_key)
    if point is None:
        raise ValueError("not a point of the curve")
    return _encode(_multiply_add(0, _scalar(scalar), _build(point, _ONCE_WIDTH, 1)))


def _scalar(data: bytes) -> int:
    k = int.from_bytes(data, "big")
    if len(data) != 32 or not 1 <= k < N:
        raise ValueError("scalar out of range")
    return k


def _private(data: bytes) -> int:
    """d in [1, n-2], GB/T 32918.1 §6.1 (1 + d must have an inverse)."""
    d = _scalar(data)
    if d == N - 1:
        raise ValueError("scalar out of range")
    return d


def _sign(d: int, e: bytes, k: int) -> bytes | None:
    """GB/T 32918.2 §6.1 steps A4 to A6 with the nonce k; None where it asks for another."""
    x1 = int.from_bytes(_encode(_multiply_add(k, 0, None))[1:33], "big")
    r = (int.from_bytes(e, "big") + x1) % N
    if r == 0 or r + k == N:
        return None
    s = pow(1 + d, -1, N) * (k - r * d) % N
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") if s else None


def sign_with_nonce(private_key: bytes, e: bytes, nonce: bytes) -> bytes:
    """r || s with the nonce given: for published examples only."""
    if len(e) != 32:
        raise ValueError("digest must have 32 bytes")
    rs = _sign(_private(private_key), e, _scalar(nonce))
    if rs is None:
        raise ValueError("this nonce gives no signature")
    return rs


def sign(private_key: bytes, e: bytes, extra: bytes) -> bytes:
    """r || s, the nonce from RFC 6979 §3.2 over HMAC-SM3 with 32 bytes ``extra`` (§3.6)."""
    if len(e) != 32 or len(extra) != 32:
        raise ValueError("digest and extra must have 32 bytes")
    d = _private(private_key)
    reduced = (int.from_bytes(e, "big") % N).to_bytes(32, "big")
    seed = private_key + reduced + extra
    value = b"\x01" * 32
    key = _hmac(b"\x00" * 32, value + b"\x00" + seed)
    value = _hmac(key, value)
    key = _hmac(key, value + b"\x01" + seed)
    value = _hmac(key, value)
    while True:
        value = _hmac(key, value)
        k = int.from_bytes(value, "big")
        rs = _sign(d, e, k) if 1 <= k < N else None
        if rs is not None:
            return rs
        key = _hmac(key, value + b"\x00")
        value = _hmac(key, value)


def _hmac(key: bytes, data: bytes) -> bytes:
    """HMAC-SM3 (RFC 2104); the keys here have 32 bytes."""
    inner = sm3.sm3(bytes(b ^ 0x36 for b in key) + b"\x36" * 32 + data)
    return sm3.sm3(bytes(b ^ 0x5C for b in key) + b"\x5c" * 32 + inner)
