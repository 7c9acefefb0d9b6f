"""The settings of a service: one TOML file (schema ``elicense-service/1``), read strictly.

Secrets do not stand in it: keys are named by URI (file:, pkcs11:), the database's address
and passwords may come from the environment variables it names.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elicense.errors import UsageError

SCHEMA = "elicense-service/1"
# signatures whose key is public: a secret both sides know (HS…) proves nothing of the issuer
ALGORITHMS = frozenset({
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Uploads:
    """What may be handed in. Sizes in bytes, times in seconds."""

    anonymous: bool = True
    max_bytes: int = 20 * 1024 * 1024
    receive_seconds: float = 30.0
    verify_seconds: float = 20.0
    workers: int = 2
    per_minute: int = 30  # of one address, without a credential


@dataclass(frozen=True, slots=True)
class Key:
    """A key the service signs with: its URI, its certificate, and the variable with its
    password."""

    key: str
    certificate: str = ""
    password_env: str = ""


@dataclass(frozen=True, slots=True)
class Issuing:
    """What licences are sealed with."""

    seal: str
    signer: Key
    qr_signer: Key | None = None
    formats: tuple[str, ...] = ("ofd", "pdf")


@dataclass(frozen=True, slots=True)
class Copying:
    """What annotated copies 加注件 are signed with, and for how many days at most they are
    good. Without a seal nothing is stamped on them."""

    signer: Key
    seal: str = ""
    days: int = 90


@dataclass(frozen=True, slots=True)
class Publishing:
    """The status lists: signed anew this often, and good for so long."""

    signer: Key
    valid: timedelta = timedelta(days=2)
    renew: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Retention:
    """After how long what is deleted or erased, by the service itself. None keeps it."""

    accesses: timedelta | None = timedelta(days=180)
    personal: timedelta | None = None  # after a licence's end
    every: timedelta = timedelta(days=1)  # how often it is done


@dataclass(frozen=True, slots=True)
class Peers:
    """Queries to other regions. ``signer`` signs our own answers."""

    signer: Key | None = None
    seconds: float = 8.0
    cache_seconds: float = 60.0
    client_certificate: str = ""
    client_key: str = ""
    ca_file: str = ""  # of a government network's own CA, instead of the system's
    allow_hosts: tuple[str, ...] = ()  # private addresses that are meant


@dataclass(frozen=True, slots=True)
class Staff:
    """Log-in of staff through an OpenID Connect provider. ``roles`` gives the scopes of each
    value that the provider may put into ``claim``."""

    issuer: str
    client_id: str
    roles: Mapping[str, tuple[str, ...]]
    client_secret_env: str = ""  # none: a public client, bound by PKCE alone
    claim: str = "roles"  # dots lead into objects: realm_access.roles
    ask_for: tuple[str, ...] = ("openid", "profile")
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    session: timedelta = timedelta(hours=8)
    per_minute: int = 600
    seconds: float = 8.0
    ca_file: str = ""
    allow_hosts: tuple[str, ...] = ()  # private addresses, or endpoints elsewhere, that are meant


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. Paths are relative to the file."""

    region: str
    authority: str
    uscc: str
    registry: str = field(repr=False)
    trust: str
    public_url: str = "http://127.0.0.1:8000"
    operators: tuple[str, ...] = ()
    allow_test_trust: bool = False
    trust_check_seconds: float = 30.0  # how often its files are looked at
    policy: str = ""
    profiles: str = ""  # a folder of own licence types
    proxies: tuple[str, ...] = ()  # whose X-Forwarded-For is believed
    uploads: Uploads = Uploads()
    retention: Retention = Retention()
    peers: Peers = Peers()
    issuing: Issuing | None = None
    publishing: Publishing | None = None
    copying: Copying | None = None
    staff: Staff | None = None

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read a file. Raises UsageError ``service.settings`` naming the key."""
        file = Path(path)
        try:
            table = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as exc:
            raise UsageError("service.settings", f"not readable: {exc}", place=str(file)) from exc
        if table.pop("schema", None) != SCHEMA:
            raise _wrong(file, "schema", f"must be {SCHEMA!r}")
        return _settings(table, file)


def _wrong(file: Path, key: str, detail: str) -> UsageError:
    return UsageError("service.settings", f"{key}: {detail}", place=str(file))


def _settings(table: dict[str, Any], file: Path) -> Settings:
    sections: dict[str, Any] = {}
    for name, kind in (("uploads", Uploads), ("peers", Peers)):
        if name in table:
            sections[name] = _part(kind, _table(table, name, file), name, file)
    if "retention" in table:
        sections["retention"] = _retention(_table(table, "retention", file), file)
    if "issuing" in table:
        sections["issuing"] = _part(Issuing, _table(table, "issuing", file), "issuing", file)
    if "copying" in table:
        sections["copying"] = _part(Copying, _table(table, "copying", file), "copying", file)
    if "publishing" in table:
        sections["publishing"] = _publishing(_table(table, "publishing", file), file)
    if "staff" in table:
        sections["staff"] = _staff(_table(table, "staff", file), file)
    address = table.pop("registry_env", None)
    if address is not None:
        if "registry" in table or address not in os.environ:
            raise _wrong(file, "registry_env", "the variable is not set, or registry is there too")
        table["registry"] = os.environ[address]
    found = _part(Settings, {**table, **sections}, "", file)
    assert isinstance(found, Settings)
    if not re.fullmatch(r"[0-9]{6}", found.region):
        raise _wrong(file, "region", "six digits of GB/T 2260 are needed")
    if found.staff is not None and not is_safe_url(found.public_url):
        raise _wrong(file, "public_url", "with [staff] it is https (or http on loopback)")
    return _rooted(found, file.parent)


def _table(table: dict[str, Any], name: str, file: Path) -> dict[str, Any]:
    found = table.pop(name)
    if not isinstance(found, dict):
        raise _wrong(file, name, "a table is needed")
    return found


def _part(kind: Any, table: Mapping[str, Any], where: str, file: Path) -> Any:
    known = {item.name: item for item in fields(kind)}
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = f"{where}.{name}" if where else name
        if name not in known:
            raise _wrong(file, key, f"unknown; known: {', '.join(sorted(known))}")
        values[name] = _value(value, str(known[name].type), key, file)
    try:
        return kind(**values)
    except TypeError as exc:
        missing = [n for n in known if n not in values and f"'{n}'" in str(exc)]
        raise _wrong(file, where or "(top)", f"{', '.join(missing)} is missing") from exc


def _value(value: Any, kind: str, key: str, file: Path) -> Any:
    """A TOML value as the field wants it; sections that are made already pass."""
    kind = kind.removesuffix(" | None")
    if kind == "Key":
        if isinstance(value, str):
            return Key(value)
        if isinstance(value, dict):
            return _part(Key, value, key, file)
        raise _wrong(file, key, "a key's URI or a table is needed")
    if kind == "tuple[str, ...]":
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise _wrong(file, key, "a list of texts is needed")
        return tuple(value)
    plain = {"str": str, "bool": bool, "int": int, "float": (int, float)}
    wanted: Any = plain.get(kind)
    if wanted is None:
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "bool"):
        raise _wrong(file, key, f"a {kind} is needed")
    if kind in {"int", "float"} and value <= 0:
        raise _wrong(file, key, "must be more than 0")
    return value


def _retention(table: dict[str, Any], file: Path) -> Retention:
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in {"accesses_days", "personal_days", "every_hours"}:
            raise _wrong(file, f"retention.{key}", "known: accesses_days, personal_days, "
                         "every_hours")  # fmt: skip
        name, unit = key.split("_")
        found[name] = _span(value, f"retention.{key}", file, unit)
    return Retention(**found)


def is_safe_url(url: str) -> bool:
    """https, or http on this machine: a secret may go there."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"}
    return bool(host) and (parts.scheme == "https" or plain) and parts.username is None


