"""The service's own keys, loaded once. A password comes from the variable the settings name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from elicense.errors import KeyMaterialError
from elicense.web.settings import Key

if TYPE_CHECKING:
    from elicense.issuing.credential import Credential
    from elicense.web.context import Service


def load(running: Service, key: Key) -> Credential:
    """The credential for a key of the settings."""
    known: dict[Key, Credential] = running.extras.setdefault("keys", {})
    if key not in known:
        known[key] = open_key(key)
    return known[key]


def open_key(key: Key) -> Credential:
    """Load it anew. KeyMaterialError where it cannot be used."""
    from elicense.issuing import signers

    return signers.load(key.key, certificate=key.certificate or None, password=_password(key))


def _password(key: Key) -> Callable[[str], bytes]:
    def ask(name: str) -> bytes:
        found = os.environ.get(key.password_env) if key.password_env else None
        if found is None:
            raise KeyMaterialError("key.password", "password_env names no variable that is set",
                                   place=name)  # fmt: skip
        return found.encode()

    return ask
