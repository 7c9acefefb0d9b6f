"""What can be added to the signatures of an OFD without touching what anybody signed.

GB/T 33190 and GB/T 38540 know no archive timestamp over a package. An SES_Signature of
version 4 or 5 has one place for a timestamp of its value, outside what is signed; a CMS has
unsigned attributes. The token in the one and the other itself take certificates and
revocation data along, which have signatures of their own. The file with the value is under
no digest of its own signature; one that a later seal or a package list covers cannot be
changed any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from elicense.containers import boundary, ofd
from elicense.containers.ofd.model import OfdPackage, OfdSignature
from elicense.crypto import der
from elicense.crypto.cms import read_cms
from elicense.errors import InputError
from elicense.issuing import cms
from elicense.issuing.archive_sources import Held
from elicense.issuing.credential import Stamp
from elicense.issuing.ofd_package import pack
from elicense.limits import DEFAULT_LIMITS, Limits

_TIMESTAMP = "1.2.840.113549.1.9.16.2.14"  # id-aa-signatureTimeStampToken (RFC 5126 6.1.1)


@dataclass(frozen=True, slots=True)
class Told:
    """What was done with one signature: ``stamped``, ``stamped-again``, ``kept`` (its
    timestamp took validation data in), or why nothing: ``covered``, ``no-place``,
    ``unreadable``."""

    index: int
    place: str
    done: str


@dataclass(frozen=True, slots=True)
class Prolonged:
    """The package, and what was done with each of its signatures."""

    data: bytes = field(repr=False)
    told: tuple[Told, ...]


def prolong(
    data: bytes, *, stamp: Stamp, held: Mapping[int, Held], limits: Limits = DEFAULT_LIMITS
) -> Prolonged:
    """``data`` with a timestamp for each signature that has room for one, and validation data
    (``held``, by the index of the signature) in it. InputError ``ofd.*``."""
    with boundary("ofd"):
        package = ofd.read(data, limits)
        entries = dict(package.entries)
        told = []
        for index, item in enumerate(package.signatures, 1):
            told.append(_one(index, item, package, entries, stamp, held.get(index, Held())))
        changed = entries != dict(package.entries)
        return Prolonged(pack(entries) if changed else data, tuple(told))


def _one(
    index: int, item: OfdSignature, package: OfdPackage, entries: dict[str, bytes], stamp: Stamp,
    held: Held,
) -> Told:  # fmt: skip
    value, place = item.signed_value, item.signed_value_place.lstrip("/")
    if value is None or place not in entries:
        return Told(index, item.place, "unreadable")
    if _covered(place, package):
        return Told(index, item.place, "covered")
    try:
        entries[place], done = _prolonged(value, stamp, held)
    except InputError:
        return Told(index, item.place, "unreadable")  # BER, or malformed: left as it is
    return Told(index, item.place, done)


def _covered(place: str, package: OfdPackage) -> bool:
    digests = [digest for item in package.signatures for digest in item.digests]
    if package.integrity is not None:
        digests += package.integrity.digests
    return any(digest.place.lstrip("/") == place for digest in digests)


def _prolonged(value: bytes, stamp: Stamp, held: Held) -> tuple[bytes, str]:
    members = der.parse(value).expect(der.SEQUENCE, "signature value").children()
    if members and members[0].tag == der.OID:
        token = stamp(read_cms(value).signers[0].signature)
        stamped, done = _with_attribute(value, token)
        return _laden(stamped, held), done
    if len(members) == 2:
        return value, "no-place"  # GM/T 0031-2014
    if len(members) not in {4, 5}:
        raise InputError("ofd.value", "no signature that is known here")
    head = b"".join(member.raw for member in members[:4])
    if len(members) == 4:
        token, done = stamp(members[3].whole_bits()), "stamped"
    else:
        # the one place there is: another token would take the proof of the time away
        token, done = members[4].only().whole_bits(), "kept"
    return der.seq(head, der.explicit(0, der.bits(_laden(token, held)))), done


def _laden(message: bytes, held: Held) -> bytes:
    """A CMS, or a token, which is one, with validation data beside its signature."""
    return cms.with_validation_data(
        message, certificates=held.certificates, crls=held.crls, ocsps=held.ocsps
    )


def _with_attribute(message: bytes, token: bytes) -> tuple[bytes, str]:
    """The CMS with one more signature timestamp among its unsigned attributes."""
    outer = der.parse(message).children()
    parts = outer[1].only().children()
    signer = parts[-1].only().children()
    old = signer[-1].children() if signer[-1].tag == 0xA1 else []
    stamps, others = [token], []
    for attribute in old:
        cursor = der.Cursor(attribute, "Attribute")
        if cursor.next(der.OID).oid() == _TIMESTAMP:
            stamps[:0] = [node.raw for node in cursor.next(der.SET).children()]
        else:
            others.append(attribute.raw)
    added = der.seq(der.oid(_TIMESTAMP), der.set_(*stamps))
    kept = [node.raw for node in signer if node.tag != 0xA1]
    info = der.seq(*kept, der.implicit(1, der.set_(*others, added)))
    signed = der.seq(*(part.raw for part in parts[:-1]), der.set_(info))
    made = der.seq(outer[0].raw, der.explicit(0, signed))
    return made, "stamped-again" if len(stamps) > 1 else "stamped"
