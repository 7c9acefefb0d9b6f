"""One document walked from Document.xml: everything that a reader shows of it."""

from __future__ import annotations

from elicense.containers.ofd import paths, resources, xml
from elicense.containers.ofd.model import Attachment, Document, Page, Part
from elicense.containers.ofd.source import Source
from elicense.errors import LimitError

# Nothing is drawn from these themselves, or the reader has its own in their place:
# a missing one is noted. What a page draws and nothing defines is found apart.
_OPTIONAL = frozenset(
    ("font", "color-profile", "custom-tag", "extension", "public-resource", "document-resource")
)


class _Walk:
    """The parts met so far."""

    __slots__ = ("attachments", "missing", "needed", "parts", "place", "source", "tables")

    def __init__(self, source: Source, place: str) -> None:
        self.source = source
        self.place = place
        self.parts: dict[str, str] = {}  # place -> role
        self.needed: set[str] = set()
        self.missing: list[str] = []
        self.attachments: list[Attachment] = []
        self.tables: dict[str, resources.Resources | None] = {}

    def follow(self, loc: str, role: str, *, origin: str, required: bool = False) -> str | None:
        """The entry that ``loc`` in ``origin`` leads to, recorded as reachable."""
        found, asked = paths.locate(
            self.source.archive,
            loc,
            bases=(paths.folder(origin), ""),
            place=origin,
            log=self.source.log,
        )
        self.record(found, asked, role, required=required)
        return found

    def record(self, found: str | None, asked: str, role: str, *, required: bool = False) -> None:
        self.source.spend(1)
        if found is not None:
            self.parts.setdefault(found, role)
            if required:
                self.needed.add(found)
            return
        detail = f"a {role} that is referred to is not in the package"
        if role in _OPTIONAL:
            self.source.log.note("missing-part", asked, detail)
            return
        self.missing.append(asked)
        self.source.log.fault("missing-part", asked, detail, fatal=required)

    def unreadable(self, place: str) -> None:
        self.missing.append(place)


def walk_document(source: Source, place: str, *, origin: str, body: int) -> Document:
    """Everything reachable from the document at ``place``.

    Raises LimitError for more pages than allowed; other problems become faults.
    """
    walk = _Walk(source, place)
    walk.parts[place] = "document"
    walk.needed.add(place)
    root = source.load(place, fatal=True)
    pages: tuple[Page, ...] = ()
    templates: dict[str, str] = {}
    annotations: tuple[tuple[str, str], ...] = ()
    common: tuple[str, ...] = ()
    if root is None:
        walk.unreadable(place)
    else:
        common, templates = _common_data(walk, root)
        pages = _pages(walk, root, common)
        annotations = _annotations(walk, root)
        _attachments(walk, root)
        _custom_tags(walk, root)
        _extensions(walk, root)
    return Document(
        place=place,
        origin=origin,
        body=body,
        pages=pages,
        parts=tuple(Part(name, role, name in walk.needed) for name, role in walk.parts.items()),
        templates=templates,
        resources=common,
        annotations=annotations,
        attachments=tuple(walk.attachments),
        missing=tuple(walk.missing),
    )


def _common_data(walk: _Walk, root: xml.Element) -> tuple[tuple[str, ...], dict[str, str]]:
    """Resource files of the whole document and its template pages by ID (clause 7.5)."""
    common: list[str] = []
    templates: dict[str, str] = {}
    for data in _at_most_one(walk, root, "CommonData"):
        for name, role in (("PublicRes", "public-resource"), ("DocumentRes", "document-resource")):
            for item in xml.children(data, name):
                found = walk.follow(xml.text(item), role, origin=walk.place)
                if found is not None and found not in common:
                    common.append(found)
                    _resource_file(walk, found)
        for item in xml.children(data, "TemplatePage"):
            found = walk.follow(xml.attribute(item, "BaseLoc"), "template", origin=walk.place)
            if found is not None:
                identity = xml.attribute(item, "ID")
                if templates.setdefault(identity, found) != found:
                    walk.source.log.fault(
                        "duplicate-id",
                        found,
                        f"two template pages have the ID {identity}",
                        fatal=False,
                    )
                _page_content(walk, found, required=False)
    return tuple(common), templates


def _at_most_one(walk: _Walk, root: xml.Element, name: str) -> list[xml.Element]:
    found = xml.children(root, name)
    if len(found) > 1:
        detail = f"{name} stands {len(found)} times"
        walk.source.log.fault("ambiguous-element", walk.place, detail)
    return found


def _resource_file(walk: _Walk, place: str) -> resources.Resources | None:
    if place not in walk.tables:
        table = resources.read_resources(walk.source, place)
        walk.tables[place] = table
        if table is None:
            walk.unreadable(place)
        else:
            for item in table.files:
                walk.record(item.place, item.asked, item.role)
    return walk.tables[place]


