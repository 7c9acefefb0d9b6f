"""Options that name a key, and passwords that never stand on a command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from elicense.errors import KeyMaterialError

PASSWORD_VARIABLE = "ELICENSE_KEY_PASSWORD"  # noqa: S105 - the name of a variable


def asked(variable: str) -> Callable[[str], bytes]:
    """The password from the environment, else from a prompt on a terminal."""

    def ask(name: str) -> bytes:
        found = os.environ.get(variable)
        if found is not None:
            return found.encode()
        if not sys.stdin.isatty():
            raise KeyMaterialError(
                "key.password", f"a password is needed: set {variable} or use a terminal",
                place=name,
            )  # fmt: skip
        typed: str = click.prompt(f"Password of {name}", hide_input=True, err=True)
        return typed.encode()

    return ask


def load(uri: str, certificate: str | None, variable: str, *, check: bool = True) -> Any:
    """The signer of ``--key`` and ``--cert``, and the password it took (None if none)."""
    from elicense.issuing import signers

    given: list[bytes] = []
    ask = asked(variable)

    def remembered(name: str) -> bytes:
        given.append(ask(name))
        return given[-1]

    signer = signers.load(uri, certificate=certificate, password=remembered, check=check)
    return signer, given[-1] if given else None


key_options = (
    click.option("--key", required=True, envvar="ELICENSE_KEY", metavar="URI",
                 help="The signer's key: file:KEY.pem, file:OFFICE.p12 or pkcs11:…"),
    click.option("--cert", envvar="ELICENSE_CERT", metavar="FILE",
                 help="Its certificate and the CAs above it (else in or beside the key)."),
    click.option("--password-env", default=PASSWORD_VARIABLE, show_default=True, metavar="NAME",
                 help="Environment variable with the key's password (else asked for)."),
)  # fmt: skip


def with_options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several click options as one decorator, in the order they are read."""

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
