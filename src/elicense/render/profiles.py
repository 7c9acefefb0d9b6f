"""Licence types as text: the list, and one type with all it says."""

from __future__ import annotations

from collections.abc import Iterator

from elicense.profiles import Box, Field, Profile, TermLimit
from elicense.render.width import width

_WORDS = {
    "zh": {
        "unconfirmed": "未经确认，非官方代码", "confirmed": "官方代码", "type_code": "证照类型代码",
        "subject": "主体", "status": "状态清单", "required": "必填", "optional": "选填",
        "deciding": "核对项", "unprinted": "不印", "fields": "字段", "codes": "代码表",
        "boxes": "签注栏", "terms": "最长期限", "months": "个月", "since": "起",
        "term_unconfirmed": "条款与月数未经确认", "qr": "二维码模板", "fields_no": "项",
        "may_repeat": "可重复", "window": "窗口期", "extends": "展期至多",
        "company": "公司", "ship": "船舶", "person": "人员",
    },
    "en": {
        "unconfirmed": "unconfirmed, not official", "confirmed": "official",
        "type_code": "Type code", "subject": "Subject", "status": "Status list",
        "required": "required", "optional": "optional", "deciding": "deciding",
        "unprinted": "not printed", "fields": "Fields", "codes": "Codes", "boxes": "Endorsements",
        "terms": "Longest term", "months": "months", "since": "since",
        "term_unconfirmed": "paragraph and months unconfirmed", "qr": "QR template",
        "fields_no": "fields", "may_repeat": "may repeat", "window": "window",
        "extends": "extends by at most", "company": "company", "ship": "ship", "person": "person",
    },
}  # fmt: skip
_STATES = {
    "zh": {"valid": "有效", "withdrawn": "撤销", "suspended": "暂扣", "superseded": "被替代",
           "transferred": "已转出"},
    "en": {},
}  # fmt: skip


def listing(profiles: tuple[Profile, ...], language: str) -> str:
    """One line a licence type: id, type code and whether it is confirmed, title."""
    words = _WORDS[language]
    lines = []
    width = max((len(item.id) for item in profiles), default=0) + 2
    for item in profiles:
        mark = words["confirmed" if item.type_code_confirmed else "unconfirmed"]
        name = f"{item.title(language)} ({item.acronym})" if item.acronym else item.title(language)
        lines.append(f"{item.id:<{width}}{item.type_code} [{mark}]  {name}")
    return "\n".join(lines) + "\n"


def render(profile: Profile, language: str) -> str:
    """All that a licence type says, in ``zh`` or ``en``."""
    return "\n".join(_lines(profile, language)) + "\n"


def _lines(profile: Profile, language: str) -> Iterator[str]:
    words = _WORDS[language]
    other = profile.en if language == "zh" else profile.zh
    yield f"{profile.id}  {profile.title(language)}  {other}"
    mark = words["confirmed" if profile.type_code_confirmed else "unconfirmed"]
    yield f"{words['type_code']}: {profile.type_code} [{mark}]"
    yield f"{words['subject']}: {words[profile.subject]}"
    need = words["required" if profile.status_required else "optional"]
    states = ", ".join(_STATES[language].get(name, name) for name in profile.states)
    yield f"{words['status']}: {need} ({states})"
    yield f"\n{words['fields']}"
    pad = max(width(item.label(language)) for item in profile.fields)
    for item in profile.fields:
        yield _field(item, language, pad)
    yield from _tables(profile, language)
    if profile.boxes:
        yield f"\n{words['boxes']}"
        for box in profile.boxes:
            yield _box(box, language)
    if profile.limits:
        yield f"\n{words['terms']}"
        for limit in profile.limits:
            yield _limit(limit, words)
    for made in profile.templates:
        yield f"\n{words['qr']} {made.template}: {len(made.fields)} {words['fields_no']}"
        yield "  " + " ".join(field.key for field in made.fields)


def _field(item: Field, language: str, pad: int) -> str:
    words = _WORDS[language]
    marks = [words["required"]] if item.required else []
    marks += [words["deciding"]] if item.deciding else []
    marks += [] if item.printed else [words["unprinted"]]
    label = item.label(language) + " " * (pad - width(item.label(language)))
    return f"  {label}  {item.path:<26} {item.kind:<20} {' '.join(marks)}".rstrip()


def _tables(profile: Profile, language: str) -> Iterator[str]:
    for item in profile.fields:
        if item.kind in {"choice", "choices"}:
            yield f"\n{_WORDS[language]['codes']}: {item.label(language)} ({item.key})"
            for choice in item.choices.values():
                yield f"  {choice.number:>3}  {choice.code:<32}{choice.zh}  {choice.en}"


def _box(box: Box, language: str) -> str:
    words = _WORDS[language]
    name = box.zh if language == "zh" else box.en
    marks = [f"ISM {box.paragraph} ({box.rule})"] if box.paragraph else []
    marks += [f"{words['window']} ±{box.window_months} {words['months']}"] * bool(box.window_months)
    if box.extension_months:
        marks.append(f"{words['extends']} {box.extension_months} {words['months']}")
    marks += [words["may_repeat"]] * box.repeatable
    return f"  {box.kind:<18}{name}  {'; '.join(marks)}".rstrip()


def _limit(limit: TermLimit, words: dict[str, str]) -> str:
    mark = "" if limit.confirmed else f"  [{words['term_unconfirmed']}]"
    clause = f" {limit.paragraph}" if limit.paragraph else ""
    return (
        f"  {limit.regime}{clause} ({limit.rule}): {limit.months} {words['months']}, "
        f"{words['since']} {limit.since}{mark}"
    )
