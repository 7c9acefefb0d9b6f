"""A reader of QR payloads and licence.json written from the two manual pages alone.

It imports nothing of elicense: its tables are those printed in docs/qr-payload.md, its
CBOR, base45, deflate and SM2 come from the standard library and OpenSSL. What it and the
package both read the same way, a third implementation will too.
"""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
import subprocess
import tempfile
import zlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "qr-payload.md").read_text(encoding="utf-8")
DICTIONARY = (ROOT / "src" / "elicense" / "qr" / "dictionary-1.bin").read_bytes()
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _rows(heading: str) -> list[list[str]]:
    """The rows of the first table after ``heading``."""
    lines = iter(PAGE[PAGE.index(heading) :].splitlines())
    for line in lines:
        if line.startswith("|---"):
            break
    found = []
    for line in lines:
        if not line.startswith("|"):
            return found
        found.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return found


TEMPLATES = {
    number: [row[number] for row in _rows("## Templates") if row[number] != "–"]
    for number in (1, 2, 3, 4)
}
KINDS = {path: kind for kind, paths in _rows("Kinds of the values")
         for path in re.findall(r"[a-z_.]+", paths)}  # fmt: skip
SHIPS = {int(number): code for number, code, _ in _rows("Numbers of ship types")}
REGIMES = {1: "ISM", 2: "NSM"}
NAMES = {1: "DOC", 3: "SMC", 4: "interim SMC"}
BOXES = {
    number: {int(n): kind for n, kind in re.findall(r"(\d+) `([a-z0-9.-]+)`", row)}
    for number, name in NAMES.items()
    for row in re.findall(rf"^\| {name} \| (1 `.*) \|$", PAGE, re.M)
}


def base45(text: str) -> bytes:
    out = bytearray()
    values = [BASE45.index(c) for c in text]
    for at in range(0, len(values), 3):
        part = values[at : at + 3]
        number = sum(v * 45**power for power, v in enumerate(part))
        assert len(part) > 1 and number < 256 ** (len(part) - 1)
        out += number.to_bytes(len(part) - 1, "big")
    return bytes(out)


def cbor(data: bytes, at: int = 0) -> tuple[Any, int]:
    """One item in deterministic CBOR and the position after it."""
    major, low = data[at] >> 5, data[at] & 31
    at += 1
    if low >= 24:
        size = {24: 1, 25: 2, 26: 4, 27: 8}[low]
        value = int.from_bytes(data[at : at + size], "big")
        assert value >= {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}[size]
        at += size
    else:
        value = low
    if major < 2:
        return (value if major == 0 else -1 - value), at
    if major in (2, 3):
        body = data[at : at + value]
        assert len(body) == value
        return (body if major == 2 else body.decode("utf-8")), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        found = {}
        for _ in range(value):
            key, at = cbor(data, at)
            found[key], at = cbor(data, at)
        return found, at
    assert major == 7 and low in (20, 21, 22)
    return {20: False, 21: True, 22: None}[low], at


def head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    size, code = next((s, c) for s, c in ((1, 24), (2, 25), (4, 26), (8, 27)) if value < 256**s)
    return bytes([major << 5 | code]) + value.to_bytes(size, "big")


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    def string(data: bytes) -> bytes:
        return head(2, len(data)) + data

    return head(4, 4) + head(3, 10) + b"Signature1" + string(protected) + string(b"") + string(
        payload
    )


def text_of(item: Any) -> str:
    if isinstance(item, bytes):
        value, text = int.from_bytes(item, "big"), ""
        while value:
            value, digit = divmod(value - 1, 36)
            text = BASE36[digit] + text
        return text
    return str(item)


def check_character(text: str) -> str:
    product = 36
    for character in text:
        product = (product + BASE36.index(character)) % 36 or 36
        product = product * 2 % 37
    return BASE36[(37 - product) % 36]


def identifier(item: Any, issuer: str, version: int) -> str:
    if isinstance(item, str):
        return item
    parts = [item[0], issuer, text_of(item[1]), f"{version:03}"]
    return ".".join(["1.2.156.3005.2", *parts, check_character("".join(parts))])


def date(days: int) -> str:
    return (datetime.date(2000, 1, 1) + datetime.timedelta(days=days)).isoformat()


def value_of(path: str, item: Any) -> Any:
    kind = KINDS[path]
    if kind == "date":
        return date(item)
    if kind == "integer":
        return item
    if kind in ("imo-ship", "imo-company"):
        return f"{item:07}" if isinstance(item, int) else item
    if kind == "choice":
        table = REGIMES if path == "fields.regime" else SHIPS
        return table[item] if isinstance(item, int) else item
    if kind == "choices":
        return [
            {"code": SHIPS.get(e[0], e[0]), "limitation": e[1]} if isinstance(e, list)
            else {"code": SHIPS.get(e, e)}
            for e in item
        ]  # fmt: skip
    return text_of(item)


