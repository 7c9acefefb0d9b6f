"""A trust folder of one's own: ``trust.toml`` and its files, made and extended.

What is written is loaded first, in memory: a folder is never left that does not load.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from elicense.crypto.certificate import Certificate, read_certificate
from elicense.crypto.ses import CHINA
from elicense.errors import Error, FieldFault, InputError, IssueRefused, UsageError
from elicense.identifiers import check_area, check_uscc
from elicense.issuing.files import write_new
from elicense.trust.service import NATIONAL
from elicense.trust.store import SCHEMA, TrustStore, pem_or_der

_PREFIX = re.compile(r"^[A-Z]{3}CN-")
_CRLS = "crls/*.crl"
Named = tuple[str, bytes]
"""A file: its name, for messages and for a name in the folder, and its bytes."""


@dataclass(frozen=True, slots=True)
class Role:
    """What the certificates added may do; what is empty is taken from each certificate."""

    service: str
    licence_types: tuple[str, ...] = ()
    region: str = ""
    authority: str = ""
    uscc: str = ""
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Additions:
    """What to add: certificates in a role, and what they are judged by."""

    certificates: Sequence[Named] = ()
    role: Role | None = None
    anchors: Sequence[Named] = ()
    intermediates: Sequence[Named] = ()
    crls: Sequence[Named] = ()
    status_lists: Sequence[Named] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """One thing that was written: ``kind`` (``new``, ``anchor``, ``intermediate``,
    ``service``, ``crl``, ``status``, or ``present`` for what was there already), its ``file``
    in the folder, and its facts by name."""

    kind: str
    file: str
    facts: Mapping[str, str]


@dataclass(slots=True)
class _Plan:
    """The folder to be: the text of its trust.toml, new files, and what to tell."""

    text: str
    have: Mapping[str, bytes]
    store: TrustStore
    files: dict[str, bytes] = field(default_factory=dict)
    told: list[Written] = field(default_factory=list)
    faults: list[FieldFault] = field(default_factory=list)

    def tell(self, kind: str, file: str, **facts: str) -> None:
        self.told.append(Written(kind, file, facts))

    def fault(self, place: str, code: str, detail: str) -> None:
        self.faults.append(FieldFault(place, code, detail))


def add(folder: Path, additions: Additions, *, name: str = "", test: bool = False) -> list[Written]:
    """Make the trust folder, or extend it; gives what was written.

    IssueRefused with every fault (nothing is written then); UsageError for a folder that
    does not load as it is.
    """
    plan = _plan(folder, name or folder.name, test=test)
    _certificates(plan, "anchor", additions.anchors, plan.store.anchors)
    _certificates(plan, "intermediate", additions.intermediates, plan.store.intermediates)
    if additions.role is not None:
        for item in additions.certificates:
            _service(plan, item, additions.role)
    _crls(plan, additions.crls)
    for item in additions.status_lists:
        _status_list(plan, item)
    if plan.faults:
        raise IssueRefused(tuple(plan.faults), place=str(folder))
    files = {**plan.have, **plan.files, "trust.toml": plan.text.encode()}
    TrustStore.from_files(files, place=str(folder))
    for file, data in plan.files.items():
        target = folder / file
        target.parent.mkdir(parents=True, exist_ok=True)
        write_new(target, data, overwrite=True)
    folder.mkdir(parents=True, exist_ok=True)
    write_new(folder / "trust.toml", plan.text.encode(), overwrite=True)
    return plan.told


def _plan(folder: Path, name: str, *, test: bool) -> _Plan:
    config = folder / "trust.toml"
    if config.exists():
        store = TrustStore.load(folder)
        if test and not store.test:
            raise UsageError("trust.test", "the folder is not marked test", place=str(folder))
        text = config.read_text(encoding="utf-8")
        return _Plan(text if text.endswith("\n") else text + "\n", store.sources, store)
    head = f'schema = "{SCHEMA}"\nname = {_quoted(name)}\n' + ("test = true\n" if test else "")
    plan = _Plan(head, {}, TrustStore.empty())
    plan.tell("new", "trust.toml", name=name)
    return plan


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _day(moment: datetime | None) -> str:
    """The day by China's clock; empty where none is stated."""
    try:
        return f"{moment.astimezone(CHINA):%Y-%m-%d}" if moment is not None else ""
    except OverflowError:  # the calendar's last day
        return f"{moment:%Y-%m-%d}"


def _facts(found: Certificate) -> dict[str, str]:
    return {
        "name": found.display, "until": _day(found.not_after),
        "sha256": found.fingerprint().hex(),
    }  # fmt: skip


def _file(plan: _Plan, folder: str, name: str, data: bytes, suffix: str) -> str:
    """A name in the folder for ``data``: its own where that is free, or taken by the same."""
    stem = re.sub(r"[^\w.-]", "-", Path(name).stem) or "file"
    for found in (f"{folder}/{stem}{suffix}", f"{folder}/{stem}-{_short(data)}{suffix}"):
        if plan.files.get(found, plan.have.get(found, data)) == data:
            break
    plan.files[found] = data
    return found


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:8]


def _read(plan: _Plan, item: Named) -> Certificate | None:
    try:
        return read_certificate(pem_or_der(item[1]))
    except Error as exc:
        plan.fault(item[0], "list.certificate", f"not a certificate: {exc.detail}")
        return None


