"""An OFD package as entries in a fixed order, and its ZIP form (GB/T 33190 clause 6)."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from elicense.errors import InputError

NAMESPACE = "http://www.ofdspec.org/2016"
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the ZIP format's first moment: nothing is said of the time


def tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def element(name: str, attributes: Mapping[str, str] | None = None, text: str = "") -> Any:
    """A new element in the ``ofd`` namespace; InputError for text XML cannot hold."""
    from lxml import etree

    node = etree.Element(tag(name), dict(attributes or {}), nsmap={"ofd": NAMESPACE})
    _set_text(node, text)
    return node


def add(parent: Any, name: str, attributes: Mapping[str, str] | None = None, text: str = "") -> Any:
    """A new last child of ``parent``, which is returned."""
    from lxml import etree

    node = etree.SubElement(parent, tag(name), dict(attributes or {}))
    _set_text(node, text)
    return node


def _set_text(node: Any, text: str) -> None:
    if not text:
        return
    try:
        node.text = text
    except ValueError as error:
        raise InputError("ofd.text", "the text holds characters XML cannot hold") from error


def serialise(node: Any) -> bytes:
    from lxml import etree

    body: bytes = etree.tostring(node, encoding="UTF-8", xml_declaration=False)
    return _HEAD + body


def parse(data: bytes, place: str) -> Any:
    """Read one XML entry without DTD, entities or network; InputError ``ofd.xml``."""
    from lxml import etree

    if b"<!DOCTYPE" in data:
        raise InputError("ofd.xml", "a document type declaration is not allowed", place=place)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputError("ofd.xml", f"not XML: {error.msg}", place=place) from error


def pack(entries: Mapping[str, bytes]) -> bytes:
    """The ZIP file: entries in their order, deflated, OFD.xml first as readers expect."""
    import zipfile

    target = BytesIO()
    order = sorted(entries, key=lambda name: name != "OFD.xml")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in order:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, entries[name])
    return target.getvalue()
