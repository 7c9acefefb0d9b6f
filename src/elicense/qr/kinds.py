"""What kind of thing a QR text is, before anybody looks further.

Only ``el1`` is a signed payload. Identifiers, numbers, tokens and URLs are
recognised so that a person can be told what was found; they prove nothing, and
``number`` and ``token`` are told apart from ``text`` by their look alone.
Nothing here opens a connection.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass

from elicense import identifiers
from elicense.errors import InputError
from elicense.identifiers import Identifier

PREFIX = "EL1:"
OFFICIAL = "gov.cn"

_URL = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,20})://(?P<rest>.*)", re.I | re.S)
_BARE_URL = re.compile(r"(www\.)?[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(:[0-9]+)?(/\S*)?", re.I)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
_HEX = re.compile(r"[0-9a-f]{24,256}", re.I)
_OPAQUE = re.compile(r"[A-Za-z0-9_+/=-]{16,256}")
_NUMBER = re.compile(r"[A-Za-z0-9\u4e00-\u9fff()（）\[\]〔〕【】.·/_-]{4,40}")
_UNIT = re.compile(r"[0-9A-Za-z-]{1,64}")
_DOTS = str.maketrans(dict.fromkeys("。．｡", "."))
_MAX_HOST = 253

# Letters of other scripts, and digits, that are drawn like a Latin letter.
_DRAWN_ALIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтгαονρτυικγ01ıɡ",
    "aeopcyxijshdqwbkmhtraovptuikyolig",
)


@dataclass(frozen=True, slots=True)
class Url:
    """The host of a URL, as it is connected to and as it reads.

    ``host`` is ASCII and lower case, empty if there is none; ``display`` the
    same with punycode decoded. ``port`` is 0 where none is written. ``hints``
    are stable words for what makes a URL look wrong: ``no-scheme``,
    ``not-https``, ``userinfo``, ``ip-address``, ``port``, ``backslash``,
    ``control-character``, ``invisible-character``, ``punycode``,
    ``mixed-script``, ``look-alike`` (reads like an official host and is none),
    ``bad-host``.
    """

    scheme: str
    host: str
    display: str
    port: int
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QrText:
    """A QR text and what it is.

    ``kind`` is ``el1``, ``identifier``, ``number``, ``token``, ``url`` or
    ``text``. ``unit`` is the number after ``&`` of an identifier.
    """

    kind: str
    text: str
    identifier: Identifier | None = None
    unit: str = ""
    url: Url | None = None


def classify(text: str) -> QrText:
    """Say what a QR text is. Any text has an answer; nothing is raised."""
    if text.startswith(PREFIX):
        return QrText("el1", text)
    bare = text.strip()
    found = _identifier(bare)
    if found is not None:
        return QrText("identifier", text, identifier=found[0], unit=found[1])
    url = _url(bare)
    if url is not None:
        return QrText("url", text, url=url)
    return QrText(_look(bare), text)


def _identifier(text: str) -> tuple[Identifier, str] | None:
    body, mark, unit = text.partition("&")
    if mark and not _UNIT.fullmatch(unit):
        return None
    try:
        return identifiers.parse_identifier(body), unit
    except InputError:
        return None  # not an identifier; another kind is tried


def _look(text: str) -> str:
    letters = any(c.isalpha() for c in text)
    digits = sum(c.isdigit() for c in text)
    if _UUID.fullmatch(text) or (_HEX.fullmatch(text) and letters and digits):
        return "token"
    mixed = text != text.upper() and text != text.lower()
    if _OPAQUE.fullmatch(text) and mixed and digits:
        return "token"
    if _NUMBER.fullmatch(text) and digits >= 4:
        return "number"
    return "text"


def _url(text: str) -> Url | None:
    match = _URL.fullmatch(text)
    if match:
        return _parts(match["scheme"].lower(), match["rest"], set())
    if _BARE_URL.fullmatch(text) and (text.lower().startswith("www.") or "/" in text):
        return _parts("", text, {"no-scheme"})
    return None


def _parts(scheme: str, rest: str, hints: set[str]) -> Url:
    """Take the authority apart as a browser does, not as the text pretends."""
    if any(unicodedata.category(c) == "Cc" for c in rest):
        hints.add("control-character")
        rest = re.sub(r"[\t\r\n]", "", rest)  # browsers leave these out
    if scheme and scheme != "https":
        hints.add("not-https")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if rest[len(authority) :][:1] == "\\":
        hints.add("backslash")
    if "@" in authority:
        hints.add("userinfo")
        authority = authority.rpartition("@")[2]
    name, port = _split_port(authority)
    if port not in (0, 443 if scheme == "https" else 80):
        hints.add("port")
    host, display = _host(name, hints)
    return Url(scheme, host, display, max(port, 0), tuple(sorted(hints)))


def _split_port(authority: str) -> tuple[str, int]:
    """Host and port; port 0 if none is written, -1 if it is none."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d{0,5}))?", authority, re.ASCII)
    if match is None:
        return authority.partition(":")[0], -1
    port = int(match[2] or 0)
    return match[1], port if port <= 65535 else -1


