"""What the commands that seal a file anew give in the same way: trust, font and timestamp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from elicense.cli import common


def terms(options: dict[str, Any], *, digest: str, untrusted: str) -> dict[str, Any]:
    """The options ``--trust``, ``--font`` and ``--tsa`` as :func:`elicense.issue` and its
    like take them. ``digest`` is the signer's; ``untrusted`` tells what is not checked
    without a trust store."""
    given: dict[str, Any] = {}
    if options["trust"] is None:
        click.echo(f"elicense: no trust store given (--trust DIR): {untrusted}", err=True)
    else:
        given["trust"] = common.load_trust(
            options["trust"], allow_test=options["allow_test_trust"],
            operators=options["operators"],
        )  # fmt: skip
    if options["font"]:
        from elicense.issuing import fonts

        given["font"] = fonts.load(Path(options["font"]))
    if options["tsa"]:
        from elicense.trust import fetch, tsa

        caps = fetch.Caps(allow_loopback=options["allow_loopback"])
        given["timestamp"] = tsa.authority(options["tsa"], digest=digest, caps=caps)
    return given
