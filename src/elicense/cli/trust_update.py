"""``elicense trust init``, ``update`` and ``bundle``: a folder kept by signed lists."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from elicense.cli import common
from elicense.errors import Error, UsageError

if TYPE_CHECKING:
    from elicense.render.text import Style
    from elicense.trust.bundle import Bundle
    from elicense.trust.list_model import ListOfLists, Refusal
    from elicense.trust.list_state import Outcome

_HOLDS = (
    ("名录 {}", "CRL {}", "OCSP 应答 {}", "状态列表 {}", "状态索引 {}"),
    ("lists {}", "CRLs {}", "OCSP responses {}", "status lists {}", "status indexes {}"),
)
_WHAT = re.compile(r"(?:list of lists|list (\S+))(?: no\. (\d+))?")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00")
_FILE = click.Path(exists=True, dir_okay=False)
_FOLDER = click.Path(file_okay=False)


@click.command()
@click.argument("folder", type=_FOLDER)
@click.option("--operator", "operators", multiple=True, required=True, type=_FILE,
              envvar="ELICENSE_OPERATOR", metavar="FILE",
              help="The national operator's certificate, from the operator itself (several).")
@click.option("--name", required=True, help="Name of this trust store, shown in reports.")
def init(folder: str, operators: tuple[str, ...], name: str) -> None:
    """Make FOLDER a trust store that believes the lists of this operator and nobody else's.

    Compare the fingerprint with what the operator has published: all else rests on it."""
    from elicense.crypto.certificate import read_certificate
    from elicense.trust import managed

    pinned = common.pinned(operators, folder)
    managed.create(folder, pinned, name)
    for der in pinned:
        found = read_certificate(der)
        click.echo(f"{folder}: pinned {found.display}", err=True)
        click.echo(f"  SHA-256 {found.fingerprint().hex()}", err=True)
    click.echo(f"next: elicense trust update {folder} --from …", err=True)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("--from", "sources", multiple=True, required=True,
              metavar="FOLDER|FILE.elt|FILE.p7|https://…", help="What is offered (several).")
@click.option("--online", is_flag=True, help="Open the connections that --from asks for.")
@click.option("--now", callback=common.moment, metavar="TIME", help="Judge as of then.")
@common.language_option
def update(
    folder: str, sources: tuple[str, ...], online: bool, now: datetime | None, lang: str
) -> None:
    """Offer signed lists to FOLDER: what is newer and rightly signed is taken, the rest is
    refused with its reason; what is in force stays until then. A bundle brings CRLs and
    status lists too. With https, the lists that the list of lists places on the same host
    are fetched as well; no other host is asked.

    Exit code: 0 all in order, 1 something was refused, 2 usage."""
    from elicense.render.text import Style
    from elicense.trust import managed

    if any(_is_url(source) for source in sources) and not online:
        raise UsageError("trust.offline", "an https address needs --online: nothing is fetched "
                         "unless it is asked for")  # fmt: skip
    moment = now or datetime.now(UTC)
    style = Style(lang, common.columns())
    managed.state(folder)  # a folder that is none is left as it is
    failed = False
    for source in sources:
        try:
            for outcome in _offer(folder, source, moment, style):
                failed = _tell(outcome, source, style) or failed
        except UsageError:
            raise
        except Error as error:
            _say("✗", f"{source}: {error}", style)
            failed = True
    for item in managed.state(folder).stale(moment):
        _say("!", _reason(item, "", style), style)
    click.echo(_holds(folder, style))
    sys.exit(1 if failed else 0)


def _holds(folder: str, style: Style) -> str:
    """What the folder has now, in one line."""
    from elicense.trust import managed

    found = managed.export(folder)
    lists = sum(not name.startswith("lol-") for name in found.lists)
    counts = (lists, len(found.crls), len(found.ocsps), len(found.status), len(found.indexes))
    words = _HOLDS[style.language == "en"]
    return f"{folder}: " + ", ".join(w.format(n) for w, n in zip(words, counts, strict=True))


def _is_url(source: str) -> bool:
    return source.startswith(("https://", "http://"))


def _offer(folder: str, source: str, now: datetime, style: Style) -> Iterator[Outcome]:
    """What becomes of one source: a first step, and for an address the lists it leads to."""
    from elicense.trust import bundle, managed

    if not _is_url(source):
        yield managed.update(folder, _found(Path(source)), now=now)
        return
    data = _fetch(source)
    if data[:2] == b"PK":
        yield managed.update(folder, bundle.read(data), now=now)
        return
    outcome = managed.update(folder, (data,), now=now)
    yield outcome
    above = outcome.state.list_of_lists
    if outcome.refused:
        return
    if above is not None and _says(data, above):
        yield from _below(folder, source, above, now, style)


def _says(data: bytes, above: ListOfLists) -> bool:
    """Was it the list of lists in force that was fetched?"""
    from elicense.trust import lists

    return lists.read(data) == above


def _below(
    folder: str, source: str, above: ListOfLists, now: datetime, style: Style
) -> Iterator[Outcome]:
    """The lists on the host that was asked for; the others are named, not asked."""
    from elicense.trust import managed

    host = urlsplit(source).netloc
    for entry in above.lists:
        near = [url for url in entry.locations if urlsplit(url).netloc == host]
        if near:
            yield managed.update(folder, (_fetch(near[0]),), now=now)
        elif entry.locations:
            other = "another host: give it with --from" if style.language == "en" else \
                "另一主机：用 --from 指定"
            _say("-", f"{entry.id}: {entry.locations[0]} ({other})", style)


def _fetch(url: str) -> bytes:
    from elicense.limits import DEFAULT_LIMITS
    from elicense.trust import fetch

    if not url.startswith("https://"):
        raise UsageError("trust.url", "lists are fetched over https only", place=url[:200])
    return fetch.get(url, caps=fetch.Caps(size=DEFAULT_LIMITS.bundle_size)).body


def _found(path: Path) -> Bundle:
    """What a file or a folder offers, as a bundle. UsageError where there is nothing."""
    from elicense.trust import bundle, managed

    if path.is_dir():
        if (path / "trust.toml").is_file():
            return managed.export(path)
        return _folder(path)
    data = _read(path)
    if data[:2] == b"PK":
        return bundle.read(data)
    return bundle.Bundle({"offered": data})


def _folder(path: Path) -> Bundle:
    """The files of a folder by their endings: lists, CRLs, OCSP responses, status lists."""
    from elicense.trust.bundle import Bundle

    signed = {p: _read(p) for p in sorted(path.rglob("*.p7"))}
    status = [data for p, data in signed.items() if p.parent.name == "status"]
    indexes = [data for p, data in signed.items() if p.match("status/index-*.p7")]
    lists = [data for p, data in signed.items() if p.parent.name != "status"]
    if not lists:
        raise UsageError("trust.nothing", "no signed list (.p7) is in it", place=str(path))
    return Bundle(
        {f"offered-{number}": data for number, data in enumerate(lists)},
        tuple(_read(p) for p in sorted(path.rglob("*.crl"))),
        tuple(_read(p) for p in sorted(path.rglob("*.ors"))),
        tuple(data for data in status if data not in indexes), tuple(indexes),
    )  # fmt: skip


def _read(path: Path) -> bytes:
    from elicense.limits import DEFAULT_LIMITS

    try:
        if path.stat().st_size > DEFAULT_LIMITS.bundle_size:
            raise UsageError("trust.size", f"larger than {DEFAULT_LIMITS.bundle_size} bytes",
                             place=str(path))  # fmt: skip
        return path.read_bytes()
    except OSError as error:
        detail = f"cannot be read: {error.strerror}"
        raise UsageError("trust.file", detail, place=str(path)) from error


def _tell(outcome: Outcome, source: str, style: Style) -> bool:
    """What was taken and what was not; true if something was refused."""
    from elicense.render import trust_lists

    english = style.language == "en"
    for item in outcome.accepted:
        kind = item.id or ("list of lists" if english else "总名录")
        number = trust_lists.word("number", style, n=str(item.sequence))
        day = trust_lists.day(item.next_update.isoformat())
        until = f"{trust_lists.word('next', style)} {day}"
        _say("✓", f"{kind} {number}  {item.value.name}  {until}", style)
    for refusal in (*outcome.refused, *outcome.dropped):
        _say("✗", _reason(refusal, source, style), style)
    if not outcome.accepted and not outcome.refused:
        _say("=", f"{source}: " + ("nothing newer" if english else "没有更新的名录"), style)
    return bool(outcome.refused or outcome.dropped)


def _say(mark: str, text: str, style: Style) -> None:
    from elicense.render.trust_lists import block

    for line in block(f"{mark} {text}", style, hang="  "):
        click.echo(line)


def _reason(refusal: Refusal, source: str, style: Style) -> str:
    """A refusal in the language asked for; what it says of itself stays in brackets."""
    from elicense.findings import kind_text
    from elicense.render.trust_lists import day

    said = kind_text(f"list-{refusal.code}", style.language) or refusal.detail
    colon = "：" if style.language == "zh" else ": "
    detail = _TIME.sub(lambda found: day(found[0]), refusal.detail)
    if refusal.code == "stale":
        detail = detail.rpartition(" ")[2]
    detail = f" ({detail})" if detail and detail != said else ""
    what = source if source and refusal.what.startswith("file ") else refusal.what
    if style.language == "zh" and what == refusal.what:
        what = _WHAT.sub(_chinese, what)
    return f"{what}{colon}{said}{detail} [{refusal.code}]"


def _chinese(found: re.Match[str]) -> str:
    name = f"名录 {found[1]}" if found[1] else "总名录"
    return f"{name} 第 {found[2]} 号" if found[2] else name


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(dir_okay=False), metavar="FILE.elt",
              help="The bundle to write.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@click.option("--crl", "crls", multiple=True, type=_FILE, metavar="FILE",
              help="A CRL to add (several).")
@click.option("--ocsp", "ocsps", multiple=True, type=_FILE, metavar="FILE",
              help="An OCSP response to add (several).")
@click.option("--status", "status", multiple=True, type=_FILE, metavar="FILE",
              help="A signed status list to add (several).")
@click.option("--index", "indexes", multiple=True, type=_FILE, metavar="FILE",
              help="A signed status index to add (several).")
def bundle(
    folder: str, output: str, force: bool, crls: Sequence[str], ocsps: Sequence[str],
    status: Sequence[str], indexes: Sequence[str],
) -> None:  # fmt: skip
    """Write the lists, CRLs and status lists of the managed FOLDER as one file for devices.

    It holds no pin: a device judges it by the operator's certificate that it has itself."""
    from dataclasses import replace

    from elicense.issuing.files import write_new
    from elicense.trust import bundle as bundles
    from elicense.trust import managed

    found = managed.export(folder)
    if not found.lists:
        raise UsageError("trust.empty", "the folder has no list yet: update it first",
                         place=folder)  # fmt: skip
    found = replace(
        found,
        crls=_joined(found.crls, crls), ocsps=_joined(found.ocsps, ocsps),
        status=_joined(found.status, status), indexes=_joined(found.indexes, indexes),
    )  # fmt: skip
    data = bundles.write(found)
    bundles.read(data)
    write_new(Path(output), data, overwrite=force)
    click.echo(
        f"{output}: {len(data)} bytes, {len(found.lists)} lists, {len(found.crls)} CRLs, "
        f"{len(found.ocsps)} OCSP responses, {len(found.status)} status lists, "
        f"{len(found.indexes)} indexes", err=True,
    )  # fmt: skip


def _joined(have: tuple[bytes, ...], names: Sequence[str]) -> tuple[bytes, ...]:
    from elicense.trust.store import pem_or_der

    return tuple(dict.fromkeys((*have, *(pem_or_der(_read(Path(name))) for name in names))))
