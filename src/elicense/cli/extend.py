"""``elicense extend``: stamp an archived licence again before its timestamp ends."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import common, online_options
from elicense.errors import Error, UsageError

if TYPE_CHECKING:
    from elicense.issuing.extend import Extended

_FILE = click.Path(exists=True, dir_okay=False)
_TEXTS = Path(__file__).parent.with_name("extend.toml")


@click.command()
@click.argument("file", type=_FILE, metavar="FILE")
@click.option("-o", "--output", metavar="PATH", type=click.Path(), required=True,
              help="File to write; FILE itself is left as it is.")
@click.option("-f", "--force", is_flag=True, help="Overwrite what is there.")
@common.trust_options("What the file and its new timestamp are judged by.")
@click.option("--tsa", envvar="ELICENSE_TSA", metavar="URL", required=True,
              help="Timestamp authority (RFC 3161); it must be in the trust store.")
@click.option("--tsa-digest", type=click.Choice(["sm3", "sha256"]),
              help="Digest to have stamped (else that of the first signature).")
@click.option("--allow-loopback", is_flag=True, help="The authority may be on this machine.")
@online_options.options
@click.option("--policy", envvar="ELICENSE_POLICY", metavar="NAME|FILE", help="Policy.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
@click.option("-v", "--verbose", is_flag=True, help="Tell each question to the network.")
def extend(file: str, output: str, force: bool, lang: str, as_json: bool, **options: Any) -> None:
    """Make the sealed licence FILE last longer: what proves today's state goes into it, and a
    new timestamp over that. A PDF gets a revision of PAdES B-LTA, an OFD what its format
    allows, and the answer says what that is. Nothing is written that is judged worse.

    Exit code: 0 done, 3 done but something will be missing later (it is named), 1 refused,
    2 usage or configuration."""
    from elicense.issuing.extend import extend as make
    from elicense.issuing.files import exists, write_new
    from elicense.policy import DEFAULT, Policy

    path = Path(output)
    if path.exists() and not force:
        raise exists(path)
    if Path(file).resolve() == path.resolve():
        raise UsageError("extend.output", "the extended licence needs a file of its own",
                         place=output)  # fmt: skip
    data = Path(file).read_bytes()
    trust = common.load_trust(
        options["trust"], allow_test=options["allow_test_trust"], operators=options["operators"]
    )
    online = online_options.leave(options["online"], options["hosts"], verbose=options["verbose"])
    policy = Policy.load(options["policy"]) if options["policy"] else DEFAULT
    try:
        made = make(data, timestamp=_authority(data, options), trust=trust, online=online,
                    policy=policy)  # fmt: skip
    except UsageError:
        raise
    except Error as error:
        if not error.code.startswith("extend."):
            raise
        click.echo(f"elicense: nothing was written: {error}", err=True)
        sys.exit(1)
    write_new(path, made.data, overwrite=force)
    if as_json:
        click.echo(_json(output, made))
    else:
        for line in _lines(output, made, lang):
            click.echo(line)
    sys.exit(3 if made.gaps else 0)


def _authority(data: bytes, options: dict[str, Any]) -> Any:
    from elicense.trust import fetch, tsa

    caps = fetch.Caps(allow_loopback=options["allow_loopback"])
    return tsa.authority(options["tsa"], digest=options["tsa_digest"] or _digest(data), caps=caps)


def _digest(data: bytes) -> str:
    from elicense.opening import open_file

    values = [v for s in open_file(data, pages=False).signatures for v in s.values]
    return "sm3" if values and values[0].digest == "sm3" else "sha256"


def _lines(path: str, made: Extended, lang: str) -> list[str]:
    import tomllib

    from elicense.crypto.ses import CHINA
    from elicense.findings import kind_text
    from elicense.render.width import safe

    words = tomllib.loads(_TEXTS.read_text("utf-8"))

    def say(key: str, **values: object) -> str:
        return safe(words[key][0 if lang == "zh" else 1].format(**values))

    lines = [say("written", path=path, size=len(made.data), verdict=made.after.verdict,
                 before=made.before.verdict)]  # fmt: skip
    lines += [say(told.done, place=told.place) for told in made.told]
    if made.proven is not None:
        lines.append(say("proven", proven=f"{made.proven.astimezone(CHINA):%Y-%m-%d %H:%M:%S%z}"))
    added = made.added
    lines.append(say("added", certificates=len(added.certificates), crls=len(added.crls),
                     ocsps=len(added.ocsps)))  # fmt: skip
    if made.until is not None:
        lines.append(say("until", until=f"{made.until.astimezone(CHINA):%Y-%m-%d}"))
    lines += [
        say("gap", certificate=gap.certificate, what=kind_text(gap.problem, lang) or gap.problem,
            date=f"{gap.date.astimezone(CHINA):%Y-%m-%d}" if gap.date else "—")
        for gap in made.gaps
    ]  # fmt: skip
    return [*lines, say("ofd")] if made.told else lines


def _json(path: str, made: Extended) -> str:
    import json

    def time(moment: datetime | None) -> str | None:
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None

    return json.dumps(
        {
            "file": path, "before": str(made.before.verdict), "verdict": str(made.after.verdict),
            "proven": time(made.proven), "until": time(made.until),
            "added": {"certificates": len(made.added.certificates), "crls": len(made.added.crls),
                      "ocsps": len(made.added.ocsps)},
            "gaps": [{"certificate": g.certificate, "problem": g.problem, "date": time(g.date)}
                     for g in made.gaps],
            "signatures": [{"index": t.index, "place": t.place, "done": t.done}
                           for t in made.told],
        },
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip
