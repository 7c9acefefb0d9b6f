"""Where a trust store is read from: a folder and nothing outside it, or memory."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from elicense.errors import UsageError
from elicense.limits import DEFAULT_LIMITS

_MAX_FILE = 64 * 1024 * 1024


class Files(Protocol):
    """Where a store is read from. Both raise ValueError for a name outside it, OSError for
    what cannot be read."""

    def read(self, name: str) -> bytes: ...

    def match(self, pattern: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of one folder; nothing outside it, also not through a link."""

    root: Path

    def read(self, name: str) -> bytes:
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            raise ValueError(f"{name} is outside the trust folder")
        cap = DEFAULT_LIMITS.bundle_size if name.endswith(".elt") else _MAX_FILE
        if path.stat().st_size > cap:
            raise ValueError(f"{name} is larger than {cap} bytes")
        return path.read_bytes()

    def match(self, pattern: str) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.glob(pattern))


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """Files held in memory, by name."""

    files: Mapping[str, bytes]

    def read(self, name: str) -> bytes:
        if name not in self.files:
            raise ValueError(f"{name} is not there")
        return self.files[name]

    def match(self, pattern: str) -> list[str]:
        depth = len(PurePosixPath(pattern).parts)
        paths = ((name, PurePosixPath(name)) for name in self.files)
        return sorted(n for n, p in paths if len(p.parts) == depth and p.match(pattern))


def whole_bundle(path: Path) -> bytes:
    """A bundle's bytes. Raises UsageError."""
    try:
        if path.stat().st_size > DEFAULT_LIMITS.bundle_size:
            raise UsageError("trust.bundle", "the bundle is too large", place=str(path))
        return path.read_bytes()
    except OSError as exc:
        raise UsageError("trust.bundle", f"cannot be read: {exc.strerror}",
                         place=str(path)) from exc  # fmt: skip


def pem_or_der(data: bytes) -> bytes:
    """The DER inside a PEM file, or the data itself. Raises InputError-like Error for bad PEM."""
    if data.lstrip()[:11] != b"-----BEGIN ":
        return data
    if data.count(b"-----BEGIN ") > 1:
        raise UsageError("trust.pem", "a PEM file with more than one block: which is meant?")
    found = re.search(rb"-----BEGIN [^-\r\n]+-----\s(.*?)-----END ", data, re.DOTALL)
    if found is None:
        raise UsageError("trust.pem", "a PEM block has no end")
    try:
        return base64.b64decode(b"".join(found[1].split()), validate=True)
    except binascii.Error as exc:
        raise UsageError("trust.pem", "a PEM block is not base64") from exc
