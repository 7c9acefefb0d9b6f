"""``elicense trust``: trust lists and trust stores."""

from __future__ import annotations

import click

from elicense.cli.trust_make import make, sign
from elicense.cli.trust_show import diff, show


@click.group()
def trust() -> None:
    """Trust lists (信任名录) and trust stores: docs/trust-lists.md, docs/joining.md."""


trust.add_command(make)
trust.add_command(sign)
trust.add_command(show)
trust.add_command(diff)
