"""The trust store of a service: as its settings name it, and as it changes while it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from elicense.errors import Error, UsageError

if TYPE_CHECKING:
    from elicense.trust.store import TrustStore
    from elicense.web.settings import Settings

Stamp = tuple[tuple[str, int, int, int], ...]
_MOST_FILES = 20_000


def load_trust(settings: Settings) -> TrustStore:
    """Load it. UsageError ``trust.test`` for a test store without consent."""
    from elicense.trust.store import TrustStore

    path = Path(settings.trust)
    if _is_bundle(path):
        store = TrustStore.load_bundle(path, operators=[_operator(n) for n in settings.operators])
    else:
        store = TrustStore.load(path)
    if store.test and not settings.allow_test_trust:
        raise UsageError(
            "trust.test", "this trust store holds test anchors whose keys are public; "
            "set allow_test_trust if that is meant", place=str(path),
        )  # fmt: skip
    return store


def _is_bundle(path: Path) -> bool:
    return path.is_file() and path.name != "trust.toml"


def _operator(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as exc:
        raise UsageError("trust.operator", f"cannot be read: {exc.strerror}", place=name) from exc


@dataclass(slots=True)
class Watched:
    """What is on disk, and what became of it. ``problem`` is a stable word for why the store
    on disk is not the one in use; empty if it is."""

    stamp: Stamp
    loaded: datetime
    problem: str = ""
    detail: str = field(default="", repr=False)


def watched(settings: Settings) -> Watched:
    """What to hold later looks against; to be taken before the store is loaded."""
    return Watched(stamp(settings), datetime.now(UTC))


def stamp(settings: Settings) -> Stamp:
    """Name, time, size and inode of each file that the store may rest on. Two that are alike
    are of the same files; the store's own digest says whether their content differs."""
    path = Path(settings.trust)
    if _is_bundle(path):
        names = [str(path), *settings.operators]
    else:
        names = list(_below(str(path.parent if path.name == "trust.toml" else path)))
    found = []
    for name in names:
        try:
            about = os.stat(name)
        except OSError:
            continue  # gone: the stamp differs, and loading tells what is missing
        found.append((name, about.st_mtime_ns, about.st_size, about.st_ino))
    return tuple(sorted(found))


def _below(folder: str) -> Iterator[str]:
    """The files of a folder; hidden ones are those of an update that is under way."""
    count = 0
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            count += 1
            if count > _MOST_FILES:
                return
            if not name.startswith("."):
                yield os.path.join(root, name)


def offered(settings: Settings, current: TrustStore) -> TrustStore | None:
    """The store on disk, if it is another than ``current`` and may take its place; None if it
    is the same. UsageError ``trust.…`` for one that may not; what loading it raises."""
    found = load_trust(settings)
    if found.digest == current.digest:
        return None
    if why := worse(current, found):
        raise UsageError(f"trust.{why}", "the trust store on disk is not taken while the "
                         "service runs; the one in use stays", place=settings.trust)  # fmt: skip
    return found


def worse(old: TrustStore, new: TrustStore) -> str:
    """Why ``new`` may not take the place of ``old`` by itself, or nothing. A person who means
    it starts the service anew.

    ``pins`` (other operators), ``doctored`` (lists in it are refused that were not before),
    ``rollback`` (something older), ``empty`` (nobody is trusted any more).
    """
    if set(old.operators) != set(new.operators):
        return "pins"
    known = {(refusal.code, refusal.what) for refusal in old.refused}
    if any((refusal.code, refusal.what) not in known for refusal in new.refused):
        return "doctored"
    if _older(old.newest_issued, new.newest_issued) or _lists_back(old, new):
        return "rollback"
    if not old.lists and _older(old.issued, new.issued):
        return "rollback"
    if (old.anchors or old.services) and not (new.anchors or new.services):
        return "empty"
    return ""


def _older(old: datetime | None, new: datetime | None) -> bool:
    return old is not None and (new is None or new < old)


def _lists_back(old: TrustStore, new: TrustStore) -> bool:
    """Is a list older than before, or gone without a newer list of lists that drops it?"""
    now = {(age.kind, age.id): age for age in new.lists}
    before = {(age.kind, age.id): age for age in old.lists}
    above = ("list-of-lists", "")
    newer = above in before and above in now and now[above].sequence > before[above].sequence
    for key, age in before.items():
        if key not in now:
            if key == above or not newer:
                return True
        elif now[key].sequence < age.sequence or _older(age.issued, now[key].issued):
            return True
    return False


def told(error: Error) -> str:
    """The word for an error that kept a store from being taken."""
    word = error.code.removeprefix("trust.")
    return word if word in {"pins", "doctored", "rollback", "empty", "test"} else "unreadable"
