"""The trust store of a service, as its settings name it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from elicense.errors import UsageError

if TYPE_CHECKING:
    from elicense.trust.store import TrustStore
    from elicense.web.settings import Settings


def load_trust(settings: Settings) -> TrustStore:
    """Load it. UsageError ``trust.test`` for a test store without consent."""
    from elicense.trust.store import TrustStore

    path = Path(settings.trust)
    if path.is_file() and path.name != "trust.toml":
        pinned = [Path(name).read_bytes() for name in settings.operators]
        store = TrustStore.load_bundle(path, operators=pinned)
    else:
        store = TrustStore.load(path)
    if store.test and not settings.allow_test_trust:
        raise UsageError(
            "trust.test", "this trust store holds test anchors whose keys are public; "
            "set allow_test_trust if that is meant", place=str(path),
        )  # fmt: skip
    return store
