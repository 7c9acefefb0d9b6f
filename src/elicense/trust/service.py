"""A service entry: who may do what, for which licences, where and when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, overload

from elicense.crypto.certificate import Certificate, read_certificate
from elicense.errors import InputError

SERVICES = ("sealer", "seal-maker", "qr", "timestamp", "status", "copy", "ocsp")
NATIONAL = "national"


class LazyCertificate:
    """A member that is given a certificate, or its DER, which is read when first asked for:
    a country's list names thousands, and a file is sealed by one or two. A DER that cannot
    be read gives None: it is the certificate of nobody."""

    __slots__ = ("held", "name")

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.held = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Certificate | None: ...
    def __get__(self, instance: object | None, owner: type) -> Self | Certificate | None:
        if instance is None:
            raise AttributeError(self.name)  # and so no default of the dataclass
        value = getattr(instance, self.held)
        if isinstance(value, bytes):
            try:
                value = read_certificate(value)
            except InputError:
                value = None
            object.__setattr__(instance, self.held, value)
        found: Certificate | None = value
        return found

    def __set__(self, instance: object, value: Certificate | bytes | None) -> None:
        object.__setattr__(instance, self.held, value)


@dataclass(frozen=True, repr=False)  # not slotted: certificates are kept unread beside it
class Service:
    """One entry of a trust store.

    Either ``certificate`` (exactly this one) or ``ca`` with at least one subject
    constraint. ``region`` is a six-digit GB/T 2260 code or ``national``.
    ``licence_types`` are profile ids; empty for services not bound to a type.
    ``history`` is (since, state), oldest first: ``active``, ``suspended`` or ``ended``; where
    there is one, nothing is in force before it. ``list_id`` is that of the signed list that
    the entry comes from; empty for the user's own.
    """

    service: str
    region: str
    authority: str
    uscc: str
    certificate: LazyCertificate = LazyCertificate()
    ca: LazyCertificate = LazyCertificate()
    subject: Mapping[str, str] = field(default_factory=dict)
    licence_types: tuple[str, ...] = ()
    starts: datetime | None = None
    ends: datetime | None = None
    hosts: tuple[str, ...] = ()
    endpoint: str = ""  # https, of the authority's registry
    history: tuple[tuple[datetime, str], ...] = ()
    uscc_bound: bool = False  # the USCC must stand in the subject, other constraints or not
    list_id: str = ""

    @classmethod
    def listed(
        cls, certificate: bytes | None, ca: bytes | None, members: Mapping[str, object]
    ) -> Service:
        """The entry with these members (all others; those left out have their defaults), at
        a quarter of the cost: a country's lists have thousands."""
        entry = object.__new__(cls)
        entry.__dict__.update(members, _certificate=certificate, _ca=ca)
        return entry

    def __repr__(self) -> str:
        return f"Service({self.service!r}, {self.region!r}, {self.authority!r}, {self.uscc!r})"

    @property
    def certificate_der(self) -> bytes | None:
        """The bytes of ``certificate``, without reading it."""
        held = self.__dict__["_certificate"]
        found: bytes | None = held if held is None or isinstance(held, bytes) else held.der
        return found

    def names(self, certificate: Certificate) -> bool:
        """Does this entry mean this certificate? (A CA entry only names its subjects:
        that the certificate really was issued by that CA is for the path to prove.)"""
        exact = self.certificate_der
        if exact is not None:
            return exact == certificate.der
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
        return bool(self.uscc) and (self.uscc_bound or not self.subject)

    def in_force(self, moment: datetime) -> bool:
        """Within its term, and active by its history: suspended in between is not."""
        within = (self.starts is None or self.starts <= moment) and (
            self.ends is None or moment < self.ends
        )
        return within and (not self.history or self.state(moment) == "active")

    def state(self, moment: datetime) -> str:
        """The state at that moment by the history; empty before its first line."""
        states = [state for since, state in self.history if since <= moment]
        return states[-1] if states else ""


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
