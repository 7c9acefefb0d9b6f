"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta, timezone
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


def load_trust(path: str | None, *, allow_test: bool) -> Any:
    """The trust store asked for, or one that trusts nobody. Test stores need consent."""
    from elicense.trust.store import TrustStore

    if path is None:
        click.echo(
            "elicense: no trust store given (--trust DIR or ELICENSE_TRUST): "
            "no file can be found VALID", err=True,
        )  # fmt: skip
        return TrustStore.empty()
    store = TrustStore.load(path)
    if store.test and not allow_test:
        raise UsageError(
            "trust.test",
            "this trust store holds test anchors whose keys are public; "
            "give --allow-test-trust if that is what you want", place=str(path),
        )  # fmt: skip
    return store


language_option = click.option(
    "--lang", "lang", type=click.Choice(["zh", "en"]), callback=language, envvar="ELICENSE_LANG",
    help="Language of the text (else from the environment).",
)  # fmt: skip
