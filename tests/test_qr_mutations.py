"""No mutated payload verifies: only the very message that was signed does.

Mutated are the text, the bytes of the message, and each part of the COSE structure; parts
are exchanged between licences. The fast slice runs every kind; the whole is 100,000.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from typing import Any

import base45
import cbor2
import pytest

from elicense.crypto._sm2_py import N
from elicense.qr import payload
from scan_pages import VECTORS, accept, keys, text

GOOD = sorted(path.name for path in VECTORS.iterdir() if not path.name.startswith("bad-"))
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
FAST, WHOLE = 1_500, 100_000


@cache
def parts(name: str) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    protected, unprotected, body, signature = cbor2.loads(base45.b45decode(text(name)[4:]))
    return protected, unprotected, body, signature


def coded(message: bytes) -> str:
    return "EL1:" + base45.b45encode(message).decode("ascii")


def built(*items: Any) -> str:
    return coded(cbor2.dumps(list(items), canonical=True))


def _bytes(rng: random.Random, data: bytes) -> bytes:
    """One to three bytes changed, put in or taken out; or a bit turned; or an end cut off."""
    out = bytearray(data)
    kind = rng.randrange(5)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out.insert(at, rng.randrange(256))
        elif kind == 2 and len(out) > 1:
            del out[at]
        elif kind == 3:
            out[at] ^= 1 << rng.randrange(8)
        else:
            del out[max(1, at) :]
    return bytes(out)


def characters(rng: random.Random, name: str) -> str:
    """The text, in base45's alphabet and now and then outside of it."""
    out = list(text(name))
    letters = ALPHABET if rng.random() < 0.9 else "abcäⅠ０\n\0"
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        kind = rng.randrange(4)
        if kind == 0:
            out[at] = rng.choice(letters)
        elif kind == 1:
            out.insert(at, rng.choice(letters))
        elif kind == 2:
            del out[at]
        else:
            other = rng.randrange(len(out))
            out[at], out[other] = out[other], out[at]
    return "".join(out)


def message(rng: random.Random, name: str) -> str:
    return coded(_bytes(rng, base45.b45decode(text(name)[4:])))


def truncated(rng: random.Random, name: str) -> str:
    whole = text(name)
    at = rng.randrange(len(whole))
    return whole[:at] if rng.random() < 0.5 else whole[:4] + whole[4 + at :]


def header(rng: random.Random, name: str) -> str:
    protected, *rest = parts(name)
    return built(_bytes(rng, protected), *rest)


def header_fields(rng: random.Random, name: str) -> str:
    """Another algorithm, key, dictionary or template, in a header that is well formed."""
    protected, *rest = parts(name)
    fields = cbor2.loads(protected)
    label = rng.choice(list(fields))
    fields[label] = {
        1: rng.choice([-65601, -7, -37, -257, 0, 5]),
        2: rng.choice([[], [-65602, 4], [1]]),
        4: rng.choice([*keys(), rng.randbytes(4), b""]),
        -65602: [rng.randrange(3), rng.randrange(8)],
    }[label]
    return built(cbor2.dumps(fields, canonical=True), *rest)


def body(rng: random.Random, name: str) -> str:
    protected, unprotected, content, signature = parts(name)
    return built(protected, unprotected, _bytes(rng, content), signature)


def signature(rng: random.Random, name: str) -> str:
    """Bits, halves, and the values that careless verifiers take: 0, n, n − s, r + n."""
    protected, unprotected, content, value = parts(name)
    r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
    tries = [
        _bytes(rng, value), value[32:] + value[:32], bytes(64), b"\xff" * 64, rng.randbytes(64),
        value[:32] + ((N - s) % N).to_bytes(32, "big"),
        value[:32] + bytes(32), bytes(32) + value[32:], N.to_bytes(32, "big") * 2,
        (r + N).to_bytes(33, "big")[-32:] + value[32:], value + b"\0", b"\0" + value,
    ]  # fmt: skip
    return built(protected, unprotected, content, rng.choice(tries))


def swapped(rng: random.Random, name: str) -> str:
    """One or more parts of another licence's code."""
    other = rng.choice([item for item in GOOD if item != name])
    mixed = [rng.choice(pair) for pair in zip(parts(name), parts(other), strict=True)]
    return built(*mixed)


def structure(rng: random.Random, name: str) -> str:
    protected, unprotected, content, value = parts(name)
    return rng.choice(
        [
            built(protected, {4: b"abcd"}, content, value),
            built(protected, {1: -7}, content, value),
            built(protected, unprotected, content),
            built(protected, unprotected, content, value, value),
            built(protected, unprotected, content + content, value),
            built(cbor2.loads(protected), unprotected, content, value),
            coded(base45.b45decode(text(name)[4:]) + bytes([rng.randrange(256)])),
            text(name) + rng.choice(ALPHABET),
            text(name)[:4] + text(name),
            text(name).lower(),
            " " + text(name),
        ]
    )


MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    characters, message, truncated, header, header_fields, body, signature, swapped, structure,
)  # fmt: skip


def same(mutated: str) -> bool:
    """Whether it is one of the messages that were signed (tag 18 before it or not)."""
    signed = {text(name) for name in GOOD}
    signed |= {coded(b"\xd2" + base45.b45decode(said[4:])) for said in signed}
    return mutated in signed


def run(count: int, seed: int) -> tuple[int, int]:
    """How many mutants were tried, and how many of them decoded and failed by signature."""
    rng = random.Random(seed)
    tried = decoded = 0
    while tried < count:
        mutated = MUTATIONS[tried % len(MUTATIONS)](rng, rng.choice(GOOD))
        if same(mutated):
            assert accept(mutated)
            mutated = characters(rng, GOOD[0])
            if same(mutated):
                continue
        tried += 1
        decoded += _decodes(mutated)
        assert not accept(mutated), mutated
    return tried, decoded


def _decodes(said: str) -> bool:
    from elicense.errors import InputError

    try:
        payload.decode(said)
    except InputError:
        return False
    return True


@pytest.mark.parametrize("name", GOOD)
def test_the_signed_texts_verify(name: str) -> None:
    assert accept(text(name))


def test_no_mutated_payload_verifies() -> None:
    tried, decoded = run(FAST, seed=1)
    assert tried == FAST
    assert decoded > FAST // 20  # many fail by their signature alone


@pytest.mark.slow
def test_no_mutated_payload_verifies_of_a_hundred_thousand() -> None:
    tried, decoded = run(WHOLE, seed=2)
    assert tried == WHOLE
    assert decoded > WHOLE // 20


@pytest.mark.parametrize("kind", MUTATIONS, ids=lambda kind: kind.__name__)
def test_every_kind_of_mutation_changes_the_code(kind: Callable[[random.Random, str], str]) -> None:
    rng = random.Random(3)
    changed = [not same(kind(rng, rng.choice(GOOD))) for _ in range(60)]
    assert sum(changed) > 30


def test_the_other_value_of_an_ecdsa_signature_says_the_same() -> None:
    """(r, n − s) is ECDSA's own second spelling of (r, s): it verifies, over the same bytes."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    name = next(item for item in GOOD if item.endswith("es256"))
    protected, unprotected, content, value = parts(name)
    second = (order - int.from_bytes(value[32:], "big")).to_bytes(32, "big")
    other = built(protected, unprotected, content, value[:32] + second)
    assert accept(other)
    assert payload.decode(other).signed_bytes == payload.decode(text(name)).signed_bytes