def _pages(walk: _Walk, root: xml.Element, common: tuple[str, ...]) -> tuple[Page, ...]:
    pages: list[Page] = []
    seen: set[str] = set()
    items = [item for group in _at_most_one(walk, root, "Pages") for item in group]
    items = [item for item in items if xml.local(item) == "Page"]
    if len(items) > walk.source.limits.ofd_pages:
        raise LimitError("ofd.pages", "the document has too many pages", place=walk.place)
    if not items:
        walk.source.log.fault("no-pages", walk.place, "the document has no page", fatal=False)
    shared = [walk.tables[place] for place in common]
    for item in items:
        identity = xml.attribute(item, "ID")
        loc = xml.attribute(item, "BaseLoc")
        found = walk.follow(loc, "page", origin=walk.place, required=True)
        if identity in seen:
            detail = f"two pages have the ID {identity!r}"
            walk.source.log.fault("duplicate-id", walk.place, detail, fatal=False)
        seen.add(identity)
        if found is None:
            continue
        pages.append(Page(identity, found))
        own, used = _page_content(walk, found, required=True)
        tables = [table for table in (*own, *shared) if table is not None]
        needed, undefined = resources.follow(walk.source, used, tables)
        walk.needed |= needed
        if undefined:
            walk.missing.append(found)
            detail = f"{len(undefined)} pictures or graphics drawn on the page are defined nowhere"
            walk.source.log.fault("undefined-resource", found, detail, fatal=False)
    return tuple(pages)


def _page_content(
    walk: _Walk, place: str, *, required: bool
) -> tuple[list[resources.Resources | None], frozenset[str]]:
    """The page's own resource files and the resource IDs it draws."""
    root = walk.source.load(place, fatal=required)
    if root is None:
        walk.unreadable(place)
        return [], frozenset()
    own = []
    for item in xml.children(root, "PageRes"):
        found = walk.follow(xml.text(item), "page-resource", origin=place, required=required)
        if found is not None:
            own.append(_resource_file(walk, found))
    return own, resources.used_by(root)


def _annotations(walk: _Walk, root: xml.Element) -> tuple[tuple[str, str], ...]:
    """(page ID, entry) of every annotation file (clause 15)."""
    found: list[tuple[str, str]] = []
    for _, place, listing in _listings(walk, root, "Annotations", "annotation-list"):
        for item in xml.children(listing, "Page"):
            for loc in xml.children(item, "FileLoc"):
                entry = walk.follow(xml.text(loc), "annotation", origin=place)
                if entry is not None:
                    found.append((xml.attribute(item, "PageID"), entry))
                    if walk.source.load(entry, fatal=False) is None:
                        walk.unreadable(entry)
    return tuple(found)


def _listings(
    walk: _Walk, root: xml.Element, name: str, role: str
) -> list[tuple[xml.Element, str, xml.Element]]:
    """The XML files that Document.xml names in elements ``name``."""
    found = []
    for item in _at_most_one(walk, root, name):
        place = walk.follow(xml.text(item), role, origin=walk.place)
        if place is None:
            continue
        listing = walk.source.load(place, fatal=False)
        if listing is None:
            walk.unreadable(place)
        else:
            found.append((item, place, listing))
    return found


def _attachments(walk: _Walk, root: xml.Element) -> None:
    for _, place, listing in _listings(walk, root, "Attachments", "attachment-list"):
        for item in xml.children(listing, "Attachment"):
            for loc in xml.children(item, "FileLoc"):
                entry = walk.follow(xml.text(loc), "attachment", origin=place)
                if entry is not None:
                    walk.attachments.append(_attachment(walk, item, entry))


def _attachment(walk: _Walk, item: xml.Element, entry: str) -> Attachment:
    return Attachment(
        id=xml.attribute(item, "ID"),
        name=xml.attribute(item, "Name"),
        format=xml.attribute(item, "Format"),
        place=entry,
        visible=xml.attribute(item, "Visible").lower() != "false",
        data=walk.source.archive.entries[entry],
    )


def _custom_tags(walk: _Walk, root: xml.Element) -> None:
    for _, place, listing in _listings(walk, root, "CustomTags", "custom-tag-list"):
        for item in xml.children(listing, "CustomTag"):
            for name in ("FileLoc", "SchemaLoc"):
                for loc in xml.children(item, name):
                    walk.follow(xml.text(loc), "custom-tag", origin=place)


def _extensions(walk: _Walk, root: xml.Element) -> None:
    for _, place, listing in _listings(walk, root, "Extensions", "extension-list"):
        for loc in xml.descendants(listing, "ExtendData"):
            walk.follow(xml.text(loc), "extension", origin=place)
