"""XML of a hostile package: no DTD, no entities, no network, bounded size, depth and nodes.

Elements are found by their local name: real files use the namespace
``http://www.ofdspec.org/2016``, an older one, or none (GB/T 33190 clause 7.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from lxml import etree

from elicense.containers.ofd.log import Log
from elicense.errors import InputError, LimitError
from elicense.limits import Limits

Element = Any  # lxml.etree._Element; lxml ships no types

NAMESPACE = "http://www.ofdspec.org/2016"
_PROLOGUE = "{" + NAMESPACE + "}"
_ENCODING = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']([^\"'>]*)")
_UTF8 = frozenset((b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII"))
_CHINESE = frozenset((b"GBK", b"GB2312", b"GB18030"))
_PARSER = etree.XMLParser(
    resolve_entities=False,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    no_network=True,
    huge_tree=False,
    recover=False,
    remove_comments=True,
    remove_pis=True,
    collect_ids=False,
)


def parse(data: bytes, *, place: str, limits: Limits, log: Log) -> Element:
    """The root element of one XML entry.

    Raises InputError (``xml.doctype``, ``xml.encoding``, ``xml.malformed``)
    and LimitError; a foreign namespace or encoding is noted.
    """
    _check_bytes(data, place, limits, log)
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise InputError("xml.malformed", f"not well-formed XML: {error}", place=place) from None
    if root is None:
        raise InputError("xml.malformed", "no root element", place=place)
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError("xml.doctype", "the XML has a DOCTYPE", place=place)
    if data.count(b"<") > limits.xml_depth and _deeper_than(limits.xml_depth)(root):
        raise LimitError("xml.depth", "the XML is nested too deeply", place=place)
    if not root.tag.startswith(_PROLOGUE):
        log.note("namespace", place, f"the root element is {root.tag}")
    return root


def _check_bytes(data: bytes, place: str, limits: Limits, log: Log) -> None:
    """Refuse by the bytes alone, before any parser sees them."""
    if len(data) > limits.xml_size:
        raise LimitError("xml.size", "the XML is too large", place=place)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError("xml.doctype", "the XML has a DOCTYPE", place=place)
    if b"\0" in data or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError("xml.encoding", "the XML is not UTF-8", place=place)
    if len(data) > limits.xml_nodes and data.count(b"<") - data.count(b"</") > limits.xml_nodes:
        raise LimitError("xml.nodes", "the XML has too many elements", place=place)
    declared = _ENCODING.match(data)
    encoding = declared[1].upper() if declared else b"UTF-8"
    if encoding in _CHINESE:
        log.note("xml-encoding", place, f"encoded as {encoding.decode()}, not UTF-8")
    elif encoding not in _UTF8:
        raise InputError("xml.encoding", "the XML is not UTF-8", place=place)


@cache
def _deeper_than(depth: int) -> Any:
    return etree.XPath("boolean(." + "/*" * depth + ")")


def local(element: Element) -> str:
    """The element's name without its namespace."""
    tag: str = element.tag
    return tag.rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    """The direct children of that local name, in order."""
    suffix = "}" + name
    return [item for item in element if item.tag == name or item.tag.endswith(suffix)]


def child(element: Element, name: str) -> Element | None:
    """The first direct child of that local name."""
    suffix = "}" + name
    for item in element:
        if item.tag == name or item.tag.endswith(suffix):
            return item
    return None


def sole(element: Element, name: str, *, place: str, log: Log) -> Element | None:
    """The one child of that name; a second one is a fault, since readers differ in their choice."""
    found = children(element, name)
    if len(found) > 1:
        log.fault("ambiguous-element", place, f"{name} stands {len(found)} times")
    return found[0] if found else None


def descendants(element: Element, name: str) -> Iterator[Element]:
    """Every element of that local name below, in document order."""
    return iter(element.iter("{*}" + name))


def text(element: Element | None) -> str:
    """The text of an element without the blanks around it; empty for None."""
    if element is None:
        return ""
    if len(element):
        return "".join(element.itertext()).strip()
    return (element.text or "").strip()


def attribute(element: Element, name: str) -> str:
    """An attribute, by its exact name; empty where absent."""
    return (element.get(name) or "").strip()
