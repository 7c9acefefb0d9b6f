"""SM2 in use: the engines against each other and against OpenSSL and Tongsuo."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elicense.crypto import _sm2_py, keys, sm2, sm2_encryption
from elicense.errors import InputError, KeyMaterialError, UsageError

try:
    C_ENGINE: ModuleType | None = importlib.import_module("elicense.crypto._sm2")
except ImportError:
    C_ENGINE = None

needs_c = pytest.mark.skipif(C_ENGINE is None, reason="the C extension is not built")
needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="no openssl command to compare with"
)

N = _sm2_py.N
secrets = st.integers(1, N - 2).map(lambda value: value.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32)
edges = st.sampled_from([1, 2, 3, 15, 16, 17, 31, 32, 33, 1 << 64, 1 << 128, N - 3, N - 2, N - 1])
scalars = (edges | st.integers(1, N - 1)).map(lambda value: value.to_bytes(32, "big"))


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


# --- engines ------------------------------------------------------------------------------


@needs_c
@settings(max_examples=60, deadline=None)
@given(scalars, scalars)
def test_engines_multiply_alike(a: bytes, b: bytes) -> None:
    assert C_ENGINE is not None
    point = C_ENGINE.base_multiply(a)
    assert point == _sm2_py.base_multiply(a)
    assert C_ENGINE.multiply(point, b) == _sm2_py.multiply(point, b)


@needs_c
@settings(max_examples=40, deadline=None)
@given(secrets, digests, digests)
def test_engines_sign_alike(d: bytes, e: bytes, extra: bytes) -> None:
    assert C_ENGINE is not None
    rs = C_ENGINE.sign(d, e, extra)
    assert rs == _sm2_py.sign(d, e, extra)
    key = C_ENGINE.base_multiply(d)
    for engine in (C_ENGINE, _sm2_py):
        assert engine.verify(key, e, rs, None)
        assert engine.verify(key, e, rs, engine.make_table(key))


@needs_c
@settings(max_examples=60, deadline=None)
@given(secrets, digests, st.binary(min_size=64, max_size=64), st.integers(0, 511))
def test_engines_judge_alike(d: bytes, e: bytes, noise: bytes, bit: int) -> None:
    assert C_ENGINE is not None
    key = C_ENGINE.base_multiply(d)
    good = C_ENGINE.sign(d, e, bytes(32))
    flipped = (int.from_bytes(good, "big") ^ 1 << bit).to_bytes(64, "big")
    for rs, expected in ((good, True), (flipped, False), (noise, False)):
        assert C_ENGINE.verify(key, e, rs, None) is expected
        assert _sm2_py.verify(key, e, rs, None) is expected


@needs_c
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=70), st.binary(max_size=40), st.binary(max_size=70))
def test_engines_take_any_bytes(key: bytes, e: bytes, rs: bytes) -> None:
    for engine in (C_ENGINE, _sm2_py):
        assert engine is not None
        assert engine.verify(key, e, rs, None) is False
        assert engine.make_table(key) is None


def test_engine_refuses_bad_arguments(engine: ModuleType) -> None:
    good = (1).to_bytes(32, "big")
    for scalar in (b"", good[1:], good + b"\x00", bytes(32), N.to_bytes(32, "big"), b"\xff" * 32):
        for call in (
            engine.base_multiply,
            lambda value: engine.multiply(engine.base_multiply(good), value),
            lambda value: engine.sign(value, good, good),
            lambda value: engine.sign_with_nonce(value, good, good),
            lambda value: engine.sign_with_nonce(good, good, value),
        ):
            with pytest.raises(ValueError, match="scalar out of range"):
                call(scalar)
    with pytest.raises(ValueError, match="scalar out of range"):
        engine.sign((N - 1).to_bytes(32, "big"), good, good)
    for e, extra in ((b"", good), (good, b""), (good + b"\x00", good)):
        with pytest.raises(ValueError, match="32 bytes"):
            engine.sign(good, e, extra)
    for arguments in ((b"x", b"", b"", []), (b"", b"", b"", [None]), (b"", b"e" * 32, b"", [])):
        with pytest.raises(ValueError, match="lengths do not match"):
            engine.verify_many(*arguments)
    assert engine.verify_many(b"", b"", b"", []) == b""


@needs_c
def test_c_engine_refuses_what_is_not_a_table() -> None:
    assert C_ENGINE is not None
    for table in (b"table", object(), 5):
        with pytest.raises(ValueError, match="PyCapsule"):
            C_ENGINE.verify(bytes(65), bytes(32), bytes(64), table)
        with pytest.raises(ValueError, match="PyCapsule"):
            C_ENGINE.verify_many(bytes(65), bytes(32), bytes(64), [table])
    with pytest.raises(TypeError):
        C_ENGINE.verify("text", bytes(32), bytes(64))


def test_engine_is_chosen_by_the_environment() -> None:
    code = "from elicense.crypto import sm2; print(sm2.ENGINE)"

    def run(value: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ELICENSE_SM2_ENGINE": value}
        path = os.pathsep.join(sys.path)
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("python").stdout.strip() == "python"
    assert "sm2.engine" in run("fortran").stderr
    if C_ENGINE is not None:
        assert run("c").stdout.strip() == "c"


def test_missing_c_engine_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elicense.crypto._sm2", None)
    assert sm2._pick_engine(None) == (_sm2_py, "python")
    with pytest.raises(UsageError, match="not installed"):
        sm2._pick_engine("c")


# --- signing ------------------------------------------------------------------------------


def test_sign_and_verify(engine: ModuleType) -> None:
    d = sm2.generate_private_key()
    key = sm2.public_key(d)
    message = b"the ship" * 100
    signature = sm2.sign(d, message)
    assert signature != sm2.sign(d, message)  # hedged
    for _ in range(3):  # alone, then with the key's table
        assert sm2.verify(key, message, signature)
        assert sm2.verify(key, [message[:7], memoryview(message)[7:]], signature)
        assert not sm2.verify(key, message[1:], signature)
    named = sm2.sign(d, message, public_key=key, id=b"MSA")
    assert sm2.verify(key, message, named, id=b"MSA")
    assert not sm2.verify(key, message, named)


def test_seeded_signatures_repeat(engine: ModuleType) -> None:
    d, e = (5).to_bytes(32, "big"), b"\x07" * 32
    one = sm2.sign_digest(d, e, nonce_seed=b"seed")
    assert one == sm2.sign_digest(d, e, nonce_seed=b"seed")
    assert one.hex() == (
        "c9098a48f57240b4ce042ae6996ff6ab7829a5f20118d6068f5efbf4bf71b5f0"
        "67cb555443ff4abb37246cb89b73d6f262b7bf66e01c12cb5bb504a19e99b1fc"
    )
    others = [
        sm2.sign_digest(d, e, nonce_seed=b"other"),
        sm2.sign_digest(d, e),
        sm2.sign_digest((6).to_bytes(32, "big"), e, nonce_seed=b"seed"),
        sm2.sign_digest(d, b"\x08" * 32, nonce_seed=b"seed"),
    ]
    assert len({rs[:32] for rs in (one, *others)}) == 5


def test_input_is_checked(engine: ModuleType) -> None:
    d = (5).to_bytes(32, "big")
    key = sm2.public_key(d)
    for bad in (b"", bytes(32), (N - 1).to_bytes(32, "big"), b"\xff" * 32, bytes(33)):
        for call in (sm2.public_key, lambda value: sm2.sign(value, b"x")):
            with pytest.raises(KeyMaterialError) as caught:
                call(bad)
            assert caught.value.code == "sm2.private-key"
    for e in (b"", bytes(31), bytes(33)):
        for attempt in (
            lambda e: sm2.sign_digest(d, e),
            lambda e: sm2.verify_digest(key, e, bytes(64)),
            lambda e: sm2.verify_batch([(key, e, bytes(64))]),
        ):
            with pytest.raises(InputError) as refused:
                attempt(e)
            assert refused.value.code == "sm2.digest"
    assert sm2.verify_digest(key, bytes(32), bytes(63)) is False
    with pytest.raises(InputError):
        sm2.za(key, b"i" * 8192)
    assert len(sm2.za(key, b"i" * 8191)) == 32
    with pytest.raises(KeyMaterialError):
        sm2.za(key[1:])


def test_python_signer_needs_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm2, "_engine", _sm2_py)
    monkeypatch.setattr(sm2, "ENGINE", "python")
    monkeypatch.delenv("ELICENSE_ALLOW_PYTHON_SIGNER", raising=False)
    d = (5).to_bytes(32, "big")
    ciphertext = sm2_encryption.encrypt(sm2.public_key(d), b"x")

    def attempts() -> None:
        calls: tuple[Callable[[], bytes], ...] = (
            lambda: sm2.sign(d, b"x"),
            lambda: sm2.sign_digest(d, bytes(32)),
            lambda: sm2_encryption.decrypt(d, ciphertext),
        )
        for call in calls:
            with pytest.raises(KeyMaterialError) as caught:
                call()
            assert caught.value.code == "sm2.slow-signer"

    attempts()
    with sm2.allow_python_signer():
        assert sm2.sign(d, b"x")
        assert sm2_encryption.decrypt(d, ciphertext) == b"x"
    attempts()
    monkeypatch.setenv("ELICENSE_ALLOW_PYTHON_SIGNER", "1")
    assert sm2.sign(d, b"x")


# --- batches and tables -------------------------------------------------------------------


def batch_items(count: int, key_count: int) -> tuple[list[tuple[bytes, bytes, bytes]], list[bool]]:
    items, expected = [], []
    for index in range(count):
        d = (index % key_count + 2).to_bytes(32, "big")
        e = index.to_bytes(32, "big")
        rs = sm2.sign_digest(d, e, nonce_seed=b"batch")
        if good := index % 3 != 1:
            pass
        elif index % 2:
            rs = bytes((rs[0] ^ 1,)) + rs[1:]
        else:
            rs = rs[:-1]
        items.append((sm2.public_key(d), e, rs))
        expected.append(good)
    return items, expected


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_batch(engine: ModuleType, threads: int) -> None:
    items, expected = batch_items(60, 7)
    assert sm2.verify_batch(items, threads=threads) == expected
    assert sm2.verify_batch(items, threads=threads) == expected
    assert sm2.verify_batch([], threads=threads) == []


@needs_c
def test_batch_of_many_chunks(engine: ModuleType) -> None:
    items, expected = batch_items(60, 7)
    assert sm2.verify_batch(items * 20, threads=3) == expected * 20


def test_tables_are_bounded() -> None:
    made: list[bytes] = []

    def make(key: bytes) -> str:
        made.append(key)
        return f"table of {key!r}"

    tables = sm2._KeyTables(make, capacity=3)
    assert tables.get(b"a") is None  # the first time only remembered
    assert made == []
    assert tables.get(b"a") == "table of b'a'"
    assert tables.get(b"a") == "table of b'a'"
    assert made == [b"a"]
    for key in (b"b", b"c"):
        assert tables.get(key) is None
    assert tables.get(b"a") is not None  # used last, so b goes first
    assert tables.get(b"d") is None
    assert len(tables) == 3
    assert tables.get(b"a") is not None
    assert tables.get(b"b") is None
    for index in range(100):
        tables.get(str(index).encode())
    assert len(tables) == 3
    tables.clear()
    assert len(tables) == 0


def test_tables_are_safe_for_threads(engine: ModuleType) -> None:
    items, expected = batch_items(24, 5)
    sm2._tables._capacity = 3  # so that tables are dropped while in use
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            results = pool.map(lambda item: sm2.verify_digest(*item), items)
            assert list(results) == expected
    assert len(sm2._tables) <= 3


# --- encryption ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["asn1", "raw"])
def test_encrypt_and_decrypt(engine: ModuleType, form: sm2_encryption.Form) -> None:
    d = sm2.generate_private_key()
    key = sm2.public_key(d)
    for plaintext in (b"a", b"licence" * 50):
        ciphertext = sm2_encryption.encrypt(key, plaintext, form=form)
        assert sm2_encryption.decrypt(d, ciphertext, form=form) == plaintext
        for at in range(0, len(ciphertext), 7):
            changed = bytearray(ciphertext)
            changed[at] ^= 1
            with pytest.raises(InputError) as caught:
                sm2_encryption.decrypt(d, bytes(changed), form=form)
            assert caught.value.code == "sm2.ciphertext"
        for cut in (ciphertext[:-1], ciphertext[:40], b"", ciphertext + b"\x00"):
            with pytest.raises(InputError):
                sm2_encryption.decrypt(d, cut, form=form)
    with pytest.raises(InputError):
        sm2_encryption.encrypt(key, b"")
    with pytest.raises(KeyMaterialError):
        sm2_encryption.encrypt(key[:-1] + b"\x00", b"x")


# --- other implementations ----------------------------------------------------------------


def openssl(*arguments: str | Path, data: bytes | None = None) -> bytes:
    run = subprocess.run(
        ["openssl", *map(str, arguments)], input=data, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


DISTID = ("-sigopt", f"distid:{sm2.DEFAULT_ID.decode()}")


def pem_spki(key: keys.PrivateKey) -> bytes:
    return openssl("pkey", "-pubin", "-inform", "DER", data=key.spki)


@needs_openssl
def test_openssl_verifies_ours(engine: ModuleType, tmp_path: Path) -> None:
    key = keys.from_sm2(sm2.generate_private_key())
    assert key.secret is not None
    (tmp_path / "message").write_bytes(message := os.urandom(300))
    (tmp_path / "key.pem").write_bytes(pem_spki(key))
    (tmp_path / "signature").write_bytes(sm2.sign(key.secret, message))
    out = openssl(
        "dgst", "-sm3", "-verify", tmp_path / "key.pem", *DISTID,
        "-signature", tmp_path / "signature", tmp_path / "message",
    )  # fmt: skip
    assert b"Verified OK" in out


@needs_openssl
def test_we_verify_openssl(engine: ModuleType, tmp_path: Path) -> None:
    pem = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2")
    (tmp_path / "key.pem").write_bytes(pem)
    key = keys.load_private_key(pem)
    for size in (0, 1, 1000):
        message = os.urandom(size)
        (tmp_path / "message").write_bytes(message)
        signature = openssl(
            "dgst", "-sm3", "-sign", tmp_path / "key.pem", *DISTID, tmp_path / "message"
        )
        assert sm2.verify(key.public_bytes, message, signature)
        assert not sm2.verify(key.public_bytes, message + b"x", signature)


@needs_openssl
def test_encryption_both_ways_with_openssl(engine: ModuleType, tmp_path: Path) -> None:
    key = keys.from_sm2(sm2.generate_private_key())
    assert key.secret is not None
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(keys.save_private_key_pem(key))
    public.write_bytes(pem_spki(key))
    plaintext = os.urandom(200)
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", public, data=plaintext)
    assert sm2_encryption.decrypt(key.secret, theirs) == plaintext
    ours = sm2_encryption.encrypt(key.public_bytes, plaintext)
    assert openssl("pkeyutl", "-decrypt", "-inkey", private, data=ours) == plaintext


def test_signatures_both_ways_with_tongsuo(engine: ModuleType) -> None:
    pytest.importorskip("tongsuopy", reason="tongsuopy is not installed")
    hashes = importlib.import_module("tongsuopy.crypto.hashes")
    serialization = importlib.import_module("tongsuopy.crypto.serialization")
    algorithm = importlib.import_module("tongsuopy.crypto.asymciphers.ec").ECDSA(hashes.SM3())
    key = keys.from_sm2(sm2.generate_private_key())
    assert key.secret is not None
    theirs = serialization.load_pem_private_key(keys.save_private_key_pem(key), None)
    assert sm2.verify(key.public_bytes, b"abc", theirs.sign(b"abc", algorithm))
    theirs.public_key().verify(sm2.sign(key.secret, b"abc"), b"abc", algorithm)
