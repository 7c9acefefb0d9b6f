"""The trust store: a folder with a ``trust.toml``, and nothing else.

No anchor is built in and the system's store is never asked. Unknown keys are
refused: a misspelt constraint must not be a missing one.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.ses import CHINA
from elicense.errors import Error, InputError, UsageError
from elicense.trust.fetched import Fetch
from elicense.trust.service import NATIONAL, SERVICES, SUBJECT_KEYS, Service
from elicense.trust.store_files import (
    Files,
    FolderFiles,
    MemoryFiles,
    pem_or_der,
    whole_bundle,
)

if TYPE_CHECKING:
    from elicense.trust.list_model import ListAge, Refusal
    from elicense.trust.list_store import Signed

__all__ = ["MANAGED", "SCHEMA", "FolderFiles", "MemoryFiles", "TrustStore", "pem_or_der"]
SCHEMA = "elicense-trust/1"
MANAGED = "lists.elt"  # the signed lists of a managed folder, and what was seen of them
_TOP = {
    "schema", "name", "test", "sequence", "issued", "next_update",
    "anchor", "intermediate", "service", "revocation", "status_list",
    "status_index", "operators", "bundle",
}  # fmt: skip
_BOUND_TO_TYPES = {"sealer", "qr", "copy"}
_SERVICE = {
    "service", "region", "authority", "uscc", "certificate", "ca", "subject",
    "licence_types", "from", "until", "hosts", "endpoint",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrustStore:
    """What the user trusts, read once. Frozen; ``digest`` identifies its exact content.

    Where ``operators`` (DER) are pinned, entries and anchors come from signed lists too:
    ``lists`` says which and how old, ``refused`` what did not hold, ``newest_issued`` what
    the clock must not be behind.
    """

    name: str = ""
    test: bool = False
    issued: datetime | None = None
    next_update: datetime | None = None
    anchors: tuple[Certificate, ...] = field(repr=False, default=())
    intermediates: tuple[Certificate, ...] = field(repr=False, default=())
    services: tuple[Service, ...] = field(repr=False, default=())
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())
    status_lists: Mapping[str, bytes] = field(repr=False, default_factory=dict)
    status_indexes: tuple[bytes, ...] = field(repr=False, default=())
    more_status_lists: tuple[bytes, ...] = field(repr=False, default=())  # given by the caller
    operators: tuple[bytes, ...] = field(repr=False, default=())
    lists: tuple[ListAge, ...] = ()
    refused: tuple[Refusal, ...] = ()
    newest_issued: datetime | None = None
    digest: str = ""
    fetches: tuple[Fetch, ...] = ()  # what was asked of the network, and what came of it
    before: TrustStore | None = field(repr=False, compare=False, default=None)  # that
    sources: Mapping[str, bytes] = field(repr=False, compare=False, default_factory=dict)
    _authorities: list[tuple[Certificate, ...]] = field(  # once asked for
        init=False, repr=False, compare=False, default_factory=list
    )

    @classmethod
    def load(cls, path: str | Path) -> TrustStore:
        """Read ``trust.toml`` in the folder ``path`` (or that file itself) and all it names.

        Raises UsageError naming the file and the key for anything missing,
        misspelt, unreadable or outside the folder.
        """
        root = Path(path)
        if root.is_file():
            if root.name != "trust.toml":
                raise UsageError("trust.config", "the file must be named trust.toml",
                                 place=str(root))  # fmt: skip
            root = root.parent
        return _Loader(FolderFiles(root), str(root / "trust.toml")).load()

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], *, place: str = "trust") -> TrustStore:
        """The same from memory: ``trust.toml`` and what it names, by name. ``store.sources``
        of a loaded store are such files."""
        return _Loader(MemoryFiles(files), f"{place}: trust.toml").load()

    @classmethod
    def load_bundle(cls, file: str | Path | bytes, *, operators: Sequence[bytes]) -> TrustStore:
        """A bundle (.elt; a path or its bytes), judged by the pinned ``operators``: their
        certificates, DER or PEM. Nothing in it is trusted by itself.

        Raises UsageError for a bundle that cannot be read and for operators that are none;
        lists that do not hold are named in ``refused``, and entitle nobody.
        """
        data = file if isinstance(file, bytes) else whole_bundle(Path(file))
        place = "bundle" if isinstance(file, bytes) else str(file)
        if not operators:
            raise UsageError("trust.operator", "a bundle proves nothing without the certificate "
                             "of the operator who signed its lists", place=str(place))  # fmt: skip
        names = [f"operator-{number}.cer" for number in range(1, len(operators) + 1)]
        toml = (
            f'schema = "{SCHEMA}"\nname = "bundle"\nbundle = "bundle.elt"\n'
            f"operators = {json.dumps(names)}\n"
        )
        files = {"trust.toml": toml.encode(), "bundle.elt": data}
        return cls.from_files({**files, **dict(zip(names, operators, strict=True))},
                              place=str(place))  # fmt: skip

    @classmethod
    def empty(cls) -> TrustStore:
        """A store that trusts nobody: every chain stays an open question."""
        return cls(name="(none)")

    def services_for(self, certificate: Certificate, service: str) -> tuple[Service, ...]:
        """The entries of one kind that name this certificate."""
        return tuple(s for s in self.services if s.service == service and s.names(certificate))

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """CA certificates that paths may be built with (they prove nothing by themselves)."""
        if not self._authorities:
            cas = (s.ca for s in self.services)
            known = dict.fromkeys((*self.intermediates, *(ca for ca in cas if ca is not None)))
            self._authorities.append(tuple(known))
        return self._authorities[0]


class _Loader:
    """Reads one store; keeps every byte it read, for the digest and for a record."""

    def __init__(self, files: Files, place: str) -> None:
        self.files = files
        self.place = place
        self.hash = hashlib.sha256()
        self.sources: dict[str, bytes] = {}

    def fail(self, key: str, detail: str) -> UsageError:
        return UsageError("trust.config", detail, place=f"{self.place}: {key}")

    def load(self) -> TrustStore:
        raw = self._bytes("trust.toml", "trust.toml")
        try:
            table = tomllib.loads(raw.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise self.fail("(file)", f"not readable as TOML: {exc}") from exc
        self._known(table, _TOP, "(top)")
        if table.get("schema") != SCHEMA:
            raise self.fail("schema", f"schema must be {SCHEMA!r}")
        revocation = self._table(table, "revocation")
        self._known(revocation, {"crls", "ocsps"}, "revocation")
        own = TrustStore(
            name=self._text(table, "name", "name"),
            test=self._flag(table, "test"),
            issued=self._moment(table, "issued", "issued"),
            next_update=self._moment(table, "next_update", "next_update"),
            anchors=self._certificates(table, "anchor"),
            intermediates=self._certificates(table, "intermediate"),
            services=tuple(
                self._service(entry, f"service[{index}]")
                for index, entry in enumerate(self._list(table, "service"))
            ),
            crls=self._files(revocation, "crls"),
            ocsps=self._files(revocation, "ocsps"),
            status_lists=self._status_lists(table),
            status_indexes=self._status_indexes(table),
            sources=self.sources,
        )
        if "operators" in table:
            own = self._with_lists(own, table)
        elif "bundle" in table:
            raise self.fail("bundle", "a bundle proves nothing without operators")
        return replace(own, digest=self.hash.hexdigest())

    def _with_lists(self, own: TrustStore, table: dict[str, Any]) -> TrustStore:
        """What the pinned operators' lists add to the user's own entries."""
        from elicense.trust import list_store

        names = self._texts(table, "operators", "(top)")
        if not names:
            raise self.fail("operators", "without an operator no list can be believed")
        operators = tuple(
            self._certificate(name, f"operators[{index}]").der for index, name in enumerate(names)
        )
        name = self._text(table, "bundle", "(top)") if "bundle" in table else MANAGED
        signed = list_store.Signed()
        if "bundle" in table or self.files.match(MANAGED):
            data = self._bytes(name, "bundle")
            try:
                signed = list_store.read(data, operators, remembered="bundle" not in table)
            except InputError as exc:
                raise UsageError("trust.bundle", f"the lists cannot be read: {exc}",
                                 place=self.place) from exc  # fmt: skip
        if "bundle" in table and signed.name:
            own = replace(own, name=signed.name)
        return _joined(own, signed, operators)

    # -- pieces ------------------------------------------------------------
    def _service(self, entry: dict[str, Any], where: str) -> Service:
        self._known(entry, _SERVICE, where)
        service = self._text(entry, "service", where)
        if service not in SERVICES:
            raise self.fail(f"{where}.service", f"service must be one of {', '.join(SERVICES)}")
        region = self._text(entry, "region", where)
        if region != NATIONAL and not re.fullmatch(r"[0-9]{6}", region):
            raise self.fail(f"{where}.region", "region must be six digits or 'national'")
        subject = self._table(entry, "subject")
        self._known(subject, SUBJECT_KEYS, f"{where}.subject")
        uscc = self._text(entry, "uscc", where) if "uscc" in entry else ""
        exact = "certificate" in entry
        if exact == ("ca" in entry):
            raise self.fail(where, "an entry needs either certificate or ca")
        if not exact and not subject and not uscc:
            raise self.fail(where, "a ca entry needs a subject or uscc constraint")
        if exact and "subject" in entry:
            raise self.fail(where, "a subject constrains a ca; this entry names a certificate")
        types = self._texts(entry, "licence_types", where)
        if not types and service in _BOUND_TO_TYPES:
            raise self.fail(f"{where}.licence_types", f"a {service} may issue no type at all")
        starts, ends = self._moment(entry, "from", where), self._moment(entry, "until", where)
        if starts is not None and ends is not None and ends <= starts:
            raise self.fail(f"{where}.until", "until is not later than from")
        return Service(
            service=service,
            region=region,
            authority=self._text(entry, "authority", where),
            uscc=uscc,
            certificate=self._certificate(entry["certificate"], where) if exact else None,
            ca=None if exact else self._certificate(entry["ca"], where),
            subject={k: self._text(subject, k, where) for k in subject},
            licence_types=types,
            starts=starts,
            ends=ends,
            hosts=self._texts(entry, "hosts", where),
            endpoint=self._endpoint(entry, where),
        )

    def _endpoint(self, entry: dict[str, Any], where: str) -> str:
        if "endpoint" not in entry:
            return ""
        found = self._text(entry, "endpoint", where)
        if not found.startswith("https://"):
            raise self.fail(f"{where}.endpoint", "an https address is needed")
        return found

    def _certificates(self, table: dict[str, Any], key: str) -> tuple[Certificate, ...]:
        found = []
        for index, entry in enumerate(self._list(table, key)):
            where = f"{key}[{index}]"
            self._known(entry, {"file"}, where)
            found.append(self._certificate(self._text(entry, "file", where), where))
        return tuple(found)

    def _certificate(self, name: object, where: str) -> Certificate:
        try:
            return read_certificate(pem_or_der(self._bytes(name, where)))
        except UsageError:
            raise
        except Error as exc:
            raise self.fail(where, f"{name}: not a certificate ({exc})") from exc

    def _status_lists(self, table: dict[str, Any]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for index, entry in enumerate(self._list(table, "status_list")):
            where = f"status_list[{index}]"
            self._known(entry, {"uri", "file"}, where)
            uri = self._text(entry, "uri", where)
            if uri in found:
                raise self.fail(where, f"the status list {uri} is named twice")
            found[uri] = self._bytes(entry.get("file"), where)
        return found

    def _status_indexes(self, table: dict[str, Any]) -> tuple[bytes, ...]:
        found = []
        for index, entry in enumerate(self._list(table, "status_index")):
            self._known(entry, {"file"}, f"status_index[{index}]")
            found.append(self._bytes(entry.get("file"), f"status_index[{index}]"))
        return tuple(found)

    def _files(self, table: dict[str, Any], key: str) -> tuple[bytes, ...]:
        found: list[bytes] = []
        for name in self._texts(table, key, f"revocation.{key}"):
            if any(char in name for char in "*?["):
                found += [self._bytes(path, key) for path in self._matching(name, key)]
            else:
                found.append(self._bytes(name, key))
        return tuple(pem_or_der(item) for item in found)

    def _matching(self, pattern: str, key: str) -> list[str]:
        """Files of the folder that fit a pattern; a pattern that none fits is an error."""
        parts = PurePosixPath(pattern).parts
        if parts[:1] == ("/",) or ".." in parts or "\\" in pattern:
            raise self.fail(key, f"{pattern} is outside the trust folder")
        paths = self.files.match(pattern)
        if not paths:
            raise self.fail(key, f"no file fits {pattern}")
        return paths

    # -- values ------------------------------------------------------------
    def _bytes(self, name: object, where: str) -> bytes:
        if not isinstance(name, str) or not name:
            raise self.fail(where, "a file name is needed")
        try:
            data = self.files.read(name)
        except OSError as exc:
            raise self.fail(where, f"{name} cannot be read: {exc.strerror}") from exc
        except ValueError as exc:
            detail = f"{name!r} is not a file name" if "\0" in name else str(exc)
            raise self.fail(where, detail) from exc
        self.sources[name] = data
        self.hash.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        return data

    def _known(self, table: Mapping[str, Any], keys: set[str] | frozenset[str], where: str) -> None:
        for key in table:
            if key not in keys:
                raise self.fail(where, f"unknown key {key!r}; known: {', '.join(sorted(keys))}")

    def _text(self, table: Mapping[str, Any], key: str, where: str) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self.fail(f"{where}.{key}" if where != key else key, "a text is needed")
        return value

    def _texts(self, table: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.fail(f"{where}.{key}", "a list of texts is needed")
        return tuple(value)

    def _table(self, table: Mapping[str, Any], key: str) -> dict[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(key, "a table is needed")
        return value

    def _list(self, table: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self.fail(key, f"[[{key}]] tables are needed")
        return value

    def _flag(self, table: Mapping[str, Any], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(key, "true or false is needed")
        return value

    def _moment(self, table: Mapping[str, Any], key: str, where: str) -> datetime | None:
        value = table.get(key)
        if value is None:
            return None
        try:
            if isinstance(value, datetime):
                return (value if value.tzinfo else value.replace(tzinfo=CHINA)).astimezone(UTC)
            if isinstance(value, date):
                return datetime.combine(value, time(), CHINA).astimezone(UTC)
        except OverflowError as exc:
            raise self.fail(f"{where}.{key}", "the date is outside the calendar") from exc
        raise self.fail(f"{where}.{key}", "a date or a time is needed")


def _joined(own: TrustStore, signed: Signed, operators: tuple[bytes, ...]) -> TrustStore:
    """The user's own entries and those of the lists; their ages stay apart."""
    from elicense.trust.list_model import AGE_OWN, ListAge
    from elicense.trust.list_store import StatusLists

    ages = signed.lists
    if own.next_update is not None:
        mine = ListAge(AGE_OWN, "", own.name, 0, own.issued, own.next_update, "")
        ages = (mine, *ages)
    issued = [age.issued for age in ages if age.issued is not None]
    return replace(
        own,
        test=own.test or signed.test,
        issued=min(issued, default=None),
        next_update=min((age.next_update for age in ages), default=None),
        anchors=tuple(dict.fromkeys((*own.anchors, *signed.anchors))),
        intermediates=tuple(dict.fromkeys((*own.intermediates, *signed.intermediates))),
        services=(*own.services, *signed.services),
        crls=(*own.crls, *signed.bundle.crls),
        ocsps=(*own.ocsps, *signed.bundle.ocsps),
        status_lists=StatusLists(signed.bundle.status, own.status_lists),
        status_indexes=(*own.status_indexes, *signed.bundle.indexes),
        operators=operators,
        lists=ages,
        refused=signed.refused,
        newest_issued=signed.newest_issued,
    )
