"""The published vectors, read by the package and by a reader written from the manual alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import stranger
from elicense import canonical
from elicense import licence as lic
from elicense.checks.qr import verifies
from elicense.crypto.certificate import read_certificate
from elicense.errors import InputError
from elicense.qr import payload
from issuing_world import CERTS, needs_openssl

VECTORS = Path(__file__).parent / "vectors"
GOOD_CODES = sorted(p for p in (VECTORS / "qr").iterdir() if not p.name.startswith("bad-"))
BAD_CODES = sorted((VECTORS / "qr").glob("bad-*"))
LICENCES = sorted(p for p in (VECTORS / "licence").iterdir() if (p / "masked.json").exists())
BAD_LICENCES = sorted((VECTORS / "licence").glob("bad-*"))
ODD_LICENCES = sorted((VECTORS / "licence").glob("odd-*"))
by_name = {"ids": lambda path: path.name}


def expected(folder: Path) -> Any:
    return json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def text(folder: Path) -> str:
    return (folder / "text.txt").read_bytes().decode("utf-8")


def plain(value: Any) -> Any:
    """Tuples as JSON has them."""
    return json.loads(json.dumps(value))


def test_every_kind_of_vector_is_there() -> None:
    assert len(GOOD_CODES) == 6 and len(BAD_CODES) == 24
    assert (len(LICENCES), len(BAD_LICENCES), len(ODD_LICENCES)) == (2, 10, 6)


@pytest.mark.parametrize("folder", GOOD_CODES, **by_name)
def test_a_stranger_reads_a_code_as_the_package_does(folder: Path) -> None:
    assert stranger.read(text(folder)) == expected(folder)
    back = payload.decode(text(folder))
    wanted = expected(folder)
    assert back.identifier == wanted["identifier"]
    assert plain(dict(back.fields)) == wanted["fields"]
    assert back.signed_bytes.hex() == wanted["signed"]
    assert back.kid.hex() == wanted["kid"]


@needs_openssl
@pytest.mark.parametrize("folder", GOOD_CODES, **by_name)
def test_openssl_confirms_the_signature_of_a_code(folder: Path) -> None:
    found = stranger.read(text(folder))
    assert stranger.signature_holds(found, folder / "key.pem")
    found["signed"] = found["signed"][:-2] + ("00" if found["signed"][-2:] != "00" else "01")
    assert not stranger.signature_holds(found, folder / "key.pem")


@pytest.mark.parametrize("folder", GOOD_CODES, **by_name)
def test_a_code_is_that_of_its_licence_and_of_its_certificate(folder: Path) -> None:
    back = payload.decode(text(folder))
    data = (folder / "licence.json").read_bytes()
    assert lic.data_digest(data) == back.data_digest
    listed = [read_certificate(_der(path)) for path in sorted((CERTS / "qr").glob("*.pem"))]
    (own,) = [c for c in listed if payload.key_id(c.der) == back.kid]
    assert verifies(back, own)


def _der(path: Path) -> bytes:
    from elicense.trust.store import pem_or_der

    return pem_or_der(path.read_bytes())


@pytest.mark.parametrize("folder", BAD_CODES, **by_name)
def test_a_bad_code_is_refused_for_its_reason(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        payload.decode(text(folder))
    assert caught.value.code == expected(folder)["error"]


@needs_openssl
@pytest.mark.parametrize("folder", LICENCES, **by_name)
def test_digests_and_attested_bytes_are_computed_alike(folder: Path) -> None:
    wanted, data = expected(folder), (folder / "licence.json").read_bytes()
    masked = (folder / "masked.json").read_bytes()
    members = json.loads(data)
    assert stranger.canonical(members) == data
    for algorithm in ("sm3", "sha256"):
        assert stranger.digest(algorithm, data).hex() == wanted[algorithm]
        assert lic.data_digest(data, algorithm=algorithm).value.hex() == wanted[algorithm]
    for path, digest in wanted["digests"].items():
        assert stranger.salted(members, path) == digest == members["digests"]["values"][path]
    for copy in (data, masked):
        bare = stranger.attested(json.loads(copy))
        assert bare == lic.attested_bytes(copy)
        assert stranger.digest("sm3", bare).hex() == wanted["attested_sm3"]
    assert lic.mask(data, hide=wanted["hidden"]) == masked
    read = lic.load(masked).source
    assert read and sorted(read.hidden) == sorted(wanted["hidden"]) and not read.problems


@pytest.mark.parametrize("folder", BAD_LICENCES, **by_name)
def test_a_bad_licence_json_is_refused_for_its_reason(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        lic.load((folder / "licence.json").read_bytes())
    assert caught.value.code == expected(folder)["error"]


@pytest.mark.parametrize("folder", ODD_LICENCES, **by_name)
def test_an_odd_licence_json_is_read_and_reported(folder: Path) -> None:
    wanted = expected(folder)
    source = lic.load((folder / "licence.json").read_bytes()).source
    assert source is not None
    assert source.canonical is wanted["canonical"]
    assert {problem.kind for problem in source.problems} >= set(wanted["problems"])
    assert bool(source.problems) is bool(wanted["problems"])


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"b": 1, "a": "/\u007f\u2028"}, '{"a":"/\u007f\u2028","b":1}'),
        ({"\U0001f600": 1, "\uff5e": 2}, '{"\uff5e":2,"\U0001f600":1}'),  # by code point
        ("\b\t\n\f\r\x1f\"\\", '"\\b\\t\\n\\f\\r\\u001f\\"\\\\"'),
        ((), "[]"), (-(2**53) + 1, "-9007199254740991"),
    ],
)  # fmt: skip
def test_canonical_text_is_what_the_manual_says(value: Any, wanted: str) -> None:
    assert canonical.encode(value) == wanted.encode()
    assert stranger.canonical(plain(value)) == wanted.encode()
