"""Every label a sheet may print: the licence type's own, further ones, and what is no field."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from elicense.profiles import Profile

STOP = "-"  # the key of texts that begin something else


def label_names(profile: Profile) -> Mapping[str, Sequence[str]]:
    """Key → labels, for each printed field of ``profile`` but its title, and for STOP."""
    table = _table()
    names = {
        item.key: (*item.labels, *table["more"].get(item.key, ()))
        for item in profile.fields
        if item.kind != "title"
    }
    return {**names, STOP: tuple(table["stops"]["texts"])}


def endorsement_labels() -> Sequence[str]:
    """Labels of the date in a box for an endorsement."""
    return tuple(_table()["endorsement"]["date"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("labels.toml").read_text("utf-8"))
