"""Adding a revision to a PDF at byte level (ISO 32000-1 §7.5.6): nothing before it changes.

pikepdf reads the objects that have to be written anew; the bytes appended here
are our own. A file with a cross-reference stream gets another one.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from elicense.containers import pdf as containers_pdf
from elicense.errors import InputError
from elicense.issuing.pdf_objects import Name, Raw, Ref, Value, encode
from elicense.limits import DEFAULT_LIMITS, Limits

_TAIL = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")


@dataclass
class Increment:
    """One revision being made on top of ``data``; ``objects`` are the bodies to write."""

    data: bytes
    pdf: Any
    next_number: int
    previous: int
    objects: dict[int, bytes] = field(default_factory=dict)

    def reserve(self) -> Ref:
        reference = Ref(self.next_number)
        self.next_number += 1
        return reference

    def put(self, reference: Ref, value: Value) -> None:
        self.objects[reference.number] = encode(value)

    def add(self, value: Value) -> Ref:
        reference = self.reserve()
        self.put(reference, value)
        return reference

    def catalog(self) -> tuple[Ref, dict[str, Value]]:
        """The catalog's reference and its members, as they now stand."""
        return self.read(self.pdf.Root)

    def read(self, thing: Any) -> tuple[Ref, dict[str, Value]]:
        """An indirect dictionary's reference and members; generations other than 0 are refused."""
        number, generation = thing.objgen
        if not number or generation:
            raise InputError("pdf.object", "an object to be changed is not plainly indirect")
        return Ref(number), members(thing)

    def finish(self) -> tuple[bytes, dict[int, int]]:
        """The whole file with the new revision, and where each new object's body begins."""
        parts = [self.data, b"" if self.data.endswith((b"\n", b"\r")) else b"\n"]
        position = sum(map(len, parts))
        offsets: dict[int, int] = {}
        bodies: dict[int, int] = {}
        for number in sorted(self.objects):
            head = b"%d 0 obj\n" % number
            offsets[number] = position
            bodies[number] = position + len(head)
            part = head + self.objects[number] + b"\nendobj\n"
            parts.append(part)
            position += len(part)
        parts.append(self._cross_reference(offsets, position))
        return b"".join(parts), bodies

    def _trailer(self) -> dict[str, Value]:
        trailer = self.pdf.trailer
        found: dict[str, Value] = {"Root": Ref(trailer.Root.objgen[0]), "Prev": self.previous}
        if "/Info" in trailer:
            found["Info"] = raw(trailer.Info)
        if "/ID" in trailer:
            seed = b"".join(self.objects[number] for number in sorted(self.objects))
            changed = hashlib.sha256(bytes(trailer.ID[1]) + seed).digest()[:16]
            found["ID"] = [bytes(trailer.ID[0]), changed]
        return found

    def _cross_reference(self, offsets: dict[int, int], position: int) -> bytes:
        if self.data[self.previous : self.previous + 4] == b"xref":
            rows = [
                b"%d %d\n" % (block[0], len(block))
                + b"".join(b"%010d 00000 n \n" % offsets[number] for number in block)
                for block in _blocks(sorted(offsets))
            ]
            trailer: dict[str, Value] = {"Size": self.next_number, **self._trailer()}
            table = b"xref\n" + b"".join(rows) + b"trailer\n" + encode(trailer) + b"\n"
        else:
            table = self._cross_reference_stream(offsets, position)
        return table + b"startxref\n%d\n%%%%EOF\n" % position

    def _cross_reference_stream(self, offsets: dict[int, int], position: int) -> bytes:
        """A cross-reference stream (§7.5.8) that also lists itself."""
        number = self.next_number
        every = {**offsets, number: position}
        blocks = _blocks(sorted(every))
        index: list[Value] = [value for block in blocks for value in (block[0], len(block))]
        body = b"".join(struct.pack(">BQH", 1, every[n], 0) for block in blocks for n in block)
        entries: dict[str, Value] = {
            "Type": Name("XRef"), "Size": number + 1, "W": [1, 8, 2], "Index": index,
            **self._trailer(), "Length": len(body),
        }  # fmt: skip
        head = b"%d 0 obj\n%s\nstream\n" % (number, encode(entries))
        return head + body + b"\nendstream\nendobj\n"


def begin(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Increment:
    """Open ``data`` for one more revision.

    The strict reader must accept the file first: a structure that is ambiguous is not
    sealed. InputError ``pdf.*`` where that cannot be done.
    """
    from io import BytesIO

    import pikepdf

    read = containers_pdf.read(data, limits)
    for fault in read.faults:
        if fault.fatal:
            raise InputError("pdf.structure", f"not sound: {fault.detail}", place=fault.place)
    tail = _TAIL.search(data, max(0, len(data) - 1024))
    if tail is None:
        raise InputError("pdf.structure", "the file does not end with startxref and %%EOF")
    try:
        pdf = pikepdf.open(BytesIO(data), attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise InputError("pdf.encrypted", "an encrypted PDF cannot be sealed") from error
    except pikepdf.PdfError as error:
        raise InputError("pdf.structure", f"the PDF cannot be read: {error}") from error
    if pdf.is_encrypted:
        raise InputError("pdf.encrypted", "an encrypted PDF cannot be sealed")
    return Increment(data, pdf, int(pdf.trailer.Size), int(tail[1]))


def raw(value: Any) -> Value:
    """One value read by pikepdf, as bytes; an indirect one as its reference."""
    if value is None or isinstance(value, (bool, int)):
        return value
    unparse = getattr(value, "unparse", None)
    return Raw(unparse() if unparse else str(value).encode("ascii"))


def members(dictionary: Any) -> dict[str, Value]:
    """The members of a dictionary read by pikepdf, names without their slash."""
    return {key[1:]: raw(value) for key, value in dictionary.items()}


def items(array: Any) -> list[Value]:
    return [raw(value) for value in array] if array is not None else []


def _blocks(numbers: Iterable[int]) -> list[list[int]]:
    """Runs of consecutive numbers."""
    blocks: list[list[int]] = []
    for number in numbers:
        if blocks and blocks[-1][-1] == number - 1:
            blocks[-1].append(number)
        else:
            blocks.append([number])
    return blocks
