"""ST_Loc: how one entry of a package names another (GB/T 33190 clause 7.3)."""

from __future__ import annotations

from elicense.containers.ofd.log import Log
from elicense.containers.ofd.zip import Archive, fold


def folder(place: str) -> str:
    """The folder an entry lies in, without a slash at its end; empty at the root."""
    return place.rpartition("/")[0]


def normalise(loc: str, *, base: str) -> str | None:
    """The entry name that ``loc`` means when written in folder ``base``.

    A leading slash means the package's root. None where the path leaves the
    package or is empty.
    """
    full = loc if loc.startswith("/") or not base else f"{base}/{loc}"
    if "//" not in full and "/." not in full and not full.startswith("."):
        return full.strip("/") or None
    steps: list[str] = []
    for step in full.split("/"):
        if step in ("", "."):
            continue
        if step == "..":
            if not steps:
                return None
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps) or None


def resolve(loc: str, *, base: str, place: str, log: Log) -> str | None:
    """As :func:`normalise`, with what is odd in ``loc`` said of ``place``."""
    if "\\" in loc:
        log.note("backslash-path", place, f"a path with backslashes: {loc}")
        loc = loc.replace("\\", "/")
    if loc.startswith("//"):
        log.note("double-slash", place, f"a path that begins with two slashes: {loc}")
    if "://" in loc:
        log.fault("external-reference", place, f"a path outside the package: {loc}")
        return None
    name = normalise(loc, base=base)
    if name is None:
        log.fault("path-escape", place, f"a path that leaves the package: {loc!r}")
    return name


def locate(
    archive: Archive, loc: str, *, bases: tuple[str, ...], place: str, log: Log
) -> tuple[str | None, str]:
    """The entry that ``loc`` leads to, tried from each base in turn, and the name asked for.

    The first base is the one the standard gives; a hit from another one, or in
    another letter case, is noted, since not every reader will make it.
    """
    asked = resolve(loc, base=bases[0], place=place, log=log)
    if asked is None:
        return None, loc
    if asked in archive.entries:
        return asked, asked
    other = archive.folded.get(fold(asked))
    if other is not None:
        log.note("case-differs", place, f"{asked} is named, {other} is there")
        return other, asked
    for base in bases[1:]:
        name = normalise(loc.replace("\\", "/"), base=base)
        if name is not None and name in archive.entries:
            log.note("path-fallback", place, f"{asked} is named, {name} is there")
            return name, asked
    return None, asked
