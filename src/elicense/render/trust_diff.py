"""What changed from one trust list or store to the next: added, removed, changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elicense.render import trust_lists as words
from elicense.render.text import Style
from elicense.render.trust_view import View

Facts = dict[str, Any]
_GROUPS = {
    "head": ("名录", "The list"), "operators": ("运营机构", "Operators"),
    "anchors": ("信任锚", "Anchors"), "intermediates": ("中间证书", "Intermediate certificates"),
    "lists": ("名录", "Lists"), "authorities": ("机构", "Authorities"),
    "services": ("服务", "Services"), "status_lists": ("状态列表", "Status lists"),
    "crls": ("CRL", "CRLs"),
}  # fmt: skip
_HEAD = ("id", "scope", "name", "test", "sequence", "issued", "next_update")
_SAME = ("没有差别", "No difference")
_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def compare(old: View, new: View) -> Facts:
    """Every difference, by group: ``added`` and ``removed`` with their facts, ``changed`` with
    the old and the new value of each member."""
    before, after = _parts(old), _parts(new)
    changes = {}
    for group in _GROUPS:
        one, two = before.get(group, {}), after.get(group, {})
        found = {
            "added": [{"what": key, **two[key]} for key in two if key not in one],
            "removed": [{"what": key, **one[key]} for key in one if key not in two],
            "changed": [
                {"what": key, "members": {
                    name: {"old": one[key].get(name), "new": two[key].get(name)}
                    for name in dict.fromkeys((*one[key], *two[key]))
                    if one[key].get(name) != two[key].get(name)
                }}
                for key in two if key in one and one[key] != two[key]
            ],
        }  # fmt: skip
        if any(found.values()):
            changes[group] = found
    return {"schema": "elicense-trust-diff/1", "changes": changes}


def _parts(view: View) -> dict[str, dict[str, Facts]]:
    """The things of a view by what makes each itself: code, fingerprint, address."""
    facts = view.facts
    found: dict[str, dict[str, Facts]] = {
        "head": {"": {key: facts[key] for key in _HEAD if key in facts}},
    }
    for group in ("operators", "anchors", "intermediates"):
        found[group] = {f"{i['name']} {i['fingerprint'][:16]}": {} for i in facts.get(group, ())}
    found["lists"] = {
        row["id"]: {key: _short(value) for key, value in row.items() if key != "id"}
        for row in view.lists
    }
    for group, key in (("status_lists", "uri"), ("crls", "issuer")):
        items = [i if isinstance(i, dict) else {key: i} for i in facts.get(group, ())]
        found[group] = {i[key]: {k: v for k, v in i.items() if k != key} for i in items}
    found["authorities"], found["services"] = {}, {}
    for own in view.authorities:
        found["authorities"][f"{own['uscc']} {own['name']}"] = {
            k: v for k, v in own.items() if k not in {"uscc", "name", "services"}
        }
        for item in own["services"]:
            found["services"][_identity(own, item)] = {
                key: item[key] for key in ("licence_types", "from", "until", "state")
            }
    return found


def _short(value: Any) -> Any:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [f"{item['name']} {item['fingerprint'][:16]}" for item in value]
    return value


def _identity(own: Facts, item: Facts) -> str:
    named = item["certificate"] or {"name": "?", "fingerprint": ""}
    subject = "".join(f", {key}={value}" for key, value in sorted(item["subject"].items()))
    kind = "CA " if item["by"] == "ca" else ""
    who = f"{kind}{named['name']} {named['fingerprint'][:16]}{subject}"
    return f"{own['name']}: {item['service']}: {who}"


def render(found: Facts, style: Style) -> str:
    """The differences as lines; one line where there are none."""
    if not found["changes"]:
        return _SAME[style.language == "en"] + "\n"
    return "\n".join(_lines(found["changes"], style)) + "\n"


def _lines(changes: Facts, style: Style) -> Iterator[str]:
    for group, found in changes.items():
        yield _GROUPS[group][style.language == "en"]
        for kind, mark in _MARKS.items():
            for item in found[kind]:
                head = f"{mark} {item['what']}" if item["what"] else mark
                if kind != "changed":
                    types = item.get("licence_types")
                    head += f" ({', '.join(types)})" if types else ""
                    yield from words.block(head, style, "  ", hang="    ")
                    continue
                if item["what"]:
                    yield from words.block(head, style, "  ", hang="    ")
                for name, pair in item["members"].items():
                    yield from _member(name, pair, style)


def _member(name: str, pair: Facts, style: Style) -> Iterator[str]:
    """One member: of lists what came and what went, of all else both values."""
    old, new = pair["old"], pair["new"]
    if isinstance(old, list) and isinstance(new, list):
        parts = [f"+{x}" for x in new if x not in old] + [f"-{x}" for x in old if x not in new]
        text = f"{name}: {' '.join(parts)}"
    else:
        text = f"{name}: {old if old not in (None, '') else '–'} → {new or '–'}"
    yield from words.block(f"~ {text}", style, "    ", hang="  ")
