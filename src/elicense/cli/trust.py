"""``elicense trust``: trust lists and trust stores."""

from __future__ import annotations

import click

from elicense.cli.trust_add import add
from elicense.cli.trust_make import make, sign
from elicense.cli.trust_show import diff, show
from elicense.cli.trust_update import bundle, init, update


@click.group()
def trust() -> None:
    """Trust lists (信任名录) and trust stores: docs/trust-lists.md, docs/joining.md."""


trust.add_command(make)
trust.add_command(sign)
trust.add_command(show)
trust.add_command(diff)
trust.add_command(init)
trust.add_command(update)
trust.add_command(bundle)
trust.add_command(add)
