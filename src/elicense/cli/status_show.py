"""``elicense status show``: a list, an index, or the state of a bare number."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from elicense.cli import common
from elicense.errors import InputError, UsageError

if TYPE_CHECKING:
    from elicense.checks.standing import World
    from elicense.trust.status import StatusList
    from elicense.trust.status_index import StatusIndex

_FILE = click.Path(exists=True, dir_okay=False)


@click.command()
@click.argument("what", metavar="LIST.p7|INDEX.p7|NUMBER")
@click.option("--index", "entry", type=click.IntRange(0), metavar="N",
              help="State of this entry of the list.")
@click.option("--indices", metavar="STATE", help="The numbers of all entries in this state.")
@click.option("--index-file", "files", multiple=True, type=_FILE, metavar="INDEX.p7",
              help="Look NUMBER (an identifier or a licence number) up in this index (several).")
@click.option("--list-file", "lists", multiple=True, type=_FILE, metavar="LIST.p7",
              help="A status list at hand beside the trust store's (several).")
@common.trust_options("Trust store to judge by; without one nothing is proven.")
@click.option("--at", callback=common.moment, metavar="TIME", help="Judge as of this time.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@common.language_option
def show(**options: Any) -> None:
    """What a status list or index says, or the state of a bare identifier or number.

    Exit code of a list or index: 0 read (with --trust: it may speak), 1 its signature does not
    hold, 3 it may not speak now, 4 unreadable. With --index or NUMBER: 0 proven valid,
    1 proven not valid, 3 not proven."""
    from elicense.checks.standing import World
    from elicense.limits import DEFAULT_LIMITS
    from elicense.trust.status_added import with_status

    store = _store(options)
    moment = options["at"] or datetime.now(UTC)
    try:
        given = [Path(name).read_bytes() for name in (*options["lists"], *options["files"])]
        trust = with_status(store, given)
        world = World(trust, moment, moment, DEFAULT_LIMITS)
        if not options["files"] and Path(options["what"]).is_file():
            facts, code = _of_file(Path(options["what"]).read_bytes(), world, options)
        else:
            facts, code = _of_number(options["what"], world)
    except InputError as error:
        click.echo(f"elicense: {error}", err=True)
        sys.exit(4)
    _print(facts, options)
    sys.exit(code)


def _store(options: dict[str, Any]) -> Any:
    from elicense.trust.store import TrustStore

    if options["trust"] is None:
        return TrustStore.empty()
    return common.load_trust(options["trust"], allow_test=options["allow_test_trust"],
                             operators=options["operators"])  # fmt: skip


def _print(facts: dict[str, Any], options: dict[str, Any]) -> None:
    if options["as_json"]:
        click.echo(json.dumps(facts, ensure_ascii=False, separators=(",", ":")))
        return
    from elicense.render.status import lines
    from elicense.render.width import safe

    for line in lines(facts, options["lang"]):
        click.echo(safe(line))


def _of_file(data: bytes, world: World, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
    from elicense.trust.status import read_status_list
    from elicense.trust.status_index import read_status_index

    try:
        found = read_status_list(data)
    except InputError as as_list:
        try:
            index = read_status_index(data)
        except InputError:
            raise as_list from None
        return _of_index(index, world, options)
    return _of_list(found, world, options)


def _of_list(
    found: StatusList, world: World, options: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    from elicense.checks.bare_status import voice_of_list
    from elicense.render import status as render

    voice = voice_of_list(found, world) if options["trust"] else None
    facts, code = render.list_facts(found, voice, world.now), _code(voice)
    if options["entry"] is not None:
        state = found.state(options["entry"])
        facts["entry"] = {"index": options["entry"], "state": state}
        code = _proven(state) if voice is not None and not voice.problem else 3
    if options["indices"]:
        from elicense.issuing.status_list import state_code

        wanted = state_code(options["indices"], place="--indices")
        facts["indices"] = list(render.indices(found, wanted))
    return facts, code


def _proven(state: str | None) -> int:
    if state is None or state.startswith("code-"):
        return 3
    return 0 if state == "valid" else 1


def _of_index(
    found: StatusIndex, world: World, options: dict[str, Any]
) -> tuple[dict[str, Any], int]:
    from elicense.checks.bare_status import voice_of_index
    from elicense.render import status as render

    voice = voice_of_index(found, world) if options["trust"] else None
    return render.index_facts(found, voice, world.now), _code(voice)


def _code(voice: Any) -> int:
    if voice is None or not voice.problem:
        return 0
    return 1 if voice.problem in {"broken", "signature"} else 3


def _of_number(text: str, world: World) -> tuple[dict[str, Any], int]:
    from elicense.checks.bare_status import look_up
    from elicense.render import status as render
    from elicense.trust.status_index import read_status_index

    if not world.trust.status_indexes:
        raise UsageError("status.index", "there is no such file, and no index to look it up in "
                         "(--index-file, or one in the trust store)", place=text[:200])  # fmt: skip
    found = []
    for raw in world.trust.status_indexes:
        index = read_status_index(raw)
        voice, answers = look_up(text, index, world)
        if answers:
            found.append((index, voice, answers))
    facts = render.number_facts(text, found, world.now)
    states = [answer.state for _, _, answers in found for answer in answers]
    if "valid" in states:
        return facts, 0
    return facts, 1 if states and all(states) else 3