def _staff(table: dict[str, Any], file: Path) -> Staff:
    from elicense.registry.credentials import SCOPES

    roles = table.pop("roles", None)
    if not isinstance(roles, dict) or not roles:
        raise _wrong(file, "staff.roles", "a table is needed: a role and its scopes")
    for role, scopes in roles.items():
        if not isinstance(scopes, list) or not scopes or any(s not in SCOPES for s in scopes):
            raise _wrong(file, f"staff.roles.{role}", f"some of {', '.join(SCOPES)}")
    if "session_hours" in table:
        hours = table.pop("session_hours")
        table["session"] = _span(hours, "staff.session_hours", file, "hours")
    elif "session" in table:
        raise _wrong(file, "staff.session", "unknown; session_hours is meant")
    table["roles"] = {role: tuple(scopes) for role, scopes in roles.items()}
    found = _part(Staff, table, "staff", file)
    assert isinstance(found, Staff)
    if not is_safe_url(found.issuer) or "?" in found.issuer or "#" in found.issuer:
        raise _wrong(file, "staff.issuer", "an https address is needed (http on loopback)")
    if not found.algorithms or not set(found.algorithms) <= ALGORITHMS:
        raise _wrong(file, "staff.algorithms", f"some of {', '.join(sorted(ALGORITHMS))}")
    if "openid" not in found.ask_for:
        raise _wrong(file, "staff.ask_for", "openid is needed")
    if found.client_secret_env and not os.environ.get(found.client_secret_env):
        raise _wrong(file, "staff.client_secret_env", "the variable is not set")
    return found


