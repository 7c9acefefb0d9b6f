"""Trust bundles (.elt): one file that takes an inspector's device up to date, offline.

A ZIP with ``lists/lol-<n>.p7`` and ``lists/<id>.p7`` (signed trust lists), ``crls/*.crl``,
``ocsp/*.ors``, ``status/*.p7`` (signed status lists) and ``status/index-*.p7``. Nothing in
it is trusted by itself: the lists are judged from the pinned operator on, all else by
what the lists say. It is read in memory, under limits, with every byte explained.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from elicense.errors import InputError, LimitError
from elicense.limits import DEFAULT_LIMITS, Limits

_ENTRY = re.compile(r"(lists|crls|ocsp|status)/([A-Za-z0-9][A-Za-z0-9._-]{0,127})\.(p7|crl|ors)")
_SUFFIX = {"lists": "p7", "crls": "crl", "ocsp": "ors", "status": "p7"}
_LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_INDEX = "index-"


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is in a bundle. ``lists`` by name (``lol-7``, ``120000``); the rest are DER CRLs,
    DER OCSP responses, signed status lists and signed status indexes."""

    lists: Mapping[str, bytes] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False, default=())
    ocsps: tuple[bytes, ...] = field(repr=False, default=())
    status: tuple[bytes, ...] = field(repr=False, default=())
    indexes: tuple[bytes, ...] = field(repr=False, default=())


def read(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Bundle:
    """Open a bundle. Raises InputError ``bundle.*`` or LimitError for anything odd; what the
    files in it are worth is not judged."""
    return from_entries(entries(data, limits=limits))


def write(bundle: Bundle) -> bytes:
    """The bundle as a file, the same bytes for the same content. Raises InputError for what
    ``read`` would refuse."""
    return pack(to_entries(bundle))


# -- the files in it -----------------------------------------------------------
def from_entries(files: Mapping[str, bytes]) -> Bundle:
    """What the files of a ZIP are, by their names. Raises InputError ``bundle.name``."""
    found: dict[str, dict[str, bytes]] = {"lists": {}, "crls": {}, "ocsp": {}, "status": {}}
    for name, content in files.items():
        match = _ENTRY.fullmatch(name)
        if match is None or match[3] != _SUFFIX[match[1]]:
            raise InputError("bundle.name", "no such file belongs in a bundle", place=name[:128])
        found[match[1]][match[2]] = content
    status = found["status"]
    return Bundle(
        lists=found["lists"],
        crls=tuple(found["crls"].values()),
        ocsps=tuple(found["ocsp"].values()),
        status=tuple(v for k, v in status.items() if not k.startswith(_INDEX)),
        indexes=tuple(v for k, v in status.items() if k.startswith(_INDEX)),
    )


def to_entries(bundle: Bundle) -> dict[str, bytes]:
    """The files of a bundle by name; those without a name of their own go by their digest."""
    for name in bundle.lists:
        if not _LIST_NAME.fullmatch(name):
            raise InputError("bundle.name", "this cannot be the name of a list", place=name[:128])
    found = {f"lists/{name}.p7": content for name, content in bundle.lists.items()}
    for folder, prefix, items in (
        ("crls", "", bundle.crls), ("ocsp", "", bundle.ocsps), ("status", "", bundle.status),
        ("status", _INDEX, bundle.indexes),
    ):  # fmt: skip
        for item in items:
            digest = hashlib.sha256(item).hexdigest()[:32]
            found[f"{folder}/{prefix}{digest}.{_SUFFIX[folder]}"] = item
    return found


# -- the ZIP -------------------------------------------------------------------
def entries(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> dict[str, bytes]:
    """The files of a strict ZIP by name: nothing twice, nothing hidden, nothing too large."""
    from elicense.containers.ofd.log import Log
    from elicense.containers.ofd.zip import read_archive
    from elicense.containers.ofd.zip_directory import read_directory

    if len(data) > limits.bundle_size:
        raise LimitError("bundle.size", f"larger than {limits.bundle_size} bytes")
    own = replace(
        limits, file_size=limits.bundle_size, zip_entries=limits.bundle_entries,
        zip_entry_inflated=limits.bundle_entry, zip_total_inflated=limits.bundle_size,
    )  # fmt: skip
    log = Log()
    try:
        for record in read_directory(data, limits=own, log=log).records:
            if record.name.startswith("lists/") and record.size > limits.trust_list_size:
                raise LimitError("bundle.size", f"a list of {record.size} bytes",
                                 place=record.name[:128])  # fmt: skip
        archive = read_archive(data, limits=own, log=log)
    except InputError as exc:
        kind = LimitError if isinstance(exc, LimitError) else InputError
        code = "bundle." + exc.code.rpartition(".")[2]
        raise kind(code, exc.detail, place=exc.place[:128]) from exc
    for fault in log.faults:
        raise InputError(f"bundle.{fault.kind}", fault.detail, place=fault.place[:128])
    for note in log.notes:  # no archiver writes anything odd
        raise InputError(f"bundle.{note.kind}", note.detail, place=note.place[:128])
    return archive.entries


def pack(files: Mapping[str, bytes], *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """A ZIP of the files, stored, sorted, dated 1980: the same bytes for the same files."""
    import io
    import zipfile

    for name, content in files.items():
        cap = limits.trust_list_size if name.startswith("lists/") else limits.bundle_entry
        if len(content) > cap:
            raise LimitError("bundle.size", f"{len(content)} bytes; at most {cap}", place=name)
    if len(files) > limits.bundle_entries:
        raise LimitError("bundle.entries", f"{len(files)} files")
    if len({name.casefold() for name in files}) != len(files):
        raise InputError("bundle.name", "two names differ only in letter case")
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o100644 << 16
            archive.writestr(info, files[name])
    found = target.getvalue()
    if len(found) > limits.bundle_size:
        raise LimitError("bundle.size", f"larger than {limits.bundle_size} bytes")
    return found