def read(text: str) -> dict[str, Any]:
    """Everything a payload says, and the bytes its signature is over."""
    assert text.startswith("EL1:")
    message, end = cbor(data := base45(text[4:]))
    assert end == len(data) and len(message) == 4 and message[1] == {}
    protected, _, payload, signature = message
    header, end = cbor(protected)
    assert end == len(protected) and set(header) == {1, 2, 4, -65602} and header[2] == [-65602]
    dictionary, template = header[-65602]
    assert dictionary == 1
    stream = zlib.decompressobj(-15, DICTIONARY)
    plain = stream.decompress(payload, 8192)
    assert stream.eof and not stream.unused_data
    items, end = cbor(plain)
    paths = TEMPLATES[template]
    assert end == len(plain) and len(items) == 7 + len(paths)
    fields = {
        path: value_of(path, item)
        for path, item in zip(paths, items[7:], strict=True)
        if item is not None
    }
    return {
        "algorithm": {-65601: "sm2", -7: "es256", -37: "ps256", -257: "rs256"}[header[1]],
        "kid": header[4].hex(),
        "template": template,
        "version": items[1],
        "identifier": identifier(items[0], fields.get("issuer.code", ""), items[1]),
        "status": None if items[2] is None else {"list": items[2], "index": items[3]},
        "data_digest": {1: "sm3", 2: "sha256"}[items[4]] + ":" + items[5].hex(),
        "endorsements": [
            {"kind": BOXES[template][box],
             "state": {1: "signed", 2: "previously_carried_out"}[state],
             "date": None if days is None else date(days),
             "valid_until": None if until is None else date(until)}
            for box, state, days, until in items[6]
        ],
        "fields": fields,
        "signed": signed_bytes(protected, payload).hex(),
        "signature": signature.hex(),
    }  # fmt: skip


def der(r: bytes, s: bytes) -> bytes:
    def integer(value: bytes) -> bytes:
        body = value.lstrip(b"\0") or b"\0"
        body = b"\0" + body if body[0] & 0x80 else body
        return bytes([2, len(body)]) + body

    body = integer(r) + integer(s)
    return bytes([0x30, len(body)]) + body


def openssl(*arguments: str | Path, data: bytes = b"") -> tuple[int, bytes]:
    done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True,
                          check=False, timeout=30)  # fmt: skip
    return done.returncode, done.stdout


def signature_holds(found: dict[str, Any], key: Path) -> bool:
    """OpenSSL's judgement with the public key in ``key`` (PEM)."""
    raw = bytes.fromhex(found["signature"])
    value = der(raw[:32], raw[32:]) if found["algorithm"] in ("sm2", "es256") else raw
    options = {
        "sm2": ["-sm3", "-sigopt", "distid:1234567812345678"],
        "es256": ["-sha256"],
        "rs256": ["-sha256"],
        "ps256": ["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"],
    }[found["algorithm"]]
    with tempfile.TemporaryDirectory() as folder:
        message, signature = Path(folder) / "m", Path(folder) / "s"
        message.write_bytes(bytes.fromhex(found["signed"]))
        signature.write_bytes(value)
        code, _ = openssl("dgst", *options, "-verify", key, "-signature", signature, message)
    return code == 0


# -- licence.json -----------------------------------------------------------------------


def digest(algorithm: str, data: bytes) -> bytes:
    if algorithm == "sha256":
        return hashlib.sha256(data).digest()
    code, out = openssl("dgst", "-sm3", "-binary", data=data)
    assert code == 0
    return out


def canonical(value: Any) -> bytes:
    """Canonical JSON: keys by code point, no white space, only the escapes JSON demands.

    Python's own ``json`` escapes as the page asks once ``ensure_ascii`` is off.
    """
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode("utf-8")  # fmt: skip


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def at(members: Any, path: str) -> Any:
    for step in path.split("."):
        members = members[int(step)] if isinstance(members, list) else members[step]
    return members


def salted(members: Any, path: str) -> str:
    text = canonical([members["salts"][path], path, at(members, path)])
    return b64url(digest(members["digests"]["algorithm"], text))


def attested(members: Any) -> bytes:
    left = json.loads(json.dumps(members))
    for path in ("attestation", "salts", *left.get("digests", {}).get("values", {})):
        *parents, last = path.split(".")
        try:
            here = at(left, ".".join(parents)) if parents else left
            here.pop(last, None)
        except (KeyError, IndexError):
            continue
    return canonical(left)
