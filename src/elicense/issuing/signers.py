"""Signers by URI: ``file:key.pem``, ``file:office.p12``, ``pkcs11:token=…;object=…``.

A password comes from the caller (a prompt, an environment variable), never from the
URI or the command line: both end up in histories and process lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from elicense.crypto.certificate import read_certificate
from elicense.errors import Error, KeyMaterialError
from elicense.issuing.credential import Credential, Family, from_private_key

if TYPE_CHECKING:
    from elicense.crypto.keys import PrivateKey

Password = Callable[[str], bytes]
"""Asked for the password of what it is given the name of; called only where one is needed."""

_MAX_FILE = 1024 * 1024
_PKCS12 = {".p12", ".pfx"}
_CERTIFICATE_SUFFIXES = (".crt", ".cer", ".cert.pem")
_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def load(
    uri: str,
    *,
    certificate: str | Path | None = None,
    password: Password | None = None,
    check: bool = True,
) -> Credential:
    """The signer that ``uri`` names, with its certificate and the CA certificates beside it.

    ``file:`` a PEM or DER key (SM2, RSA or P-256; PKCS#8, SEC1, PKCS#1) or a PKCS#12;
    ``pkcs11:`` a key in a token (:mod:`elicense.issuing.pkcs11`). The certificate is
    ``certificate`` (PEM or DER), or in the file itself, or beside it (``key.crt``,
    ``key.cer``, ``key.cert.pem``). ``check=False`` leaves it to :func:`elicense.issue` to
    say that key and certificate do not belong together.

    KeyMaterialError ``key.uri``, ``key.file``, ``key.certificate``, ``key.password``,
    ``key.format``, ``key.unsupported``, ``key.mismatch``, ``pkcs11.*``.
    """
    if uri.startswith("pkcs11:"):
        from elicense.issuing import pkcs11

        given = _certificates(_read(Path(certificate))) if certificate else []
        return pkcs11.load(uri, certificates=given, password=password, check=check)
    path = _path(uri)
    data = _read(path)
    key, inside = _key(path, data, password)
    if certificate is not None:
        found = _certificates(_read(Path(certificate)))
    else:
        found = inside or _beside(path)
    own, chain = choose(found, key.spki, check=check)
    if check:
        return from_private_key(key, own, *chain)
    family: Family = "ecdsa" if key.kind == "ec" else key.kind
    return Credential(own, _signing(key), family, chain)


def _signing(key: PrivateKey) -> Callable[[bytes], bytes]:
    from elicense.issuing.credential import sign_with

    return lambda message: sign_with(key, message)


def _path(uri: str) -> Path:
    """``file:key.pem``, ``file:/etc/key.pem``, ``file:///etc/key.pem`` (RFC 8089)."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        raise KeyMaterialError("key.uri", "a signer is file:PATH or pkcs11:…", place=uri[:200])
    if parts.query or parts.fragment:
        raise KeyMaterialError("key.uri", "a file: signer takes no options", place=parts.path)
    return Path(unquote(parts.path))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise KeyMaterialError("key.file", "larger than 1 MiB", place=str(path))
        return path.read_bytes()
    except OSError as error:
        detail = f"cannot be read: {error.strerror or error}"
        raise KeyMaterialError("key.file", detail, place=str(path)) from error


def _key(path: Path, data: bytes, password: Password | None) -> tuple[PrivateKey, list[bytes]]:
    """The key and the certificates in its file; the password is asked for only if needed."""
    from elicense.crypto import keys

    def ask() -> bytes | None:
        return password(path.name) if password is not None else None

    try:
        if path.suffix.lower() in _PKCS12:
            try:
                return keys.load_pkcs12(data, None)
            except KeyMaterialError as error:
                given = ask() if error.code == "key.password" else None
                if given is None:
                    raise
                return keys.load_pkcs12(data, given)
        try:
            key = keys.load_private_key(data)
        except KeyMaterialError as error:
            given = ask() if error.code == "key.password" else None
            if given is None:
                raise
            key = keys.load_private_key(data, given)
    except KeyMaterialError as error:
        raise KeyMaterialError(error.code, error.detail, place=str(path)) from None
    return key, _certificates(data) if b"-----BEGIN CERTIFICATE-----" in data else []


def _certificates(data: bytes) -> list[bytes]:
    """The DER certificates of a PEM or DER file, in their order."""
    from elicense.trust.store import pem_or_der

    if b"-----BEGIN " not in data:
        return [data]
    return [pem_or_der(block) for block in _BLOCK.findall(data)]


def _beside(path: Path) -> list[bytes]:
    for suffix in _CERTIFICATE_SUFFIXES:
        sister = path.with_name(path.stem + suffix)
        if sister.is_file():
            return _certificates(_read(sister))
    raise KeyMaterialError(
        "key.certificate", "there is no certificate in it or beside it; name one", place=str(path)
    )


def choose(
    certificates: Sequence[bytes], spki: bytes, *, check: bool
) -> tuple[bytes, tuple[bytes, ...]]:
    """The certificate of the key, and the others that are no roots, nearest to it first."""
    try:
        read = [read_certificate(item) for item in certificates]
    except Error as error:
        raise KeyMaterialError("key.certificate", f"not a certificate: {error}") from error
    own = next((item for item in read if item.spki == spki), None)
    if own is None:
        if check or not read:
            raise KeyMaterialError("key.mismatch", "no certificate given holds this key")
        own = read[0]
    chain: list[bytes] = []
    below = own
    while not below.self_issued:
        above = next((c for c in read if c.subject.key == below.issuer.key and c != below), None)
        if above is None or above.self_issued or above.der in chain:
            break
        chain.append(above.der)
        below = above
    return own.der, tuple(chain)