def _host(name: str, hints: set[str]) -> tuple[str, str]:
    """The host in ASCII and as it reads; adds what is odd about it to ``hints``."""
    if any(unicodedata.category(c) == "Cf" for c in name):
        hints.add("invisible-character")
        name = "".join(c for c in name if unicodedata.category(c) != "Cf")
    name = unicodedata.normalize("NFKC", name.translate(_DOTS)).lower().rstrip(".")
    if len(name) > _MAX_HOST or not name:
        hints.add("bad-host")
        return "", ""
    if _is_address(name):
        hints.add("ip-address")
        return name, name
    ascii_labels, shown_labels = [], []
    for label in name.split("."):
        coded, shown = _label(label, hints)
        ascii_labels.append(coded)
        shown_labels.append(shown)
    host, display = ".".join(ascii_labels), ".".join(shown_labels)
    if not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", host):
        hints.add("bad-host")
    if _looks_official(display) and not _is_official(host):
        hints.add("look-alike")
    return host, display


def _is_address(name: str) -> bool:
    if re.fullmatch(r"[0-9.]+|0x[0-9a-f.x]+", name):
        return True  # browsers read 3232235777 and 0xc0a80101 as addresses too
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _label(label: str, hints: set[str]) -> tuple[str, str]:
    """One label in ASCII and decoded."""
    coded, shown = label, label
    try:
        if label.startswith("xn--"):
            hints.add("punycode")
            shown = label[4:].encode("ascii").decode("punycode")
        elif not label.isascii():
            hints.add("punycode")
            coded = "xn--" + label.encode("punycode").decode("ascii")
    except (UnicodeError, ValueError):  # also out of range: chr() of too much
        hints.add("bad-host")
    if len(_scripts(shown)) > 1:
        hints.add("mixed-script")
    if any(not c.isprintable() for c in shown):
        hints.add("invisible-character")
    return coded, shown


def _scripts(label: str) -> set[str]:
    """The scripts of the letters, by the first word of their Unicode names."""
    return {unicodedata.name(c, "?").split(" ")[0] for c in label if c.isalpha()}


def _is_official(host: str) -> bool:
    return host == OFFICIAL or host.endswith("." + OFFICIAL)


def _looks_official(display: str) -> bool:
    """Whether a hasty eye may take it for a government host."""
    seen = drawn(display)
    if _is_official(seen):
        return True
    return re.search(r"(^|[.-])gov[.-]?cn($|[.-])", seen) is not None


def drawn(host: str) -> str:
    """A host as a hasty eye sees it: letters that are drawn alike are one letter."""
    return host.lower().translate(_DRAWN_ALIKE)
