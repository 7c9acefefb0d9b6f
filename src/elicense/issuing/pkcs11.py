"""Keys that never leave a token: PKCS#11 by URI (RFC 7512, the part that finds a key).

``pkcs11:token=MSA;object=sealer?module-path=/usr/lib/softhsm/libsofthsm2.so``

Path: ``token``, ``manufacturer``, ``model``, ``serial`` name the token, ``object`` and
``id`` the key. Query: ``module-path`` (else ``ELICENSE_PKCS11_MODULE``); ``pin-source``
is ``env:NAME``, else the caller's prompt is asked; ``pin-value`` is refused, as a PIN in
a URI ends up in histories.

PKCS#11 has no SM2. Each maker has numbers of its own: ``x-sm2-mechanism`` (or
``ELICENSE_PKCS11_SM2_MECHANISM``) is the number to sign with, ``x-sm2-input`` what it is
given: ``digest`` (e, the default) or ``message``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote, unquote_to_bytes

from elicense.crypto.certificate import read_certificate
from elicense.errors import InputError, KeyMaterialError
from elicense.issuing.credential import Credential, Family

_TOKEN = {"token": "token_label", "serial": "serial_number"}
_PATH = {*_TOKEN, "object", "id", "type", "manufacturer", "model"}
_QUERY = {"module-path", "pin-source", "x-sm2-mechanism", "x-sm2-input"}


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed URI. ``mechanism`` is the SM2 mechanism's number, 0 where none is given."""

    token: Mapping[str, str]
    label: str
    id: bytes
    module: str
    pin_variable: str
    mechanism: int
    input: Literal["digest", "message"]


def parse(uri: str) -> Address:
    """Take a ``pkcs11:`` URI apart. KeyMaterialError ``pkcs11.uri`` naming what is wrong."""
    path, _, query = uri.removeprefix("pkcs11:").partition("?")
    ways = _pairs(path, ";", _PATH)
    options = _pairs(query, "&", _QUERY)
    if ways.get("type", "private") != "private":
        raise _wrong("type must be private")
    if not ways.get("object") and not ways.get("id"):
        raise _wrong("object or id must name the key")
    pin = options.get("pin-source", "")
    if pin and not pin.startswith("env:"):
        raise _wrong("pin-source must be env:NAME")
    given = options.get("x-sm2-input", "digest")
    if given not in {"digest", "message"}:
        raise _wrong("x-sm2-input must be digest or message")
    module = options.get("module-path") or os.environ.get("ELICENSE_PKCS11_MODULE", "")
    if not module:
        raise _wrong("no module: give module-path or ELICENSE_PKCS11_MODULE")
    return Address(
        token={key: ways[key] for key in ("token", "serial", "manufacturer", "model")
               if key in ways},
        label=ways.get("object", ""),
        id=unquote_to_bytes(_raw(path, "id")),
        module=module,
        pin_variable=pin.removeprefix("env:"),
        mechanism=_number(options.get("x-sm2-mechanism")
                          or os.environ.get("ELICENSE_PKCS11_SM2_MECHANISM", "0")),
        input="digest" if given == "digest" else "message",
    )  # fmt: skip


def _wrong(detail: str) -> KeyMaterialError:
    return KeyMaterialError("pkcs11.uri", detail)


def _pairs(text: str, separator: str, known: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        if name in {"pin-value", "pin"}:
            raise _wrong("a PIN does not belong in a URI: use pin-source=env:NAME")
        if name not in known or name in found:
            raise _wrong(f"{name[:40]!r} is unknown or given twice")
        found[name] = unquote(value)
    return found


def _raw(path: str, name: str) -> str:
    return next((p.partition("=")[2] for p in path.split(";") if p.startswith(f"{name}=")), "")


def _number(text: str) -> int:
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number < 1 << 32:
        raise _wrong(f"{text[:40]!r} is not a mechanism's number")
    return number


def load(
    uri: str,
    *,
    certificates: Sequence[bytes] = (),
    password: Callable[[str], bytes] | None = None,
    check: bool = True,
) -> Credential:
    """A signer whose key stays in the token. Its certificate is one of ``certificates``
    or stands in the token under the key's id.

    KeyMaterialError ``pkcs11.uri``, ``pkcs11.library`` (the extra ``pkcs11`` is not
    installed, or the module does not load), ``pkcs11.token``, ``pkcs11.key``,
    ``key.password``, ``key.mismatch``.
    """
    from elicense.issuing.signers import choose

    address = parse(uri)
    key, inside = _open(address, password)
    found = list(certificates) or inside
    if not found:
        raise KeyMaterialError("key.certificate", "the token holds no certificate for the key")
    own, chain = choose(found, read_certificate(found[0]).spki, check=check)
    family = _family(own, address)
    credential = Credential(own, _signing(key, family, address, own), family, chain)
    if check:
        _prove(credential)
    return credential


def _family(certificate: bytes, address: Address) -> Family:
    """By the certificate; the number of the SM2 mechanism must then be known."""
    read = read_certificate(certificate)
    if read.key.kind == "sm2":
        if not address.mechanism:
            raise KeyMaterialError(
                "pkcs11.mechanism", "PKCS#11 has no SM2: give x-sm2-mechanism as the token's maker"
                " names it",
            )  # fmt: skip
        return "sm2"
    if read.key.kind == "rsa":
        return "rsa"
    if read.key.curve == "p256":
        return "ecdsa"
    raise KeyMaterialError("key.unsupported", "only SM2, RSA and P-256 keys can sign")


def _prove(credential: Credential) -> None:
    """One signature, since a token never shows whether key and certificate belong together."""
    from elicense.crypto.verify import check

    message = b"elicense: does this key belong to this certificate?"
    spki = read_certificate(credential.certificate).spki
    value = credential.sign(message)
    if not check(spki, message, value, algorithm=credential.algorithm,
                 digest=credential.digest).ok:  # fmt: skip
        raise KeyMaterialError("key.mismatch", "the certificate holds another public key")


def _open(address: Address, password: Callable[[str], bytes] | None) -> tuple[Any, list[bytes]]:
    """The key object in an open session, and the certificates under its id."""
    try:
        import pkcs11
    except ImportError as error:
        raise KeyMaterialError(
            "pkcs11.library", "install elicense[pkcs11] to use tokens"
        ) from error
    try:
        module = pkcs11.lib(address.module)
    except (pkcs11.PKCS11Error, RuntimeError, OSError) as error:
        raise KeyMaterialError("pkcs11.library", f"the module does not load: {error}") from error
    try:
        token = _token(module, address)
        session = _session(token, address, password)
        key = _one(session, pkcs11.ObjectClass.PRIVATE_KEY, address)
        id_ = address.id or bytes(key[pkcs11.Attribute.ID])
        wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                  pkcs11.Attribute.ID: id_}  # fmt: skip
        inside = [bytes(item[pkcs11.Attribute.VALUE]) for item in session.get_objects(wanted)]
    except (pkcs11.exceptions.PinIncorrect, pkcs11.exceptions.PinLenRange,
            pkcs11.exceptions.PinInvalid) as error:  # fmt: skip
        raise KeyMaterialError("key.password", "the token refuses the PIN") from error
    except pkcs11.PKCS11Error as error:
        raise KeyMaterialError("pkcs11.token", f"the token: {type(error).__name__}") from error
    return key, inside


