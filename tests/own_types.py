"""A licence type of one's own, as `elicense profiles new` writes it, with its examples used."""

from __future__ import annotations

from elicense.authoring.new import Wanted, profile_text

WANTED = Wanted("tj-net", "渔网许可证", "Net Permit")
_UNPRINTED = ("# key = \"former_", "# key = \"work_", "# key = \"helper")


def plain() -> str:
    """The file as it is written."""
    return profile_text(WANTED)


def whole() -> str:
    """The file with every example in it: an example goes from a table's head to a line that
    says nothing. No page holds all kinds of fields and a copy's mark too: some are not printed."""
    lines, inside = [], False
    for line in plain().splitlines():
        inside = line.startswith("# [") or (inside and line.startswith("# "))
        lines.append(line.removeprefix("# ") if inside else line)
        if inside and line.startswith(_UNPRINTED):
            lines.append("printed = false")
    return "\n".join(lines) + "\n"
