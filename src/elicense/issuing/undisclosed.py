"""What the pages of a masked copy show in place of what it hides: that it is hidden."""

from __future__ import annotations

from dataclasses import replace

from elicense.canonical import Value
from elicense.licence import Licence
from elicense.profiles import Field, Profile

HIDDEN = "已隐藏 Not disclosed"
_NO_ROW = frozenset({"title", "number", "state", "regime", "issuer_name", "issuer_name_en"})


def shown_values(licence: Licence, profile: Profile) -> list[tuple[Field, Value]]:
    """Every field with its value, in the order of the form; a hidden one that has a row on the
    form as a text that says so. (What has none is named at the foot of a copy.)"""
    hidden = set(licence.source.hidden) if licence.source is not None else set()
    given = {item.key: (item, value) for item, value in profile.values(licence)}
    found: list[tuple[Field, Value]] = []
    for item in profile.fields:
        if item.key in given:
            found.append(given[item.key])
        elif item.path in hidden and item.key not in _NO_ROW:
            found.append((replace(item, kind="text", choices={}, columns=()), HIDDEN))
    return found


def with_marks(licence: Licence) -> Licence:
    """The licence as it is drawn: hidden officers of endorsements say that they are hidden."""
    hidden = set(licence.source.hidden) if licence.source is not None else set()
    return replace(
        licence,
        endorsements=tuple(
            replace(item, officer=HIDDEN) if f"endorsements.{index}.officer" in hidden else item
            for index, item in enumerate(licence.endorsements)
        ),
    )
