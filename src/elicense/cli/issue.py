"""``elicense issue`` and ``elicense reissue``: make sealed licences."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import common, keys
from elicense.errors import FieldFault, IssueRefused, UsageError

if TYPE_CHECKING:
    from elicense.issuing.many import Result, Setup
    from elicense.issuing.reading import Request

_SUBFILTERS = ("adbe.pkcs7.detached", "ETSI.CAdES.detached", "GM.sm2cms.detached", "GM.sm2seal")
_FILE = click.Path(exists=True, dir_okay=False)

_options = keys.with_options(
    click.option("--seal", metavar="FILE", type=_FILE, help="The electronic seal (.esl)."),
    *keys.key_options,
    click.option("--format", "form", type=click.Choice(["ofd", "pdf"]), default="ofd",
                 show_default=True, help="Kind of file to make."),
    click.option("-o", "--output", metavar="PATH", type=click.Path(),
                 help="File to write; with --batch a folder."),
    click.option("-f", "--force", is_flag=True, help="Overwrite what is there."),
    common.trust_options("The result must be VALID under this trust store."),
    click.option("--tsa", envvar="ELICENSE_TSA", metavar="URL",
                 help="Timestamp authority (RFC 3161); the only connection that is opened."),
    click.option("--allow-loopback", is_flag=True, help="The authority may be on this machine."),
    click.option("--crl", "crls", multiple=True, metavar="FILE", type=_FILE,
                 help="CRL to embed (several)."),
    click.option("--ocsp", "ocsps", multiple=True, metavar="FILE", type=_FILE,
                 help="OCSP response to embed (several)."),
    click.option("--ca", "authorities", multiple=True, metavar="FILE", type=_FILE,
                 help="CA certificate to embed (several)."),
    click.option("--qr-key", envvar="ELICENSE_QR_KEY", metavar="URI",
                 help="Key that signs the QR code (SM2 or P-256); without it there is none."),
    click.option("--qr-cert", envvar="ELICENSE_QR_CERT", metavar="FILE", help="Its certificate."),
    click.option("--qr-password-env", default="ELICENSE_QR_PASSWORD", show_default=True,
                 metavar="NAME", help="Environment variable with its password."),
    click.option("--sign-only", is_flag=True, help="OFD of Type=Sign, without a seal (SM2)."),
    click.option("--subfilter", type=click.Choice(_SUBFILTERS), help="How a PDF is sealed."),
    click.option("--riding-seal", is_flag=True, help="A seal over the pages' edges too (骑缝章)."),
    click.option("--archive", is_flag=True, help="Add a document timestamp (PAdES B-LTA)."),
    click.option("--notice", default="", metavar="TEXT", help="A line in red (a sample, a copy)."),
    click.option("--font", metavar="FILE", type=_FILE, help="A fuller font for rare characters."),
    click.option("--time", "claimed", callback=common.moment, metavar="TIME",
                 help="Claimed time of sealing (now unless given)."),
)  # fmt: skip


@click.command()
@click.argument("licence", required=False, type=click.Path(), metavar="[LICENCE.json | -]")
@click.option("--batch", type=_FILE, metavar="FILE", help="Many: JSON Lines (.jsonl) or a .csv.")
@click.option("-j", "--jobs", type=click.IntRange(1, 64), default=1, help="Processes to use.")
@click.option("--json", "as_json", is_flag=True, help="With --batch: one JSON object a result.")
@_options
def issue(
    licence: str | None, batch: str | None, jobs: int, as_json: bool, **options: Any
) -> None:
    """Make LICENCE.json a sealed OFD or PDF and verify it; nothing is written that does not
    verify. With --batch a folder of them: what is there already and verifies is left.

    Exit code: 0 done, 1 refused (every fault is listed), 2 usage or configuration."""
    if (licence is None) == (batch is None):
        raise click.UsageError("give one LICENCE.json, or --batch FILE")
    if not options["output"]:
        raise click.UsageError("say where to write: -o PATH")
    setup = _setup(options, Path(options["output"]))
    if batch is not None:
        sys.exit(_batch(batch, setup, jobs, as_json=as_json))
    assert licence is not None
    data = _read(licence)
    _one(setup, lambda **given: _make(licence, data, **given))


@click.command()
@click.argument("previous", type=_FILE, metavar="OLD.ofd|OLD.pdf")
@click.argument("changes", required=False, type=click.Path(), metavar="[CHANGES.json | -]")
@click.option("--issued", type=click.DateTime(["%Y-%m-%d"]), help="Date of issue (today's).")
@_options
def reissue(
    previous: str, changes: str | None, issued: datetime | None, **options: Any
) -> None:
    """Make the next version of a sealed licence. CHANGES.json is merged into what it says
    (RFC 7396) and gives a new `status`; the old file is left as it is."""
    import json

    from elicense.issuing.reissue import reissue as make

    if not options["output"]:
        raise click.UsageError("say where to write: -o PATH")
    merged: Any = {}
    if changes is not None:
        try:
            merged = json.loads(_read(changes))
        except ValueError as error:
            raise UsageError("reissue.changes", f"not JSON: {error}", place=changes) from error
        if not isinstance(merged, dict):
            raise UsageError("reissue.changes", "not a JSON object", place=changes)
    setup = _setup(options, Path(options["output"]))
    day = issued.date() if issued else None
    _one(setup, lambda **given: make(previous, merged, issued=day, **given))


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        detail = f"cannot be read: {error.strerror or error}"
        raise UsageError("file.unreadable", detail, place=name) from error


def _setup(options: dict[str, Any], output: Path) -> Setup:
    """Everything that is the same for one and for many. Keys are opened here, so that a
    password is asked for once and a wrong one is told before anything is made."""
    from elicense.issuing.many import Key, Setup
    from elicense.trust import fetch
    from elicense.trust.store import pem_or_der

    def key(uri: str, certificate: str | None, variable: str) -> Key:
        _, password = keys.load(uri, certificate, variable, check=False)
        return Key(uri, certificate, password)

    def files(names: tuple[str, ...]) -> tuple[bytes, ...]:
        return tuple(pem_or_der(Path(name).read_bytes()) for name in names)

    qr = options["qr_key"]
    return Setup(
        folder=output,
        signer=key(options["key"], options["cert"], options["password_env"]),
        seal=Path(options["seal"]).read_bytes() if options["seal"] else None,
        format=options["form"],
        qr_signer=key(qr, options["qr_cert"], options["qr_password_env"]) if qr else None,
        trust=_trust(options),
        tsa=options["tsa"] or "",
        caps=fetch.Caps(allow_loopback=options["allow_loopback"]),
        font=Path(options["font"]) if options["font"] else None,
        overwrite=options["force"],
        options={
            "kind": "sign" if options["sign_only"] else "seal",
            "profile": options["subfilter"],
            "crls": files(options["crls"]),
            "ocsps": files(options["ocsps"]),
            "certificates": files(options["authorities"]),
            "riding_seal": options["riding_seal"],
            "archive": options["archive"],
            "notice": options["notice"],
            "time": options["claimed"],
        },
    )


def _trust(options: dict[str, Any]) -> Any:
    if options["trust"] is None:
        click.echo(
            "elicense: no trust store given (--trust DIR): the result is checked for what it "
            "proves by itself, not for who may issue it", err=True,
        )  # fmt: skip
        return None
    return common.load_trust(
        options["trust"], allow_test=options["allow_test_trust"], operators=options["operators"]
    )


def _make(name: str, data: bytes, *, signer: Any, **options: Any) -> bytes:
    """Issue one licence from its JSON; faults of reading and of issuing come together."""
    from elicense.issuing.issue import check
    from elicense.issuing.issue import issue as make
    from elicense.issuing.reading import read_json, together

    request = read_json(data, place=name)
    if request.licence is None:
        raise IssueRefused(request.faults, place=name)
    if request.faults:
        names = ("seal", "format", "kind", "font", "time")
        given = {key: options[key] for key in names if key in options}
        more = check(request.licence, signer=signer, **given)
        raise IssueRefused(together(request.faults, more), place=name)
    return make(request.licence, signer=signer, **options)


def _one(setup: Setup, make: Callable[..., bytes]) -> None:
    """Make one file, or say everything that is wrong and end with exit code 1."""
    from elicense.issuing.files import exists, write_new
    from elicense.issuing.many import open_desk

    path = setup.folder
    if path.exists() and not setup.overwrite:
        raise exists(path)
    desk = open_desk(setup)
    try:
        made = make(
            **setup.options, seal=setup.seal, signer=desk.signer, format=setup.format,
            trust=setup.trust, timestamp=desk.stamp, qr_signer=desk.qr_signer, font=desk.font,
        )  # fmt: skip
    except IssueRefused as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        click.echo(f"elicense: nothing was issued: {_count(error.faults)}", err=True)
        sys.exit(1)
    write_new(path, made, overwrite=setup.overwrite)
    click.echo(f"{path}: {len(made)} bytes, verified", err=True)


def _count(faults: tuple[FieldFault, ...]) -> str:
    return f"{len(faults)} fault" + ("" if len(faults) == 1 else "s")


def _batch(name: str, setup: Setup, jobs: int, *, as_json: bool) -> int:
    from elicense.issuing.many import issue_all

    requests = list(_requests(name))
    counts: dict[str, int] = {}
    results = issue_all(requests, setup, jobs=jobs)
    try:
        with _bar(len(requests)) as advance:
            for result in results:
                counts[result.state] = counts.get(result.state, 0) + 1
                click.echo(_line(result, as_json=as_json))
                advance()
    except KeyboardInterrupt:
        results.close()  # type: ignore[attr-defined]
        click.echo(f"stopped: {_total(counts)}; the same command goes on from here", err=True)
        return 130
    click.echo(_total(counts) or "nothing to do", err=True)
    return 0 if set(counts) <= {"issued", "present"} else 1


def _requests(name: str) -> Iterator[Request]:
    from elicense.issuing.reading import read_csv, read_lines

    data, short = _read(name), Path(name).name
    if name.lower().endswith(".csv"):
        yield from read_csv(data, place=short)
    elif name.lower().endswith((".jsonl", ".ndjson")):
        yield from read_lines(data, place=short)
    else:
        raise UsageError("batch.file", "a .jsonl or a .csv is needed", place=name)


def _total(counts: dict[str, int]) -> str:
    order = ("issued", "present", "refused", "failed")
    return ", ".join(f"{counts[state]} {state}" for state in order if state in counts)


def _line(result: Result, *, as_json: bool) -> str:
    if as_json:
        import json

        faults = [{"path": f.path, "code": f.code, "detail": f.detail} for f in result.faults]
        return json.dumps(
            {"place": result.place, "number": result.number, "state": result.state,
             "file": result.file, "faults": faults, "detail": result.detail},
            ensure_ascii=False, separators=(",", ":"),
        )  # fmt: skip
    from elicense.render.width import safe

    words = result.file or result.detail or "; ".join(str(fault) for fault in result.faults)
    if result.file and result.detail:
        words = result.detail
    return safe(f"{result.state:8} {result.place}  {result.number}  {words}")


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's stderr where there are many and the results go elsewhere."""
    if total < 10 or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda: None
        return
    with click.progressbar(length=total, file=sys.stderr, label="issue") as bar:
        yield lambda: bar.update(1)