def _publishing(table: dict[str, Any], file: Path) -> Publishing:
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"publishing.{key}"
        if key == "signer":
            values["signer"] = _value(value, "Key", where, file)
        elif key in {"valid_hours", "renew_hours"}:
            values[key.removesuffix("_hours")] = _span(value, where, file, "hours")
        else:
            raise _wrong(file, where, "known: signer, valid_hours, renew_hours")
    if "signer" not in values:
        raise _wrong(file, "publishing", "signer is missing")
    return Publishing(**values)


def _span(value: Any, key: str, file: Path, unit: str) -> timedelta:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 40_000:
        raise _wrong(file, key, f"1 to 40,000 {unit} are needed")
    return timedelta(**{unit: value})


def _rooted(found: Settings, folder: Path) -> Settings:
    from dataclasses import replace

    def path(name: str) -> str:
        return str(folder / name) if name else ""

    def key(item: Key | None) -> Any:
        if item is None:
            return item
        uri = item.key
        if uri.startswith("file:"):
            uri = "file:" + path(uri.removeprefix("file:"))
        return replace(item, key=uri, certificate=path(item.certificate))

    issuing, publishing, staff = found.issuing, found.publishing, found.staff
    if issuing is not None:
        issuing = replace(issuing, seal=path(issuing.seal), signer=key(issuing.signer),
                          qr_signer=key(issuing.qr_signer))  # fmt: skip
    if publishing is not None:
        publishing = replace(publishing, signer=key(publishing.signer))
    copying = found.copying
    if copying is not None:
        copying = replace(copying, signer=key(copying.signer), seal=path(copying.seal))
    peers = replace(
        found.peers, signer=key(found.peers.signer),
        client_certificate=path(found.peers.client_certificate),
        client_key=path(found.peers.client_key), ca_file=path(found.peers.ca_file),
    )  # fmt: skip
    registry = found.registry
    if registry.startswith("sqlite:///") and not registry.startswith("sqlite:////"):
        registry = f"sqlite:///{(folder / registry.removeprefix('sqlite:///')).absolute()}"
    return replace(
        found, trust=path(found.trust), profiles=path(found.profiles),
        operators=tuple(map(path, found.operators)),
        issuing=issuing, publishing=publishing, copying=copying, peers=peers, registry=registry,
        staff=replace(staff, ca_file=path(staff.ca_file)) if staff else None,
    )  # fmt: skip
