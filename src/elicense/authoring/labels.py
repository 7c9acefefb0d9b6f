"""Labels and names of a licence type: there in both languages, distinct, not swapped."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from elicense.authoring.finding import Finding
from elicense.profiles import Choice, Field, Profile

_CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTER = re.compile(r"[A-Za-z]")


def findings(profile: Profile) -> Iterator[Finding]:
    """Every label that is not what it should be; missing ones are told by reading."""
    yield from _pair("", profile.id, profile.zh, profile.en)
    for name, (zh, en) in (("statement", profile.statement), ("word", profile.word)):
        if bool(zh) != bool(en):
            yield Finding("label.half", f"page.{name}_{'en' if zh else 'zh'}", name)
        elif zh:
            yield from _pair("page", name, zh, en, keys=(f"{name}_zh", f"{name}_en"))
    yield from _fields(profile.fields, "field")
    for index, item in enumerate(profile.fields):
        yield from _fields(item.columns, f"field[{index}].columns", inside=item.key)
    for name, choices in _tables(profile):
        for choice in choices:
            place = f"table.{name}.{choice.code}"
            yield from _pair(place, f"{name}.{choice.code}", choice.zh, choice.en, choice.aliases)
        yield from _names(name, choices)
    for index, rule in enumerate(profile.rules):
        yield from _pair(f"rule[{index}]", rule.id, rule.zh, rule.en)
    for index, box in enumerate(profile.boxes):
        yield from _pair(f"endorsement[{index}]", box.kind, box.zh, box.en, box.aliases)


def _fields(items: Sequence[Field], place: str, inside: str = "") -> Iterator[Finding]:
    head = f"{inside}." if inside else ""
    known: dict[str, Field] = {}
    for index, item in enumerate(items):
        where = f"{place}[{index}]"
        yield from _pair(where, head + item.key, item.zh, item.en, item.aliases)
        for label in item.labels:
            other = known.setdefault(_folded(label), item)
            if label.strip() and other is not item and not _together(item, other, label):
                yield Finding("label.shared", where, head + item.key,
                              {"label": label, "other": head + other.key})  # fmt: skip


def _pair(
    place: str, subject: str, zh: str, en: str, aliases: Sequence[str] = (),
    *, keys: tuple[str, str] = ("zh", "en"),
) -> Iterator[Finding]:  # fmt: skip
    zh_key, en_key = (f"{place}.{key}" if place else key for key in keys)
    if not zh.strip() or not en.strip():
        return  # missing, as reading says
    if zh == en:
        yield Finding("label.same", zh_key, subject, {"label": zh})
    elif not _CHINESE.search(zh) and _CHINESE.search(en):
        yield Finding("label.swapped", zh_key, subject, {"zh": zh, "en": en})
    else:
        if not _CHINESE.search(zh):
            yield Finding("label.zh", zh_key, subject, {"label": zh})
        if _CHINESE.search(en) or not _LETTER.search(en):
            yield Finding("label.en", en_key, subject, {"label": en})
    for name in dict.fromkeys(name for name in aliases if aliases.count(name) > 1):
        yield Finding("label.repeated", f"{place}.aliases" if place else "aliases", subject,
                      {"label": name})  # fmt: skip


def _together(one: Field, other: Field, label: str) -> bool:
    """A party's name and address may stand under one label of a form."""
    paths = {one.path, other.path}
    return label in one.aliases and any(
        paths == {f"{who}.name{suffix}", f"{who}.address{suffix}"}
        for who in ("issuer", "holder") for suffix in ("", "_en")
    )  # fmt: skip


def _folded(label: str) -> str:
    return re.sub(r"[\W_]+", "", label.casefold())


def _tables(profile: Profile) -> list[tuple[str, list[Choice]]]:
    """The coded values in use, each table once, by the key of the field that uses it first."""
    found: dict[int, tuple[str, list[Choice]]] = {}
    for item in profile.fields:
        for name, used in ((item.key, item), *((c.key, c) for c in item.columns)):
            if used.kind in {"choice", "choices"} and used.choices:
                found.setdefault(id(used.choices), (name, list(used.choices.values())))
    return list(found.values())


def _names(table: str, choices: Sequence[Choice]) -> Iterator[Finding]:
    """Two codes under one name: nobody could tell which is meant."""
    seen: dict[str, str] = {}
    for choice in choices:
        for name in choice.names:
            other = seen.setdefault(_folded(name), choice.code)
            if name.strip() and other != choice.code:
                yield Finding("label.shared", f"table.{table}.{choice.code}",
                              f"{table}.{choice.code}",
                              {"label": name, "other": f"{table}.{other}"})  # fmt: skip
