"""The command line: one file a command, no logic of its own."""

from __future__ import annotations

import sys

import click

from elicense.cli.doctor import doctor
from elicense.cli.endorse import endorse
from elicense.cli.inspect import inspect
from elicense.cli.inspect_ship import inspect_ship
from elicense.cli.issue import issue, reissue
from elicense.cli.licence import licence
from elicense.cli.profiles import profiles
from elicense.cli.qr import qr
from elicense.cli.registry import registry
from elicense.cli.replay import replay
from elicense.cli.seal import seal
from elicense.cli.serve import serve
from elicense.cli.status import status
from elicense.cli.trust import trust
from elicense.cli.verify import verify
from elicense.errors import Error


def _version(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from elicense.report import environment

    found = environment()
    engine = {"c": "C extension", "python": "pure Python"}[found["sm2"]]
    click.echo(f"elicense {found['elicense']} (SM2: {engine})")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show version and SM2 engine.")  # fmt: skip
def cli() -> None:
    """Verify and issue China's electronic licences (电子证照): sealed OFD and PDF files."""


cli.add_command(verify)
cli.add_command(inspect)
cli.add_command(inspect_ship)
cli.add_command(replay)
cli.add_command(issue)
cli.add_command(reissue)
cli.add_command(endorse)
cli.add_command(seal)
cli.add_command(status)
cli.add_command(trust)
cli.add_command(profiles)
cli.add_command(licence)
cli.add_command(qr)
cli.add_command(registry)
cli.add_command(serve)
cli.add_command(doctor)


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
