"""What a revision carries beside its pages: attachments, metadata, security store."""

from __future__ import annotations

from dataclasses import dataclass, field

from elicense.containers.pdf.fields import catalog
from elicense.containers.pdf.lexer import Ref, Stream, Value, text
from elicense.containers.pdf.objects import View
from elicense.errors import InputError, LimitError

MAX_ATTACHMENTS = 1000


@dataclass(frozen=True, slots=True)
class Attachment:
    """An embedded file (7.11.4): its name, /AFRelationship and exact bytes.

    ``associated`` says that the catalog's /AF lists it, ``listed`` that
    /EmbeddedFiles does.
    """

    name: str
    relationship: str
    data: bytes = field(repr=False)
    associated: bool
    listed: bool
    object: int


@dataclass(frozen=True, slots=True)
class SecurityStore:
    """The /DSS (ETSI EN 319 142-1, 5.4): DER values in the order of the file."""

    certificates: tuple[bytes, ...] = field(repr=False, default=())
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())


def attachments(view: View) -> tuple[Attachment, ...]:
    """Every embedded file of the catalog's /AF and /EmbeddedFiles, each once."""
    root = catalog(view)
    associated = view.array(root.get("AF"))
    names = view.dictionary(view.dictionary(root.get("Names")).get("EmbeddedFiles"))
    listed = _name_tree(view, names)
    found: list[Attachment] = []
    for spec in [*associated, *(value for value in listed if value not in associated)]:
        entries = view.dictionary(spec)
        files = view.dictionary(entries.get("EF"))
        target = files.get("UF", files.get("F"))
        stream = view.resolve(target)
        if type(stream) is not Stream:
            continue
        label = entries.get("UF", entries.get("F"))
        relationship = view.resolve(entries.get("AFRelationship"))
        found.append(
            Attachment(
                name=text(view.resolve(label)) or "",
                relationship=relationship if type(relationship) is str else "",
                data=view.decoded(stream),
                associated=spec in associated,
                listed=spec in listed,
                object=target.num if type(target) is Ref else 0,
            )
        )
    return tuple(found)


def _name_tree(view: View, root: dict[str, Value]) -> list[Value]:
    """The values of a name tree (7.9.6); each node once."""
    values: list[Value] = []
    todo: list[Value] = [root]
    seen: set[Ref] = set()
    while todo:
        node = todo.pop()
        if type(node) is Ref:
            if node in seen:
                raise InputError("pdf.name-tree", "a name tree refers back to itself")
            seen.add(node)
        entries = view.dictionary(node)
        values += view.array(entries.get("Names"))[1::2]
        todo += reversed(view.array(entries.get("Kids")))
        if len(values) + len(todo) > MAX_ATTACHMENTS:
            raise LimitError("pdf.attachments", "too many attachments")
    return values


def metadata(view: View) -> dict[str, str]:
    """Document information (``Info/Title``) and XMP properties (``xmp/dc:title``).

    Properties of other namespaces are named ``xmp/{uri}name``. Raises InputError
    where a part cannot be read.
    """
    found: dict[str, str] = {}
    info = view.dictionary(view.revision.trailer.get("Info"))
    for key, value in info.items():
        plain = text(view.resolve(value))
        if plain is not None:
            found[f"Info/{key}"] = plain
    packet = xmp(view)
    if packet is not None:
        found.update(_properties(packet))
    return found


def xmp(view: View) -> bytes | None:
    """The catalog's XMP packet, decoded; None where there is none."""
    stream = view.resolve(catalog(view).get("Metadata"))
    return view.decoded(stream) if type(stream) is Stream else None


_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_PREFIXES = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://www.aiim.org/pdfa/ns/id/": "pdfaid",
}


def _properties(packet: bytes) -> dict[str, str]:
    """Each rdf:Description's attributes and elements; of a list, its first item."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(packet.strip(b"\x00\t\n\r "), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError("pdf.xmp", f"the XMP packet is no XML: {error}") from None
    found: dict[str, str] = {}
    for description in root.iter(f"{_RDF}Description"):
        for key, value in description.attrib.items():
            if not key.startswith(_RDF):
                found.setdefault(_property(key), value)
        for child in description.iterchildren(tag=etree.Element):
            item = next(child.iter(f"{_RDF}li"), child)
            if item.text and item.text.strip():
                found.setdefault(_property(child.tag), item.text.strip())
    return found


def _property(key: str) -> str:
    """``xmp/dc:title`` for the usual namespaces, ``xmp/{uri}name`` for others."""
    space, _, local = key.rpartition("}")
    prefix = _PREFIXES.get(space[1:])
    return f"xmp/{prefix}:{local}" if prefix else f"xmp/{key}"


def store(view: View) -> SecurityStore:
    """The DER values of the catalog's /DSS; a stream that is none raises InputError."""
    dss = view.dictionary(catalog(view).get("DSS"))
    if not dss:
        return SecurityStore()
    return SecurityStore(*(_values(view, dss.get(key)) for key in ("Certs", "CRLs", "OCSPs")))


def _values(view: View, value: Value) -> tuple[bytes, ...]:
    found = []
    for item in view.array(value):
        stream = view.resolve(item)
        if type(stream) is not Stream:
            raise InputError("pdf.dss", "an entry of /DSS is no stream")
        found.append(view.decoded(stream))
    return tuple(found)
