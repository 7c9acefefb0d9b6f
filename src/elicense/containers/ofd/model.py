"""What an OFD package (GB/T 33190) holds, as read and before it is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from elicense.evidence import Change, Coverage, Digest, Fault, Note, Placement
from elicense.limits import Limits

NOTHING_COVERED = Coverage(whole=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One entry that a reader follows from OFD.xml.

    ``role`` is one of document, page, template, page-resource,
    public-resource, document-resource, font, image, multimedia,
    color-profile, annotation-list, annotation, attachment-list, attachment,
    custom-tag-list, custom-tag, extension-list, extension, cover, version.
    ``required`` is True where a seal that leaves the part out leaves the
    content of the licence open: the document, its pages, the images and
    graphics drawn on the pages and the resource files that define those.
    """

    place: str
    role: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its ID in Document.xml and the entry of its content."""

    id: str
    place: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment (GB/T 33190 clause 20) with its exact bytes."""

    id: str
    name: str
    format: str
    place: str
    visible: bool
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One document that a reader may show.

    ``origin`` is ``docroot`` (DocBody/DocRoot) or ``version`` (the version
    marked Current); ``body`` counts the DocBody elements from 0. ``missing``
    names parts that are referred to and shown but not there.
    """

    place: str
    origin: str
    body: int
    pages: tuple[Page, ...]
    parts: tuple[Part, ...]
    templates: Mapping[str, str]
    resources: tuple[str, ...]
    annotations: tuple[tuple[str, str], ...]
    attachments: tuple[Attachment, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OfdSignature:
    """One signature of the package: what Signature.xml says and the exact bytes.

    ``type`` is ``Seal`` (the default of the standard) or ``Sign``. ``time`` is
    SignatureDateTime as an aware time in UTC+8, None where it cannot be read;
    ``time_raw`` is the text. ``references`` are the entries named, in order.
    """

    id: str
    type: str
    place: str
    body: int
    signature_xml: bytes = field(repr=False)
    signed_value: bytes | None = field(repr=False)
    signed_value_place: str
    seal: bytes | None = field(repr=False)
    seal_place: str
    provider: Mapping[str, str]
    method: str
    check_method: str
    time_raw: str
    time: datetime | None
    digests: tuple[Digest, ...] = field(repr=False)
    coverage: Coverage = NOTHING_COVERED
    placements: tuple[Placement, ...] = ()
    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def references(self) -> tuple[str, ...]:
        return tuple(digest.place for digest in self.digests)


@dataclass(frozen=True, slots=True)
class PackageIntegrity:
    """Whole-package protection of GM/T 0099: OFDEntries.xml and its signature.

    The signature is over ``entries_xml``. The list names the entries of the
    package; where it gives no digest for them (``digests`` is empty) it keeps
    entries from being added or taken away but does not protect their content.
    """

    place: str
    entries_xml: bytes = field(repr=False)
    signed_value: bytes | None = field(repr=False)
    signed_value_place: str
    listed: tuple[str, ...]
    missing: tuple[str, ...]
    unlisted: tuple[str, ...]
    digests: tuple[Digest, ...] = field(repr=False)
    coverage: Coverage = NOTHING_COVERED
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class OfdPackage:
    """One OFD file as read. Nothing here says that a thing is good.

    ``metadata`` are the CustomData names and values of OFD.xml, ``info`` the
    other DocInfo fields; who covers them is said per signature in
    ``coverage.uncovered_metadata``. Page text and images are read on demand by
    :func:`elicense.containers.ofd.page_lines` and ``page_images``. ``parsed`` are the root
    elements of the XML entries that reading went through, None where one is malformed.
    """

    entries: Mapping[str, bytes] = field(repr=False)
    documents: tuple[Document, ...]
    metadata: Mapping[str, str]
    info: Mapping[str, str]
    signatures: tuple[OfdSignature, ...]
    signature_lists: tuple[str, ...]
    integrity: PackageIntegrity | None
    limits: Limits = field(repr=False)
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
    parsed: Mapping[str, Any] = field(repr=False, compare=False, default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages a reader may show, those of every shown document."""
        return sum(len(document.pages) for document in self.documents)

    @property
    def parts(self) -> tuple[Part, ...]:
        """Every reachable part once, in the order it was met."""
        seen: dict[str, Part] = {}
        for document in self.documents:
            for part in document.parts:
                known = seen.get(part.place)
                if known is None or (part.required and not known.required):
                    seen[part.place] = part
        return tuple(seen.values())

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        seen = {item.place: item for document in self.documents for item in document.attachments}
        return tuple(seen.values())


@dataclass(frozen=True, slots=True)
class PageContent:
    """What is drawn on one page (from 1): its text lines in reading order and its pictures."""

    page: int
    place: str
    lines: tuple[str, ...] = field(repr=False)
    images: tuple[PageImage, ...]


@dataclass(frozen=True, slots=True)
class PageImage:
    """A picture drawn on a page (from 1). Box in millimetres from the top left."""

    page: int
    place: str
    x: float
    y: float
    width: float
    height: float
    data: bytes = field(repr=False)
