"""The 22 matters as text: one block a matter, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from elicense import profiles
from elicense.matters import Matter, works
from elicense.render.width import wrap

_WORDS = {
    "zh": {"lead": "牵头", "with": "配合", "by": "完成时限", "needs": "需要", "yields": "出具",
           "inferred": "（文件为推定，未经确认）", "works": "可用", "missing": "不可用",
           "issue": "签发", "verify": "核验", "query": "查询", "scan": "扫码核验",
           "mask": "脱敏副本", "transfer": "转移", "sep": "、", "colon": "："},
    "en": {"lead": "lead", "with": "with", "by": "in place by", "needs": "needs",
           "yields": "yields", "inferred": " (documents inferred, unconfirmed)",
           "works": "works", "missing": "does not work", "issue": "issue", "verify": "verify",
           "query": "query", "scan": "scan", "mask": "masked copies", "transfer": "transfer",
           "sep": ", ", "colon": ": "},
}  # fmt: skip


def listing(found: Sequence[Matter], lang: str, *, columns: int) -> str:
    """Every matter with departments, documents and what works here."""
    lines: list[str] = []
    for matter in found:
        for index, text in enumerate(_block(matter, lang)):
            head = f"{matter.number:>2}  " if index == 0 else "    "
            wrapped = wrap(text, max(20, columns - 4)) or [""]
            lines += [head + wrapped[0], *(f"    {line}" for line in wrapped[1:])]
    return "\n".join(lines) + "\n"


def _block(matter: Matter, lang: str) -> Iterator[str]:
    words = _WORDS[lang]
    colon, sep = words["colon"], words["sep"]
    title, gain = (matter.zh, matter.gain_zh) if lang == "zh" else (matter.en, matter.gain_en)
    yield title if lang == "zh" else f"{title} {matter.zh}"
    parts = [gain, f"{words['lead']}{colon}{matter.lead}"]
    if matter.cooperating:
        parts.append(f"{words['with']}{colon}{sep.join(matter.cooperating)}")
    parts.append(f"{words['by']}{colon}{matter.by}")
    yield ("；" if lang == "zh" else "; ").join(parts)
    for key, names in (("needs", matter.needs), ("yields", matter.yields)):
        if names:
            mark = words["inferred"] if matter.documents == "inferred" else ""
            yield f"{words[key]}{colon}{sep.join(_type(name, lang) for name in names)}{mark}"
    done = works(matter)
    able = [words[key] for key, good in done.items() if good]
    if able:
        yield f"{words['works']}{colon}{sep.join(able)}"
    lacking = [words[key] for key, good in done.items() if not good]
    if lacking:
        yield f"{words['missing']}{colon}{sep.join(lacking)}"


def _type(name: str, lang: str) -> str:
    profile = profiles.find(name)
    return name if profile is None else f"{profile.title(lang)} ({name})"


def as_dict(matter: Matter) -> dict[str, Any]:
    """The matter as JSON: departments, types with their names, what works here."""
    return {
        "number": matter.number,
        "zh": matter.zh,
        "en": matter.en,
        "gain": {"zh": matter.gain_zh, "en": matter.gain_en},
        "lead": matter.lead,
        "with": list(matter.cooperating),
        "by": matter.by,
        "needs": [_named(name) for name in matter.needs],
        "yields": [_named(name) for name in matter.yields],
        "documents": matter.documents,
        "works": works(matter),
    }


def _named(name: str) -> dict[str, Any]:
    profile = profiles.find(name)
    if profile is None:
        return {"type": name, "zh": "", "en": "", "confirmed": False}
    return {"type": name, "zh": profile.zh, "en": profile.en,
            "confirmed": profile.type_code_confirmed}  # fmt: skip