def _certificates(
    plan: _Plan, key: str, items: Sequence[Named], have: Sequence[Certificate]
) -> None:
    for item in items:
        found = _read(plan, item)
        if found is None:
            continue
        if found in have:
            plan.tell("present", "trust.toml", name=found.display)
            continue
        if found.extensions.ca is not True:
            plan.fault(item[0], "not-a-ca", f"{found.display} is not the certificate of a CA")
        file = _file(plan, f"{key}s", item[0], found.der, ".cer")
        plan.text += f'\n[[{key}]]\nfile = "{file}"\n'
        plan.tell(key, file, **_facts(found))


# -- an entry ---------------------------------------------------------------------------------


def _service(plan: _Plan, item: Named, role: Role) -> None:
    found = _read(plan, item)
    if found is None:
        return
    is_ca = found.extensions.ca is True
    if any(found in (entry.certificate, entry.ca) and (entry.authority == role.authority or
           not role.authority) for entry in plan.store.services
           if entry.service == role.service):  # fmt: skip
        plan.fault(item[0], "twice", f"{found.display} is listed as {role.service} already")
        return
    authority = role.authority or ("" if is_ca else found.subject.get("O"))
    uscc = role.uscc or ("" if is_ca else _uscc_of(found))
    region = role.region or _region_of(uscc)
    _complete(plan, item[0], authority=authority, uscc=uscc, region=region, is_ca=is_ca)
    if role.service in {"sealer", "qr", "copy"} and not role.licence_types:
        detail = f"a {role.service} without licence types may issue none: --type"
        plan.fault(item[0], "no-types", detail)
    file = _file(plan, "certificates", f"{role.service}-{Path(item[0]).stem}", found.der, ".cer")
    lines = [
        "[[service]]", f'service = "{role.service}"', f'region = "{region}"',
        f"authority = {_quoted(authority)}",
        f'{"ca" if is_ca else "certificate"} = "{file}"',
    ]  # fmt: skip
    if uscc:
        lines.insert(4, f'uscc = "{uscc}"')
    if is_ca and not role.uscc:
        lines.append(f"subject = {{ organization = {_quoted(authority)} }}")
    if role.licence_types:
        lines.append(f"licence_types = {json.dumps(list(role.licence_types))}")
    if role.hosts:
        lines.append(f"hosts = {json.dumps(list(role.hosts))}")
    plan.text += "\n" + "\n".join(lines) + "\n"
    given = {"authority": role.authority, "uscc": role.uscc, "region": role.region}
    taken = [name for name, value in given.items() if not value and not is_ca]
    plan.tell(
        "service", file, **_facts(found), role=role.service, types=", ".join(role.licence_types),
        authority=authority, uscc=uscc, region=region, taken=", ".join(taken),
        by="ca" if is_ca else "certificate",
    )  # fmt: skip


def _complete(
    plan: _Plan, place: str, *, authority: str, uscc: str, region: str, is_ca: bool
) -> None:
    if not authority:
        why = "a CA certifies many: whose seals are meant?" if is_ca else "it names no organization"
        plan.fault(place, "list.text", f"{why} --authority")
    if uscc and check_uscc(uscc) != "ok":
        plan.fault(place, "uscc", f"{uscc} is no unified social credit code")
    if not region:
        plan.fault(place, "outside-region", "no code in it tells the region: --region")
    elif region != NATIONAL and check_area(region) != "ok":
        plan.fault(place, "scope", f"{region} is no area code of GB/T 2260")


def _uscc_of(certificate: Certificate) -> str:
    """The unified social credit code in the subject; empty where none is sound."""
    subject = certificate.subject
    codes = (*subject.all("organizationIdentifier"), *subject.all("serialNumber"))
    return next((c for c in (_PREFIX.sub("", c) for c in codes) if check_uscc(c) == "ok"), "")


def _region_of(uscc: str) -> str:
    """The area in a code (GB 32100: characters 3 to 8); 100000 is the whole country's."""
    area = uscc[2:8]
    if area == "100000":
        return NATIONAL
    return area if check_area(area) == "ok" else ""


# -- what they are judged by ------------------------------------------------------------------


def _crls(plan: _Plan, items: Sequence[Named]) -> None:
    from elicense.trust.crl import read_crl

    for item in items:
        try:
            data = pem_or_der(item[1])
            found = read_crl(data)
        except Error as exc:
            plan.fault(item[0], "list.crl", f"not a CRL: {exc.detail}")
            continue
        until = _day(found.next_update)
        file = _file(plan, "crls", item[0], data, ".crl")
        name = found.issuer.get("CN") or str(found.issuer)
        plan.tell("crl", file, name=name, until=until)
    if not items or plan.faults or f'"{_CRLS}"' in plan.text:
        return
    if re.search(r"^\s*\[\s*revocation\s*\]", plan.text, re.MULTILINE):
        detail = f'trust.toml lists its CRLs by name: write crls = ["{_CRLS}"] there first'
        plan.fault("trust.toml", "list.crl", detail)
        return
    plan.text += f'\n[revocation]\ncrls = ["{_CRLS}"]\n'


def _status_list(plan: _Plan, item: Named) -> None:
    from elicense.trust.status import read_status_list

    try:
        found = read_status_list(item[1])
        old = plan.store.status_lists.get(found.uri)
        before = read_status_list(old) if old is not None else None
    except InputError as exc:
        plan.fault(item[0], "list.status", f"not a status list: {exc.detail}")
        return
    if before is None:
        file = _file(plan, "status", item[0], item[1], ".p7")
        plan.text += f'\n[[status_list]]\nuri = "{found.uri}"\nfile = "{file}"\n'
    elif found.issued < before.issued:
        plan.fault(item[0], "rollback", f"the one in the folder is newer ({before.issued})")
        return
    else:
        file = next(name for name, data in plan.have.items() if data == old)
        plan.files[file] = item[1]
    plan.tell("status", file, name=found.uri, until=_day(found.expires))