def _session(token: Any, address: Address, password: Callable[[str], bytes] | None) -> Any:
    """Logged in. A login is the process's, not a session's: a second key needs no second one."""
    import pkcs11

    try:
        return token.open(user_pin=_pin(address, _text(token.label), password))
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        return token.open()


def _token(module: Any, address: Address) -> Any:
    found = [token for token in module.get_tokens() if _is_meant(token, address.token)]
    if len(found) != 1:
        raise KeyMaterialError("pkcs11.token", f"{len(found)} tokens fit; one must")
    return found[0]


def _is_meant(token: Any, wanted: Mapping[str, str]) -> bool:
    shown = {
        "token": token.label, "serial": token.serial, "manufacturer": token.manufacturer_id,
        "model": token.model,
    }  # fmt: skip
    return all(_text(shown[name]) == value for name, value in wanted.items())


def _text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.rstrip(" \0")


def _pin(address: Address, label: str, password: Callable[[str], bytes] | None) -> str:
    if address.pin_variable:
        pin = os.environ.get(address.pin_variable)
        if pin is None:
            raise KeyMaterialError("key.password", f"{address.pin_variable} is not set")
        return pin
    if password is None:
        raise KeyMaterialError("key.password", "the token needs a PIN")
    return password(label).decode("utf-8")


def _one(session: Any, kind: Any, address: Address) -> Any:
    import pkcs11

    wanted: dict[Any, Any] = {pkcs11.Attribute.CLASS: kind}
    if address.label:
        wanted[pkcs11.Attribute.LABEL] = address.label
    if address.id:
        wanted[pkcs11.Attribute.ID] = address.id
    found = list(session.get_objects(wanted))
    if len(found) != 1:
        raise KeyMaterialError("pkcs11.key", f"{len(found)} private keys fit; one must")
    return found[0]


def _signing(
    key: Any, family: Family, address: Address, certificate: bytes
) -> Callable[[bytes], bytes]:
    """Signing in the token; its errors come out as KeyMaterialError ``pkcs11.sign``."""
    import pkcs11

    def sign(message: bytes) -> bytes:
        try:
            if family == "rsa":
                return bytes(key.sign(message, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS))
            if family == "ecdsa":
                return _ecdsa(key, message)
            return sm2_value(key, message, address, certificate)
        except pkcs11.PKCS11Error as error:
            raise KeyMaterialError("pkcs11.sign", f"the token: {type(error).__name__}") from error

    return sign


def _ecdsa(key: Any, message: bytes) -> bytes:
    import hashlib

    import pkcs11
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = bytes(key.sign(hashlib.sha256(message).digest(), mechanism=pkcs11.Mechanism.ECDSA))
    half = len(raw) // 2
    return encode_dss_signature(
        int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    )


def sm2_value(key: Any, message: bytes, address: Address, certificate: bytes) -> bytes:
    """An SM2 value in DER by the mechanism the address names; tokens give r‖s or DER."""
    from elicense.crypto import sm2

    point = read_certificate(certificate).key.point
    data = message if address.input == "message" else sm2.message_digest(point, message)
    raw = bytes(key.sign(data, mechanism=_vendor_mechanism(address.mechanism)))
    try:
        return sm2.encode_signature(raw if len(raw) == 64 else sm2.decode_signature(raw))
    except InputError as error:
        raise KeyMaterialError("pkcs11.sign", "the token's value is no SM2 signature") from error


def _vendor_mechanism(number: int) -> Any:
    """A member of the library's enumeration for a number of a maker's own."""
    from pkcs11 import Mechanism

    try:
        return Mechanism(number)
    except ValueError:
        member = int.__new__(Mechanism, number)
        member._name_ = f"VENDOR_{number:08X}"
        member._value_ = number
        return member
