"""A managed trust folder: the user's pin, and the signed lists accepted under it.

``trust.toml`` names the operators' certificates; everything else that came by update is in
one file, ``lists.elt``: the signed lists, CRLs, OCSP responses, status lists and
``state.json``. An update writes the next one beside it, makes it durable, and puts it in
place by one rename: killed at any moment, the folder is the old one or the new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from elicense.errors import InputError, UsageError
from elicense.trust import bundle as bundles
from elicense.trust import list_state
from elicense.trust.bundle import Bundle
from elicense.trust.list_model import RegionalList
from elicense.trust.list_state import Outcome, State
from elicense.trust.list_store import STATE, open_bundle, signed_of
from elicense.trust.managed_data import Known, known, merge
from elicense.trust.store import MANAGED, SCHEMA, TrustStore

_LOCK = ".lock"
_EMPTY = Bundle({})


def create(folder: str | Path, operators: Sequence[bytes], name: str) -> None:
    """A new managed folder that pins ``operators`` (certificates, DER). It trusts nobody
    until the first update. Raises UsageError where there is a trust.toml already."""
    from elicense.crypto.certificate import read_certificate

    root = Path(folder)
    if not operators or not name:
        raise UsageError("trust.operator", "a managed folder needs an operator and a name")
    for item in operators:
        try:
            read_certificate(item)
        except InputError as exc:
            raise UsageError("trust.operator", f"not a certificate: {exc}") from exc
    if (root / "trust.toml").exists():
        raise UsageError("trust.config", "the folder has a trust.toml already", place=str(root))
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise UsageError("trust.write", f"no folder can be made here: {exc.strerror}",
                         place=str(root)) from exc  # fmt: skip
    files = {f"operator-{n}.cer": item for n, item in enumerate(operators, 1)}
    toml = (
        "# Entries and anchors come from the lists that these operators sign; entries of your\n"
        "# own may be added. `elicense trust update` keeps the lists.\n"
        f'schema = "{SCHEMA}"\nname = {json.dumps(name, ensure_ascii=False)}\n'
        f"operators = {json.dumps(list(files))}\n"
    )
    for file, content in files.items():
        _put(root, file, content)
    _put(root, "trust.toml", toml.encode())


def state(folder: str | Path) -> State:
    """The state of a managed folder, every signature in it judged anew. Raises UsageError."""
    return _load(Path(folder))[2].state


def update(folder: str | Path, offered: Sequence[bytes] | Bundle, *, now: datetime) -> Outcome:
    """Offer signed lists, or a whole bundle, to a managed folder at ``now`` (aware).

    What is accepted is on disk when this returns; ``refused`` says why the rest is not, what
    was found doctored in the folder included. CRLs, OCSP responses, status lists and indexes
    of a bundle are taken where they are newer than those of the same issuer or address.
    Raises UsageError for a folder that is none, or cannot be written.
    """
    root = Path(folder)
    with _locked(root):
        own, kept, loaded = _load(root)
        extra = offered if isinstance(offered, Bundle) else _EMPTY
        lists = list(offered.lists.values()) if isinstance(offered, Bundle) else list(offered)
        outcome = list_state.step(loaded.state, lists, now=now)
        merged, refused = merge(kept, extra, _known(own, outcome), now=now)
        outcome = replace(outcome, refused=(*loaded.refused, *outcome.refused, *refused))
        files = {**bundles.to_entries(merged), **_state_files(outcome.state)}
        packed = _packed(files)
        if packed != own.sources.get(MANAGED):
            _put(root, MANAGED, packed)
    return outcome


def export(folder: str | Path) -> Bundle:
    """What the folder holds, as a bundle for other devices."""
    _, kept, loaded = _load(Path(folder))
    lists = list_state.to_files(loaded.state)
    lists.pop(STATE)
    return replace(kept, lists=lists)


# -- reading -------------------------------------------------------------------
def _load(root: Path) -> tuple[TrustStore, Bundle, Outcome]:
    """The store as it is, what is on disk besides lists, and what the lists come to."""
    own = TrustStore.load(root)
    if not own.operators:
        raise UsageError("trust.config", "trust.toml pins no operators: this folder is not managed",
                         place=str(root))  # fmt: skip
    data = own.sources.get(MANAGED)
    if data is None:
        return own, _EMPTY, Outcome(list_state.start(own.operators))
    found, outcome = open_bundle(data, own.operators, remembered=True)
    return own, replace(found, lists={}), outcome


def _state_files(found: State) -> dict[str, bytes]:
    files = list_state.to_files(found)
    memory = files.pop(STATE)
    return {**{f"lists/{name}.p7": data for name, data in files.items()}, STATE: memory}


def _packed(files: dict[str, bytes]) -> bytes:
    try:
        return bundles.pack(files)
    except InputError as exc:
        raise UsageError("trust.bundle", f"the folder would become too large: {exc}") from exc


def _known(own: TrustStore, outcome: Outcome) -> Known:
    """Who vouches for what is kept beside the lists: the lists in force, the user's entries."""
    signed = signed_of(outcome, _EMPTY)
    mine = (entry for entry in own.services if not entry.list_id)
    uris = {
        item.uri: id
        for id, taken in outcome.state.lists.items()
        if isinstance(taken.value, RegionalList)
        for item in taken.value.status_lists
    }
    certificates = (*own.anchors, *own.intermediates, *signed.anchors, *signed.intermediates)
    return known(certificates, (*mine, *signed.services), uris)


# -- writing -------------------------------------------------------------------
def _put(root: Path, name: str, data: bytes) -> None:
    """Write a file whole: beside it, durable, then renamed into place."""
    beside = root / f".{name}.{os.getpid()}.new"
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(root / name)
        _sync(root)
    except OSError as exc:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise UsageError("trust.write", f"{name} cannot be written: {exc.strerror}",
                         place=str(root)) from exc  # fmt: skip


def _sync(root: Path) -> None:
    """Make the rename durable; where folders cannot be opened (Windows) it is so by itself."""
    if os.name != "posix":
        return
    handle = os.open(root, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One update at a time: of two, the later must not undo the earlier. The lock ends with
    the process that holds it, however it ends."""
    try:
        file = (root / _LOCK).open("a+b")
    except OSError as exc:
        raise UsageError("trust.write", f"the folder cannot be written: {exc.strerror}",
                         place=str(root)) from exc  # fmt: skip
    with file:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        for left in root.glob(f".{MANAGED}.*.new"):  # of an update that was killed
            left.unlink(missing_ok=True)
        yield
