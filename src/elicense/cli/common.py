"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import click

from elicense.errors import UsageError

_CHINA = timezone(timedelta(hours=8))


def language(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    """The language asked for, else that of the environment (zh or en)."""
    if value:
        return value
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        found = os.environ.get(name)
        if found:
            return "zh" if found.lower().startswith("zh") else "en"
    return "en"


def moment(_context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """An ISO date or time; without a zone China's (UTC+8), a bare date is its first moment."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is not a date or time such as 2026-11-01 or 2026-11-01T09:30+08:00",
            param=parameter,
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=_CHINA)).astimezone(UTC)


def columns() -> int:
    """Width to print at: the terminal's, at most 100, 80 where there is none."""
    if not sys.stdout.isatty():
        return 80
    try:
        return max(40, min(100, os.get_terminal_size().columns))
    except OSError:
        return 80


def colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def load_trust(path: str | None, *, allow_test: bool, operators: Sequence[str] = ()) -> Any:
    """The trust store asked for (a folder or a bundle), or one that trusts nobody. Test
    stores need consent; a bundle needs the operators' certificates (file names)."""
    from elicense.trust.store import TrustStore

    if path is None:
        click.echo(
            "elicense: no trust store given (--trust DIR or ELICENSE_TRUST): "
            "no file can be found VALID", err=True,
        )  # fmt: skip
        return TrustStore.empty()
    if is_bundle(path):
        store = TrustStore.load_bundle(path, operators=pinned(operators, path))
    else:
        store = TrustStore.load(path)
        _agrees(store.operators, operators, path)
    if store.test and not allow_test:
        raise UsageError(
            "trust.test",
            "this trust store holds test anchors whose keys are public; "
            "give --allow-test-trust if that is what you want", place=str(path),
        )  # fmt: skip
    return store


def _agrees(have: Sequence[bytes], operators: Sequence[str], path: str) -> None:
    """A folder has its own pin: another one given beside it is a mistake to be told."""
    if have and operators and not set(have) & set(pinned(operators, path)):
        raise UsageError(
            "trust.operator", "the folder pins another operator than the one given with "
            "--operator", place=path,
        )  # fmt: skip


def is_bundle(path: str) -> bool:
    """A trust store in one file, and no folder nor its trust.toml."""
    return Path(path).is_file() and Path(path).name != "trust.toml"


def pinned(operators: Sequence[str], place: str) -> list[bytes]:
    """The DER certificates of ``--operator``, without which a bundle proves nothing."""
    from elicense.trust.store import pem_or_der

    if not operators:
        raise UsageError(
            "trust.operator",
            "a bundle is believed only under the certificate of the operator that signed its "
            "lists: give it with --operator FILE (or ELICENSE_OPERATOR), and take it from the "
            "operator, not from whoever gave you the bundle", place=place,
        )  # fmt: skip
    return [pem_or_der(Path(name).read_bytes()) for name in operators]


def trust_options(
    help_text: str = "Trust store to judge by: a folder, or a bundle.",
) -> Callable[[Any], Any]:
    """``--trust``, ``--operator`` and ``--allow-test-trust`` as one decorator."""
    options = (
        click.option("--trust", envvar="ELICENSE_TRUST", metavar="DIR|FILE.elt", help=help_text),
        click.option("--operator", "operators", multiple=True, envvar="ELICENSE_OPERATOR",
                     type=click.Path(exists=True, dir_okay=False), metavar="FILE",
                     help="Certificate of the operator a bundle is judged by (several)."),
        click.option("--allow-test-trust", is_flag=True, envvar="ELICENSE_ALLOW_TEST_TRUST",
                     help="Accept a trust store of test anchors."),
    )  # fmt: skip

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


language_option = click.option(
    "--lang", "lang", type=click.Choice(["zh", "en"]), callback=language, envvar="ELICENSE_LANG",
    help="Language of the text (else from the environment).",
)  # fmt: skip
