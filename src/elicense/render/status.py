"""Status lists and indexes as facts (for JSON) and as lines (zh, en)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from elicense.checks.succession import age
from elicense.crypto.ses import CHINA
from elicense.crypto.verify import check_value
from elicense.findings import kind_text
from elicense.trust.status import state_name

if TYPE_CHECKING:
    from elicense.checks.bare_status import Answer, Voice
    from elicense.evidence import Signature
    from elicense.trust.status import AuditHead, StatusList
    from elicense.trust.status_index import StatusIndex

STATES = {
    "valid": ("有效", "valid"),
    "withdrawn": ("撤销", "withdrawn"),
    "suspended": ("暂扣", "suspended"),
    "superseded": ("已被新版本取代", "superseded"),
    "transferred": ("已转出", "transferred"),
    "pending": ("待生效", "not yet in force"),
}
_LABELS = {
    "uri": ("地址", "address"),
    "entries": ("条目", "entries"),
    "states": ("状态", "states"),
    "rows": ("行数", "rows"),
    "lists": ("列表", "lists"),
    "issued": ("签发", "issued"),
    "expires": ("有效期至", "valid until"),
    "signer": ("签名者", "signer"),
    "signature": ("签名", "signature"),
    "may_speak": ("资格", "may speak"),
    "audit_head": ("审计链头", "audit head"),
    "entry": ("查询", "entry"),
    "indices": ("条目号", "indices"),
}
_WORDS = {
    "not-judged": ("未判断（没有信任名录）", "not judged (no trust store)"),
    "good": ("数学上成立", "holds"),
    "bad": ("不成立", "does not hold"),
    "no-entry": ("列表中没有这一项", "the list has no such entry"),
    "not-listed": ("索引中没有这一版", "the index does not list this version"),
    "list-absent": ("本地没有这份状态列表", "the status list is not at hand"),
    "list-unreadable": ("状态列表无法读取", "the status list cannot be read"),
    "out-of-range": ("列表中没有这一项", "the list has no such entry"),
    "no-end": ("未写明", "not stated"),
    "none": ("没有任何状态索引列出它（未证实）", "no status index at hand lists it (not proven)"),
    "number": (
        "以上只说明这个编号，不说明写有它的文件：请核验文件或其二维码。",
        "This is said of the number, not of the sheet it stands on: verify the file or its QR.",
    ),
}


def list_facts(found: StatusList, voice: Voice | None, now: datetime) -> dict[str, Any]:
    """A list as plain values; ``voice`` is None where nothing was judged."""
    return {
        "kind": "status-list",
        "uri": found.uri,
        "entries": found.size,
        "states": _counts(found.states),
        **_common(found.signature, found.issued, found.expires, found.audit_head, voice, now),
    }


def index_facts(found: StatusIndex, voice: Voice | None, now: datetime) -> dict[str, Any]:
    """The same of an index: never what is in it, which only a look-up tells."""
    return {
        "kind": "status-index",
        "rows": found.count,
        "lists": list(found.lists),
        **_common(found.signature(), found.issued, found.expires, found.audit_head, voice, now),
    }


def number_facts(
    text: str, found: Sequence[tuple[StatusIndex, Voice, Sequence[Answer]]], now: datetime
) -> dict[str, Any]:
    """What the indexes and lists at hand say of an identifier or number."""
    return {
        "kind": "status-of-number",
        "asked": text,
        "found": [
            {"version": a.row.version, "state": a.state or None, "problem": a.problem,
             "list": a.row.list or None, "index": a.row.index if a.row.list else None,
             "latest": a.latest or None,
             "list_issued": _time(a.source.issued) if a.source else None,
             "successor": _successor(a), "index_issued": _time(index.issued),
             "age": age(a.source.issued if a.source else index.issued, now)["age_en"],
             "age_zh": age(a.source.issued if a.source else index.issued, now)["age_zh"],
             "authorities": list(voice.authorities)}
            for index, voice, answers in found for a in answers
        ],
    }  # fmt: skip


def _successor(answer: Answer) -> dict[str, str] | None:
    new = answer.successor
    return None if new is None else {
        "state": new.state, "identifier": new.identifier, "authority": new.authority,
    }  # fmt: skip


def _common(
    signature: Signature, issued: datetime, expires: datetime | None, head: AuditHead | None,
    voice: Voice | None, now: datetime,
) -> dict[str, Any]:  # fmt: skip
    good = (
        not signature.faults and bool(signature.values)
        and all(d.matches for d in signature.digests) and check_value(signature.values[0]).ok
    )  # fmt: skip
    return {
        "issued": _time(issued),
        "expires": _time(expires),
        "in_validity": issued <= now and (expires is None or now <= expires),
        **age(issued, now),
        "signer": signature.signer.display if signature.signer else None,
        "algorithm": signature.algorithm,
        "signature": good,
        "may_speak": None if voice is None else not voice.problem,
        "problem": voice.problem if voice else "",
        "authorities": list(voice.authorities) if voice else [],
        "audit_head": None if head is None else {
            "registry": head.registry, "sequence": head.sequence, "algorithm": head.algorithm,
            "digest": head.digest.hex(),
        },
    }  # fmt: skip


def _counts(states: bytes) -> dict[str, int]:
    """How many entries are in each state; those that none is in are left out."""
    totals: Counter[int] = Counter()
    for byte, count in Counter(states).items():
        totals[byte & 0x0F] += count
        totals[byte >> 4] += count
    return {state_name(code): totals[code] for code in sorted(totals)}


def indices(found: StatusList, code: int) -> Iterator[int]:
    """The entries with this code, in order."""
    for at, byte in enumerate(found.states):
        if byte & 0x0F == code:
            yield at * 2
        if byte >> 4 == code:
            yield at * 2 + 1


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


# -- lines ---------------------------------------------------------------------------------


def lines(facts: dict[str, Any], language: str) -> Iterator[str]:
    """The facts for a person."""
    if facts["kind"] == "status-of-number":
        yield from _number_lines(facts, language)
        return
    for name in _LABELS:
        if name in facts and facts[name] is not None:
            label = _LABELS[name][language == "en"]
            for value in _values(name, facts, language):
                yield f"{label:<12} {value}" if language == "en" else f"{label}：{value}"
    for name in ("expires", "may_speak"):
        if facts[name] is None:
            label = _LABELS[name][language == "en"]
            value = _word("no-end" if name == "expires" else "not-judged", language)
            yield f"{label:<12} {value}" if language == "en" else f"{label}：{value}"


def _values(name: str, facts: dict[str, Any], language: str) -> list[str]:
    value = facts[name]
    if name == "states":
        return [f"{state(key, language)} {count}" for key, count in value.items()]
    if name == "issued":
        time = _local(value)
        return [f"{time} ({facts['age_en']})" if language == "en" else
                f"{time}（{facts['age_zh']}）"]  # fmt: skip
    if name == "expires":
        return [_local(value)]
    if name == "signature":
        return [f"{_word('good' if value else 'bad', language)} ({facts['algorithm']})"]
    if name == "may_speak":
        no = "no: " if language == "en" else "否："
        return facts["authorities"] if value else [no + _word(facts["problem"], language)]
    if name == "audit_head":
        return [f"{value['registry']} #{value['sequence']} {value['algorithm']} {value['digest']}"]
    if name == "entry":
        said = state(value["state"], language) if value["state"] else _word("no-entry", language)
        return [f"{value['index']} {said}"]
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _local(time: str) -> str:
    """A time of the facts by China's clock."""
    try:
        return f"{datetime.fromisoformat(time).astimezone(CHINA):%Y-%m-%d %H:%M} (UTC+8)"
    except OverflowError:  # the calendar's last day
        return time


def _number_lines(facts: dict[str, Any], language: str) -> Iterator[str]:
    yield facts["asked"]
    if not facts["found"]:
        yield "  " + _word("none", language)
    english = language == "en"
    for item in facts["found"]:
        said = state(item["state"], language) if item["state"] else _word(item["problem"], language)
        old = f" ({item['age']})" if english else f"（{item['age_zh']}）"
        version = f"version {item['version']:03}" if english else f"第 {item['version']:03} 版"
        place = f"  {item['list']} #{item['index']}" if item["list"] else ""
        yield f"  {version}  {said}{old}{place}"
        if item["successor"]:
            new = item["successor"]
            yield f"    → {new['authority']} {new['identifier']}"
        elif item["latest"] and item["latest"] > item["version"]:
            yield f"    → {'version' if english else '版本'} {item['latest']:03}"
    yield _word("number", language)


def state(name: str, language: str) -> str:
    """A state in words; an undefined code as it is."""
    pair = STATES.get(name)
    return pair[language == "en"] if pair else name


def _word(name: str, language: str) -> str:
    pair = _WORDS.get(name)
    return pair[language == "en"] if pair else kind_text(name, language) or name
