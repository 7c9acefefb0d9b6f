"""What this installation can do, what it cannot, and how to get the rest.

Every line is tried, not guessed: a library is loaded, the SM2 engine verifies a signature,
a QR code is drawn and read. Nothing is fetched.
"""

from __future__ import annotations

import os
import platform
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from elicense.errors import Error

OK, MISSING, BROKEN, NOTE = "ok", "missing", "broken", "note"
_FONT = Path(__file__).parent / "issuing" / "fonts" / "ElicenseKai.ttf"
# module → package, of what nothing works without
_LIBRARIES = {
    "asn1crypto": "asn1crypto", "base45": "base45", "cbor2": "cbor2", "click": "click",
    "cryptography": "cryptography", "fontTools": "fonttools", "lxml.etree": "lxml",
    "numpy": "numpy", "pikepdf": "pikepdf", "PIL.Image": "Pillow", "pypdfium2": "pypdfium2",
}  # fmt: skip
_SERVER = {"fastapi": "fastapi", "uvicorn": "uvicorn", "sqlalchemy": "SQLAlchemy"}
_SETTINGS = (
    "ELICENSE_POLICY", "ELICENSE_LANG", "ELICENSE_ALLOW_TEST_TRUST", "ELICENSE_OCR_THREADS",
)  # fmt: skip
# SM2 with SM3 and the default identity over b"elicense doctor": public key (04‖x‖y), signature
_SM2_KEY = bytes.fromhex(
    "04d5548c7825cbb56150a3506cd57464af8a1ae0519dfaf3c58221dc810caf28"
    "dd921073768fe3d59ce54e79a49445cf73fed23086537027264d168946d47953"
    "3e"
)
_SM2_SIGNATURE = bytes.fromhex(
    "304402205a2633c6d822593c602bbe391958f5e45310e11545bd985529281e00"
    "b340ef4502202f325781958bb81554dad01a88d9da184bccc627cc021dece7c2"
    "e7a7c007e914"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line. ``state`` is ``ok``, ``missing`` (something optional), ``broken`` (something
    that nothing works without) or ``note``; ``value`` a version or what was found, in both
    languages; ``detail`` technical, in English."""

    key: str
    state: str
    value: Mapping[str, str]
    detail: str = ""

    def title(self, language: str) -> str:
        return str(words()[self.key][language])

    def how(self, language: str) -> str:
        """How to get it; empty where nothing is to be done."""
        if self.state in {OK, NOTE}:
            return ""
        return str(words()[self.key].get(f"how_{language}", ""))


@cache
def words() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("doctor.toml").read_text("utf-8"))


def examine() -> tuple[Item, ...]:
    """Every line, in the order they are told. Never raises for what is not there."""
    return tuple(_tried(key, look) for key, look in _LOOKS.items())


def broken(items: tuple[Item, ...]) -> bool:
    """Is something not there that nothing works without?"""
    return any(item.state == BROKEN for item in items)


def _tried(key: str, look: Callable[[], Item]) -> Item:
    try:
        return look()
    except Exception as exc:  # noqa: BLE001 - a library that fails in any way is what is told
        state = BROKEN if key in {"libraries", "sm2", "zxing"} else MISSING
        return Item(key, state, _both("none"), f"{type(exc).__name__}: {exc}")


def _same(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def _both(word: str, *more: str) -> dict[str, str]:
    return {
        language: " · ".join([*more, words()["values"][language][word]])
        for language in ("zh", "en")
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _elicense() -> Item:
    from elicense.report import own_version

    return Item("elicense", OK, _same(own_version()))


def _python() -> Item:
    return Item("python", OK, _same(f"{platform.python_version()} · {platform.platform()}"))


def _sm2() -> Item:
    from elicense.crypto import sm2

    if not sm2.verify(_SM2_KEY, b"elicense doctor", _SM2_SIGNATURE):
        return Item("sm2", BROKEN, _both("none"), "the engine rejects a good signature")
    native = sm2.ENGINE == "c"
    return Item("sm2", OK if native else MISSING, _both("c" if native else "plain"))


def _libraries() -> Item:
    lacking, found = [], []
    for module, package in _LIBRARIES.items():
        try:
            import_module(module)
        except (ImportError, OSError) as exc:
            lacking.append(f"{package} ({exc})")
        else:
            found.append(f"{package} {_version(package)}")
    state = BROKEN if lacking else OK
    return Item("libraries", state, _same(", ".join(found)), "; ".join(lacking))


def _zxing() -> Item:
    import zxingcpp

    kind = zxingcpp.BarcodeFormat.QRCode
    if hasattr(zxingcpp, "create_barcode"):
        picture = zxingcpp.create_barcode("ELICENSE", kind).to_image(scale=4)
    else:  # zxing-cpp 2
        picture = zxingcpp.write_barcode(kind, "ELICENSE", width=120, height=120)
    seen = zxingcpp.read_barcodes(picture)
    if [item.text for item in seen] != ["ELICENSE"]:
        return Item("zxing", BROKEN, _both("none"), "it does not read what it has drawn")
    return Item("zxing", OK, _same(_version("zxing-cpp")))


def _opencv() -> Item:
    return Item("opencv", OK, _same(str(import_module("cv2").__version__)))


def _zbar() -> Item:
    from elicense.qr import zbar

    found, reason = zbar.available()
    if not found:
        return Item("zbar", MISSING, _both("none"), reason)
    return Item("zbar", OK, _same(f"pyzbar {_version('pyzbar')}"))


def _ocr() -> Item:
    from elicense.ocr import engine

    found = engine.available()
    if not found.ok:
        return Item("ocr", MISSING, _both("none"), found.reason)
    return Item("ocr", OK, _same(found.reason))


def _heic() -> Item:
    from elicense.containers.image import heic_readable

    if not heic_readable():
        return Item("heic", MISSING, _both("none"))
    import_module("pillow_heif")
    return Item("heic", OK, _same(f"pillow-heif {_version('pillow-heif')}"))


def _pictures() -> Item:
    from elicense.containers.image import FORMATS, heic_readable

    names = [name for name in FORMATS if name != "HEIC" or heic_readable()]
    return Item("pictures", NOTE, _same(", ".join(["OFD", "PDF", *names])))


def _font() -> Item:
    from fontTools.ttLib import TTFont

    with TTFont(_FONT, lazy=True) as font:
        count = len(font.getBestCmap())
    return Item("font", OK, _same(f"{_FONT.name} ({count})"))


def _pkcs11() -> Item:
    import_module("pkcs11")
    return Item("pkcs11", OK, _same(f"python-pkcs11 {_version('python-pkcs11')}"))


def _server() -> Item:
    for module in _SERVER:
        import_module(module)
    return Item("server", OK, _same(", ".join(f"{p} {_version(p)}" for p in _SERVER.values())))


def _trust() -> Item:
    path = os.environ.get("ELICENSE_TRUST", "")
    if not path:
        return Item("trust", MISSING, _both("none"))
    from elicense.trust.store import TrustStore

    try:
        store = TrustStore.load(path)
    except Error as exc:
        return Item("trust", MISSING, _same(path), str(exc))
    due = store.next_update
    told = [path, store.name, f"→ {due:%Y-%m-%d}" if due else "→ ?", str(len(store.services))]
    found = _both("services", " · ".join(told[:3]), told[3])
    if due is not None and due < datetime.now(UTC):
        return Item("trust", MISSING, _both("overdue", *told[:3]))
    if store.test:
        return Item("trust", NOTE, _both("test", *told[:3]))
    return Item("trust", OK, found)


def _settings() -> Item:
    found = [f"{name}={os.environ[name]}" for name in _SETTINGS if name in os.environ]
    return Item("settings", NOTE, _same(", ".join(found)) if found else _both("none"))


def _network() -> Item:
    return Item("network", NOTE, _both("off"))


_LOOKS: Mapping[str, Callable[[], Item]] = {
    "elicense": _elicense, "python": _python, "sm2": _sm2, "libraries": _libraries,
    "zxing": _zxing, "opencv": _opencv, "zbar": _zbar, "ocr": _ocr, "heic": _heic,
    "pictures": _pictures, "font": _font, "pkcs11": _pkcs11, "server": _server,
    "trust": _trust, "settings": _settings, "network": _network,
}  # fmt: skip


def as_dict(items: tuple[Item, ...], language: str) -> dict[str, Any]:
    """The lines as plain values (elicense-doctor/1)."""
    return {
        "schema": "elicense-doctor/1",
        "broken": broken(items),
        "items": [
            {"key": i.key, "state": i.state, "title": i.title(language),
             "value": i.value[language], "how": i.how(language), "detail": i.detail}
            for i in items
        ],
    }  # fmt: skip
