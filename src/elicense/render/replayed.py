"""A replay as text and as plain values: is the answer the same, and by whose trust?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from elicense.crypto.ses import CHINA
from elicense.errors import Error
from elicense.record import Replay
from elicense.render import joint, text
from elicense.render.text import Style
from elicense.render.width import safe, wrap
from elicense.together import JointReport

SCHEMA = "elicense-replay/1"
_SHOWN = 20
_WORDS = {
    "zh": {
        "same": "结论一致：逐字节相同", "other": "结论不一致", "now": "现在", "then": "记录",
        "none": "（无）", "more": "另有 {n} 处不同（--json 显示全部）。",
        "at": "按记录的核验时间 {at}、名录时间 {now}（UTC+8）和策略“{policy}”核验。",
        "trust": "按记录自带的信任名录“{name}”核验（摘要 {digest}），不是您自己的名录："
                 "请确认它是您信任的（--trust）。",
        "yours": "记录的信任名录就是您给出的名录。", "unreadable": "无法读取",
        "timed": "记录时有一步因超时而未做完，结果可能因机器快慢而不同。",
        "made": "记录由 {made} 制作。",
    },
    "en": {
        "same": "SAME REPORT, byte for byte", "other": "ANOTHER REPORT", "now": "now",
        "then": "recorded", "none": "(none)", "more": "{n} more differences (--json shows all).",
        "at": "Judged as of {at}, lists as of {now} (UTC+8), policy “{policy}”, all as recorded.",
        "trust": "Judged by the trust store in the record, “{name}” (digest {digest}), not by "
                 "yours: see that it is one you trust (--trust).",
        "yours": "The trust store of the record is the one you gave.",
        "unreadable": "UNREADABLE",
        "timed": "When it was recorded a step ran out of time: the answer may depend on how fast "
                 "the machine is.",
        "made": "The record was made by {made}.",
    },
}  # fmt: skip


def summary(found: Replay, style: Style) -> str:
    """One line: same or not, and the answer."""
    words = _WORDS[style.language]
    return safe(f"{words['same' if found else 'other']}  {_answer(found, style)}")


def render(found: Replay, style: Style, *, yours: bool = False) -> str:
    """What differs, what it was judged by, and the answer. It ends with a newline."""
    return "\n".join(_lines(found, style, yours)) + "\n"


def _lines(found: Replay, style: Style, yours: bool) -> Iterator[str]:
    words, asked = _WORDS[style.language], found.question
    yield words["same" if found else "other"]
    for one in found.differences[:_SHOWN]:
        yield f"  {one.place}"
        for key, said in (("then", one.recorded), ("now", one.now)):
            yield from _block(f"{words[key]}: {said or words['none']}", style, "    ")
    if len(found.differences) > _SHOWN:
        yield from _block(words["more"].format(n=len(found.differences) - _SHOWN), style)
    if not found and asked.timed:
        yield from _block(words["timed"], style)
    if not found:
        made = " ".join(f"{key} {value}" for key, value in asked.made_with.items())
        yield from _block(words["made"].format(made=made), style)
    store = asked.trust
    yield from _block(words["yours"] if yours else words["trust"].format(
        name=store.name, digest=store.digest[:16] or "—"), style)  # fmt: skip
    yield from _block(words["at"].format(
        at=f"{asked.at.astimezone(CHINA):%Y-%m-%d %H:%M}",
        now=f"{asked.now.astimezone(CHINA):%Y-%m-%d %H:%M}", policy=asked.policy.name,
    ), style)  # fmt: skip
    yield ""
    yield from _full(found, style).rstrip("\n").split("\n")


def _full(found: Replay, style: Style) -> str:
    answer = found.answer
    if isinstance(answer, Error):
        return _answer(found, style)
    if isinstance(answer, JointReport):
        return joint.render(answer, style)
    return text.render(answer, style)


def _answer(found: Replay, style: Style) -> str:
    answer = found.answer
    if isinstance(answer, Error):
        return safe(f"{_WORDS[style.language]['unreadable']}  "
                    f"{found.question.files[0].name}  {answer}")  # fmt: skip
    if isinstance(answer, JointReport):
        return joint.summary(answer, style)
    return text.summary(answer, style)


def _block(said: str, style: Style, indent: str = "  ") -> Iterator[str]:
    for line in wrap(safe(said), style.columns - len(indent)):
        yield indent + line


def as_dict(found: Replay) -> dict[str, Any]:
    """``elicense-replay/1``; ``report`` is the new answer, without its environment."""
    asked = found.question
    return {
        "schema": SCHEMA,
        "same": bool(found),
        "record": found.sha256,
        "kind": asked.kind,
        "timed": asked.timed,
        "trust": {"name": asked.trust.name, "digest": asked.trust.digest,
                  "test": asked.trust.test},
        "made_with": dict(asked.made_with),
        "differences": [
            {"place": x.place, "recorded": x.recorded, "now": x.now} for x in found.differences
        ],
        "report": found.report,
    }  # fmt: skip
