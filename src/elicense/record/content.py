"""What a record says: the question as it was asked, in ``record.json`` and the files beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from elicense.errors import Error, InputError, LimitError, UsageError
from elicense.limits import Limits
from elicense.maritime.ship import Ship
from elicense.policy import Policy
from elicense.record import archive
from elicense.report import environment
from elicense.trust.fetched import Fetch
from elicense.trust.store import TrustStore

SCHEMA = "elicense-record/1"
_MAX_JSON = 64 * 1024 * 1024
_KINDS = ("verify", "inspect-ship")
_ROLES = {"verify": ("file", "companion"), "inspect-ship": ("doc", "smc")}
_TUPLES = ("crls", "ocsps", "status_indexes", "more_status_lists")


@dataclass(frozen=True, slots=True)
class Shown:
    """One file of the question: its ``role`` (file, companion, doc, smc), the name it goes by
    in the report, its bytes (None where left out of the record, or never read), their
    digest, and the error where it could not be read at all."""

    role: str
    name: str
    data: bytes | None = field(repr=False)
    sha256: str
    error: Error | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """The switches of ``verify``; ``compared`` is a person's word and part of the report, and
    so is ``receiver``, who was shown an annotated copy."""

    pages: bool = True
    compared: bool = False
    ocr: bool = True
    receiver: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer follows from. ``timed``: a step that is limited in time ran out."""

    kind: str
    at: datetime
    now: datetime
    language: str
    files: tuple[Shown, ...]
    trust: TrustStore = field(repr=False)
    policy: Policy
    limits: Limits
    options: Options = Options()
    ship: Ship | None = None
    timed: bool = False
    made_with: Mapping[str, str] = field(default_factory=dict)

    def of(self, role: str) -> tuple[Shown, ...]:
        return tuple(item for item in self.files if item.role == role)


def shown(role: str, name: str, data: bytes | None, error: Error | None = None) -> Shown:
    """A file with its digest; without bytes, the error says why."""
    if data is None:
        return Shown(role, name, None, "", error or InputError("file.unreadable", "not read"))
    return Shown(role, name, data, hashlib.sha256(data).hexdigest())


def dump(value: object) -> bytes:
    """The one form of JSON in a record: a line of UTF-8. (A name may hold what no text can.)"""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)
    return text.encode("utf-8", "surrogatepass")


def load(data: bytes, place: str) -> dict[str, Any]:
    """A JSON object in exactly that form. Raises InputError."""
    if len(data) > _MAX_JSON:
        raise LimitError("record.size", f"larger than {_MAX_JSON} bytes", place=place)
    try:
        found = json.loads(data.decode("utf-8", "surrogatepass"))
        same = isinstance(found, dict) and dump(found) == data
    except (ValueError, RecursionError) as exc:
        raise InputError("record.json", "not readable as JSON", place=place) from exc
    if not same:
        raise InputError("record.json", "not in the form in which it is written", place=place)
    return dict(found)


# -- writing --------------------------------------------------------------------------------


def pack(question: Question, report: Mapping[str, Any], *, include_files: bool) -> bytes:
    """The record of a question and its answer. UsageError for trust that it cannot hold."""
    entries: dict[str, bytes] = {"record.json": b"", "report.json": dump(report)}
    entries["policy.toml"] = question.policy.to_toml().encode()
    files = [_file(item, entries, include_files=include_files) for item in question.files]
    trust = _trust(question.trust, entries)
    about = {
        "schema": SCHEMA,
        "kind": question.kind,
        "at": question.at.astimezone(UTC).isoformat(),
        "now": question.now.astimezone(UTC).isoformat(),
        "language": question.language,
        "files": files,
        "ship": asdict(question.ship) if question.ship else None,
        "options": _told(question.options),
        "limits": asdict(question.limits),
        "timed": question.timed,
        "trust": trust,
        "made_with": dict(environment()),
        "digests": {
            name: hashlib.sha256(data).hexdigest() for name, data in entries.items()
            if name != "record.json"
        },
    }  # fmt: skip
    entries["record.json"] = dump(about)
    return archive.write(entries)


def _file(item: Shown, entries: dict[str, bytes], *, include_files: bool) -> dict[str, Any]:
    entry = ""
    if item.data is not None and include_files:
        folder = "companion" if item.role == "companion" else "input"
        entry = _add(entries, folder, item.data)
    error = item.error
    told = {"code": error.code, "detail": error.detail, "place": error.place} if error else None
    return {"role": item.role, "name": item.name, "sha256": item.sha256, "entry": entry,
            "error": told}  # fmt: skip


def _add(entries: dict[str, bytes], folder: str, data: bytes) -> str:
    number = 1 + sum(name.startswith(f"{folder}/") for name in entries)
    entries[f"{folder}/{number}"] = data
    return f"{folder}/{number}"


def _trust(store: TrustStore, entries: dict[str, bytes]) -> dict[str, Any]:
    """The files the store was read from, and what was added to it in memory since."""
    base = TrustStore.from_files(store.sources) if store.sources else TrustStore.empty()
    more: dict[str, Any] = {}
    for key in _TUPLES:
        if getattr(store, key) != getattr(base, key):
            more[key] = [_add(entries, "more", item) for item in getattr(store, key)]
    if store.status_lists != base.status_lists:
        more["status_lists"] = {
            uri: _add(entries, "more", data) for uri, data in store.status_lists.items()
        }
    if store.fetches:
        more["fetches"] = [asdict(one) for one in store.fetches]
    if _with(base, more, entries, store.digest) != store:
        raise UsageError(
            "record.trust", "this trust store cannot be read again from the files it came from",
            place=store.name,
        )  # fmt: skip
    sources = {name: _add(entries, "trust", data) for name, data in store.sources.items()}
    return {"name": store.name, "digest": store.digest, "files_digest": base.digest,
            "test": store.test, "files": sources, "more": more}  # fmt: skip


