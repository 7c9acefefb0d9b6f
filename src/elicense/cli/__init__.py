"""The command line: one file a command, no logic of its own."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from elicense.errors import Error

_COMMANDS = {
    "verify": "verify",
    "inspect": "inspect",
    "inspect-ship": "inspect_ship",
    "replay": "replay",
    "issue": "issue",
    "reissue": "issue",
    "copy": "copy",
    "endorse": "endorse",
    "extend": "extend",
    "seal": "seal",
    "status": "status",
    "trust": "trust",
    "profiles": "profiles",
    "matters": "matters",
    "licence": "licence",
    "qr": "qr",
    "registry": "registry",
    "transfers": "transfers",
    "serve": "serve",
    "doctor": "doctor",
}
"""Each command and the module it stands in, in the order of the help; loaded when called."""


class _Commands(click.Group):
    """A group whose commands are imported only when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"elicense.cli.{_COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from elicense.report import environment

    found = environment()
    engine = {"c": "C extension", "python": "pure Python"}[found["sm2"]]
    click.echo(f"elicense {found['elicense']} (SM2: {engine})")
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show version and SM2 engine.")  # fmt: skip
def cli() -> None:
    """Verify and issue China's electronic licences (电子证照): sealed OFD and PDF files."""


def main() -> None:
    """Entry point. Exit codes: 0 all VALID, 1 some INVALID, 2 usage, 3 INDETERMINATE,
    4 unreadable, 5 a replay that differs."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        cli(prog_name="elicense", standalone_mode=False)
    except click.exceptions.Exit as exc:
        sys.exit(exc.exit_code)
    except click.ClickException as exc:
        exc.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Error as exc:
        click.echo(f"elicense: {exc}", err=True)
        sys.exit(2)
