"""Resource files (Res, GB/T 33190 clause 7.9): fonts, pictures, graphics, colour profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lxml import etree

from elicense.containers.ofd import paths, xml
from elicense.containers.ofd.source import Source

_USED = etree.XPath("//@ResourceID|//@Substitution|//@ImageMask", smart_strings=False)
_USED_BELOW = etree.XPath(".//@ResourceID|.//@Substitution|.//@ImageMask", smart_strings=False)


@dataclass(frozen=True, slots=True)
class File:
    """A file that a resource names: its role, its entry (None: absent), the name asked for."""

    role: str
    place: str | None
    asked: str


@dataclass(frozen=True, slots=True)
class Resources:
    """One resource file.

    ``media``: entry by ID, empty where it is absent; ``graphics``: the IDs
    that each composite graphics unit draws; ``files``: every file named.
    """

    place: str
    media: Mapping[str, str]
    graphics: Mapping[str, frozenset[str]]
    files: tuple[File, ...]


def read_resources(source: Source, place: str) -> Resources | None:
    """The resource file at ``place``; None where it is not XML."""
    root = source.load(place, fatal=False)
    if root is None:
        return None
    own = paths.folder(place)
    base = paths.normalise(xml.attribute(root, "BaseLoc") or ".", base=own) or ""
    bases = (base, own, "")
    files: list[File] = []
    media: dict[str, str] = {}

    def name(loc: str, role: str) -> str | None:
        found, asked = paths.locate(source.archive, loc, bases=bases, place=place, log=source.log)
        files.append(File(role, found, asked))
        return found

    graphics: dict[str, frozenset[str]] = {}
    for group in root:
        for item in group:
            kind = xml.local(item)
            if kind == "MultiMedia":
                role = "image" if item.get("Type") in (None, "Image") else "multimedia"
                for loc in xml.children(item, "MediaFile"):
                    media[xml.attribute(item, "ID")] = name(xml.text(loc), role) or ""
            elif kind == "Font":
                for loc in xml.children(item, "FontFile"):
                    name(xml.text(loc), "font")
            elif kind == "ColorSpace" and item.get("Profile"):
                name(xml.attribute(item, "Profile"), "color-profile")
            elif kind == "CompositeGraphicUnit":
                graphics[xml.attribute(item, "ID")] = frozenset(_USED_BELOW(item))
    return Resources(place, media, graphics, tuple(files))


def used_by(root: xml.Element) -> frozenset[str]:
    """The resource IDs that a page, template or annotation draws."""
    return frozenset(_USED(root))


def follow(
    source: Source, ids: Iterable[str], tables: list[Resources]
) -> tuple[set[str], set[str]]:
    """The entries that drawing ``ids`` depends on, and the IDs that nothing defines.

    The entries are resource files and their media. Where two resource files
    define one ID, both count: readers differ in which they take.
    """
    needed: set[str] = set()
    undefined: set[str] = set()
    seen: set[str] = set()
    waiting = list(ids)
    while waiting:
        item = waiting.pop()
        if item in seen:
            continue
        seen.add(item)
        source.spend(1 + len(tables))
        if not any(item in table.media or item in table.graphics for table in tables):
            undefined.add(item)
        for table in tables:
            if item in table.media:
                needed.add(table.place)
                if table.media[item]:
                    needed.add(table.media[item])
            if item in table.graphics:
                needed.add(table.place)
                source.spend(len(table.graphics[item]))
                waiting.extend(table.graphics[item])
    return needed, undefined
