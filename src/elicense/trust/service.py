"""A service entry: who may do what, for which licences, where and when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from elicense.crypto.certificate import Certificate

SERVICES = ("sealer", "seal-maker", "qr", "timestamp", "status", "copy", "ocsp")
NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of a trust store.

    Either ``certificate`` (exactly this one) or ``ca`` with at least one subject
    constraint. ``region`` is a six-digit GB/T 2260 code or ``national``.
    ``licence_types`` are profile ids; empty for services not bound to a type.
    """

    service: str
    region: str
    authority: str
    uscc: str
    certificate: Certificate | None = field(repr=False)
    ca: Certificate | None = field(repr=False)
    subject: Mapping[str, str] = field(default_factory=dict)
    licence_types: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    hosts: tuple[str, ...] = ()

    def names(self, certificate: Certificate) -> bool:
        """Does this entry mean this certificate? (A CA entry only names its subjects:
        that the certificate really was issued by that CA is for the path to prove.)"""
        if self.certificate is not None:
            return self.certificate == certificate
        if self.ca is None or certificate.issuer.key != self.ca.subject.key:
            return False
        return self._subject_matches(certificate)

    def fits(self, chain: Sequence[Certificate]) -> bool:
        """Was the first certificate of the path issued by this entry's CA itself, by that
        very key and name? (An entry that lists the certificate fits any path.)"""
        if self.ca is None:
            return True
        return len(chain) > 1 and (
            chain[1] == self.ca
            or (chain[1].spki == self.ca.spki and chain[1].subject.key == self.ca.subject.key)
        )

    def _subject_matches(self, certificate: Certificate) -> bool:
        subject = certificate.subject
        for key, wanted in self.subject.items():
            if wanted not in subject.all(_ATTRIBUTE[key]):
                return False
        if not self.uscc_required:
            return True
        codes = subject.all("organizationIdentifier") + subject.all("serialNumber")
        return any(_PREFIX.sub("", code) == self.uscc for code in codes)

    @property
    def uscc_required(self) -> bool:
        """The USCC must be in the subject wherever it is the only constraint."""
        return bool(self.uscc) and not self.subject

    def in_force(self, moment: datetime) -> bool:
        return (self.starts is None or self.starts <= moment) and (
            self.ends is None or moment < self.ends
        )


# ETSI EN 319 412-1 5.1.4: three letters of the register, two of the country
_PREFIX = re.compile(r"^[A-Z]{3}CN-")
_ATTRIBUTE = {
    "organization": "O",
    "organizational_unit": "OU",
    "common_name": "CN",
    "organization_identifier": "organizationIdentifier",
    "serial_number": "serialNumber",
}
SUBJECT_KEYS = frozenset(_ATTRIBUTE)
