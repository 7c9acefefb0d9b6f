"""What reading a PDF gives: revisions, signatures, and the faults found on the way."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as member

from elicense.containers.pdf.content import Attachment, SecurityStore, attachments, metadata, store
from elicense.containers.pdf.lint import unreferenced
from elicense.containers.pdf.objects import File, view_of
from elicense.containers.pdf.revisions import Revision
from elicense.evidence import Change, Fault, Note


@dataclass(frozen=True, slots=True)
class FieldLock:
    """Which fields a signature locks (12.8.2.4): ``All``, ``Include`` or ``Exclude``.

    ``permission`` is /P of a signature field's Lock dictionary, else None.
    """

    action: str
    fields: tuple[str, ...] = ()
    permission: int | None = None

    def locks(self, name: str) -> bool:
        """Whether a field with this full name is locked."""
        listed = any(name == entry or name.startswith(entry + ".") for entry in self.fields)
        return {"All": True, "Include": listed, "Exclude": not listed}.get(self.action, True)


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature dictionary, with all that its bytes and place say.

    ``contents`` is the exact DER or BER value, padding removed; ``segments``
    are the signed bytes. Both are empty where a fatal fault says why.
    ``page`` counts from 1; ``rect`` is left, bottom, right, top in points.
    """

    index: int
    field: str
    fields: tuple[str, ...]
    object: tuple[int, int]
    offset: int
    revision: int
    type: str  # Sig | DocTimeStamp
    filter: str
    subfilter: str
    contents: bytes = member(repr=False)
    byte_range: tuple[int, ...]
    segments: tuple[memoryview, ...] = member(repr=False)
    reason: str | None = None
    name: str | None = None
    location: str | None = None
    contact: str | None = None
    m: str | None = None
    page: int | None = None
    rect: tuple[float, float, float, float] | None = None
    docmdp: int | None = None
    fieldmdp: FieldLock | None = None
    lock: FieldLock | None = None
    covers_revision: bool = False
    covers_file: bool = False
    changes: tuple[Change, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether bytes and value are there to be checked."""
        return bool(self.contents) and len(self.segments) == 2


@dataclass(frozen=True, slots=True)
class PdfDocument:
    """A PDF as read. Nothing here was repaired; every oddity is a fault or a note.

    ``signatures`` stand in the order of the revisions. ``unsigned_updates`` are
    the indexes of revisions after the first signature that end without one.
    """

    revisions: tuple[Revision, ...] = member(repr=False)
    signatures: tuple[PdfSignature, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Note, ...]
    encrypted: bool
    pages: int
    unsigned_updates: tuple[int, ...]
    file: File = member(repr=False)

    @property
    def data(self) -> bytes:
        return self.file.data

    def revision_bytes(self, revision: int) -> memoryview:
        """The file as it was when this revision was the last."""
        return memoryview(self.file.data)[: self.revisions[revision].end]

    def attachments(self, revision: int = -1) -> tuple[Attachment, ...]:
        """Every attached file of a revision. Raises InputError where one cannot be read."""
        return attachments(view_of(self.file, self.revisions, self._index(revision)))

    def metadata(self, revision: int = -1) -> dict[str, str]:
        """Document information and XMP properties of a revision, names as in ``content``."""
        return metadata(view_of(self.file, self.revisions, self._index(revision)))

    def security_store(self, revision: int = -1) -> SecurityStore:
        """The document security store (/DSS): certificates, CRLs, OCSP responses as DER."""
        return store(view_of(self.file, self.revisions, self._index(revision)))

    def unreferenced(self, revision: int = -1) -> tuple[int, ...]:
        """Objects of a revision nothing leads to; an issuer should not seal any."""
        if not self.revisions:
            return ()
        return unreferenced(view_of(self.file, self.revisions, self._index(revision)))

    def _index(self, revision: int) -> int:
        return revision % len(self.revisions) if self.revisions else 0