def _with(
    base: TrustStore, more: Mapping[str, Any], entries: Mapping[str, bytes], digest: str
) -> TrustStore:
    """The store with what was added to it; whoever added it gave it another digest."""
    values: dict[str, Any] = {
        key: tuple(entries[name] for name in more[key]) for key in _TUPLES if key in more
    }
    if "status_lists" in more:
        values["status_lists"] = {u: entries[name] for u, name in more["status_lists"].items()}
    if "fetches" in more:
        values["fetches"] = tuple(Fetch(**one) for one in more["fetches"])
    return replace(base, **values, digest=digest) if more else base


# -- reading --------------------------------------------------------------------------------


def unpack(data: bytes, *, ceiling: Limits) -> tuple[Question, bytes]:
    """The question and the bytes of the answer in a record. No cap in it may be above
    ``ceiling``: a record must not lift what protects who replays it.

    Raises InputError for anything that is not a sound record.
    """
    entries = archive.read(data, max_size=2 * ceiling.file_size)
    for name in ("record.json", "report.json", "policy.toml"):
        if name not in entries:
            raise InputError("record.content", "it is missing", place=name)
    about = load(entries["record.json"], "record.json")
    if about.get("schema") != SCHEMA:
        raise InputError("record.content", f"schema must be {SCHEMA!r}", place="record.json")
    digests = {n: hashlib.sha256(d).hexdigest() for n, d in entries.items() if n != "record.json"}
    if about.get("digests") != digests:
        changed = [n for n in digests if (about.get("digests") or {}).get(n) != digests[n]]
        raise InputError("record.digest", "an entry is not the one that was recorded",
                         place=", ".join(changed[:3]) or "record.json")  # fmt: skip
    try:
        return _question(about, entries, ceiling), entries["report.json"]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise InputError("record.content", f"not as a record is written ({exc})",
                         place="record.json") from exc  # fmt: skip
    except UsageError as exc:  # of the policy, the trust store or the ship in it
        raise InputError("record.content", exc.detail, place=exc.place) from exc


def _question(
    about: Mapping[str, Any], entries: Mapping[str, bytes], ceiling: Limits
) -> Question:
    kind, language = about["kind"], about["language"]
    if kind not in _KINDS or language not in ("zh", "en"):
        raise ValueError("kind or language")
    at, now = (datetime.fromisoformat(about[key]) for key in ("at", "now"))
    if at.tzinfo is None or now.tzinfo is None:
        raise ValueError("a time without a zone")
    files = tuple(_shown(item, entries, kind) for item in about["files"])
    if not files or (kind == "verify") != (sum(x.role == "file" for x in files) == 1):
        raise ValueError("files")
    ship = about["ship"]
    made_with = {str(key): str(value) for key, value in about["made_with"].items()}
    return Question(
        kind, at, now, language, files, _store(about["trust"], entries),
        Policy.from_toml(entries["policy.toml"].decode(), place="policy.toml"),
        _limits(about["limits"], ceiling), _options(about["options"]),
        Ship(**ship) if ship is not None else None, about["timed"] is True, made_with,
    )  # fmt: skip


def _shown(item: Mapping[str, Any], entries: Mapping[str, bytes], kind: str) -> Shown:
    role, name, sha256, entry = (str(item[key]) for key in ("role", "name", "sha256", "entry"))
    if role not in _ROLES[kind]:
        raise ValueError(f"role {role!r}")
    told = item["error"]
    error = None
    if told is not None:
        error = Error(str(told["code"]), str(told["detail"]), place=str(told["place"]))
    data = entries[entry] if entry else None
    if data is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ValueError(f"the digest of {entry}")
    if not sha256 and error is None:
        raise ValueError("a file without a digest")
    return Shown(role, name, data, sha256, error)


def _options(told: Mapping[str, Any]) -> Options:
    switches = {key: value for key, value in told.items() if key != "receiver"}
    receiver = told.get("receiver", "")
    if not all(isinstance(value, bool) for value in switches.values()):
        raise ValueError("options")
    if not isinstance(receiver, str):
        raise ValueError("options")
    return Options(**switches, receiver=receiver)


def _told(options: Options) -> dict[str, Any]:
    """The switches; a receiver only where one was named."""
    return {key: value for key, value in asdict(options).items() if key != "receiver" or value}


def _limits(told: Mapping[str, Any], ceiling: Limits) -> Limits:
    """The caps of the record; one that it does not know keeps the ceiling's value."""
    known = {item.name for item in fields(Limits)}
    for key, value in told.items():
        if key not in known or isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"limits.{key}")
        if not 0 <= value <= getattr(ceiling, key):
            raise LimitError("record.limits", f"{key} is {value}, above the one allowed here",
                             place="record.json")  # fmt: skip
    return replace(ceiling, **told)


def _store(told: Mapping[str, Any], entries: Mapping[str, bytes]) -> TrustStore:
    files = {str(name): entries[entry] for name, entry in told["files"].items()}
    base = TrustStore.from_files(files, place="record") if files else TrustStore.empty()
    found = _with(base, told["more"], entries, str(told["digest"]))
    recorded = [told[key] for key in ("files_digest", "digest", "test")]
    if [base.digest, found.digest, found.test] != recorded:
        raise InputError("record.trust", "the trust store is not the one that is named",
                         place=str(told["name"]))  # fmt: skip
    return found
