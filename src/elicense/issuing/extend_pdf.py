"""Validation data in a PDF: the document security store, with an entry for each signature
(ETSI EN 319 142-1 5.4.2), appended as a revision of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from elicense.containers import boundary
from elicense.containers.pdf import PdfSignature
from elicense.issuing.archive_sources import Held
from elicense.issuing.pdf_increment import Increment, begin, items, members
from elicense.issuing.pdf_objects import Name, Value, deflated

_ARRAYS = (("Certs", "Cert", "certificates"), ("CRLs", "CRL", "crls"), ("OCSPs", "OCSP", "ocsps"))


def entry_name(signature: PdfSignature, data: bytes) -> str:
    """The key of a signature in /VRI: the SHA-1 of all that its /Contents holds, with the
    zeros that fill it up, in capital hexadecimal digits."""
    start, end = signature.byte_range[1], signature.byte_range[2]
    digits = b"".join(data[start + 1 : end - 1].split())
    whole = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))
    return hashlib.sha1(whole, usedforsecurity=False).hexdigest().upper()


def add_store(data: bytes, held: Held, entries: Mapping[str, Held]) -> bytes:
    """``data`` with a revision that adds what ``held`` has to the security store, and says in
    ``entries`` (by :func:`entry_name`) which of it each signature needs. Nothing that the
    store has already is written again. InputError ``pdf.*`` where that cannot be done."""
    with boundary("pdf"):
        work = begin(data)
        reference, catalog = work.catalog()
        old = work.pdf.Root.get("/DSS")
        store: dict[str, Value] = members(old) if old is not None else {}
        places: dict[bytes, Value] = {}
        for key, _, kind in _ARRAYS:
            store.update(_array(work, old, key, getattr(held, kind), places))
        store["VRI"] = work.add(_entries(old, entries, places))
        catalog["DSS"] = work.add({"Type": Name("DSS"), **store})
        if "Extensions" not in catalog:
            level: dict[str, Value] = {"BaseVersion": Name("1.7"), "ExtensionLevel": 5}
            catalog["Extensions"] = {"ESIC": level}
        work.put(reference, catalog)
        return work.finish()[0]


def _array(
    work: Increment, old: Any, key: str, values: tuple[bytes, ...], places: dict[bytes, Value]
) -> dict[str, Value]:
    """One of the three arrays, old entries first; ``places`` learns where each value is."""
    present = old.get(f"/{key}") if old is not None else None
    listed = items(present)
    for reference, stream in zip(listed, present if present is not None else (), strict=True):
        places.setdefault(bytes(stream.read_bytes()), reference)
    added: list[Value] = []
    for value in values:
        if value not in places:
            places[value] = work.add(deflated({}, value))
            added.append(places[value])
    return {key: [*listed, *added]} if listed or added else {}


def _entries(old: Any, entries: Mapping[str, Held], places: Mapping[bytes, Value]) -> Value:
    """/VRI: the entries of other signatures stay as they are."""
    present = old.get("/VRI") if old is not None else None
    made: dict[str, Value] = members(present) if present is not None else {}
    for name, held in entries.items():
        made[name] = {
            "Type": Name("VRI"),
            **{
                short: [places[value] for value in getattr(held, kind)]
                for _, short, kind in _ARRAYS if getattr(held, kind)
            },
        }  # fmt: skip
    return made


