"""DocInfo of OFD.xml: what is written beside the document (GB/T 33190 clause 7.4)."""

from __future__ import annotations

from elicense.containers.ofd import xml
from elicense.containers.ofd.log import Log

# One vendor writes the second pair; both are read alike.
_GROUPS = ("CustomDatas", "CuslomDatas")
_ITEMS = ("CustomData", "CuslomData")


def read_metadata(
    bodies: list[xml.Element], *, place: str, log: Log
) -> tuple[dict[str, str], dict[str, str]]:
    """(custom data, other fields) by name, of every DocBody; the first value of a name stays."""
    custom: dict[str, str] = {}
    info: dict[str, str] = {}
    for body in bodies:
        doc_info = xml.sole(body, "DocInfo", place=place, log=log)
        if doc_info is None:
            continue
        for item in doc_info:
            name = xml.local(item)
            if name in _GROUPS:
                _custom(item, custom, place, log)
            elif name == "Keywords":
                _put(info, name, " ".join(xml.text(word) for word in item), place, log)
            else:
                _put(info, name, xml.text(item), place, log)
    return custom, info


def _custom(group: xml.Element, custom: dict[str, str], place: str, log: Log) -> None:
    for item in group:
        spelling = xml.local(item)
        if spelling not in _ITEMS:
            continue
        name = xml.attribute(item, "Name") or xml.attribute(item, "name")
        if spelling != "CustomData" or not item.get("Name"):
            log.note("custom-data-spelling", place, f"metadata in a {spelling} element")
        _put(custom, name, xml.text(item), place, log)


def _put(found: dict[str, str], name: str, value: str, place: str, log: Log) -> None:
    known = found.setdefault(name, value)
    if known != value:
        detail = f"{name} stands twice with different values"
        log.fault("ambiguous-metadata", f"{place}:{name}", detail, fatal=False)
