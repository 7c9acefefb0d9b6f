"""DOC, SMC and ship as one (V3, V6, V19, V20): pure comparison of what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from elicense.errors import InputError
from elicense.findings import Outcome
from elicense.identifiers import parse_identifier
from elicense.licence import Licence
from elicense.maritime.facts import DOC_INTERIM, DOCS, SMC, SMC_INTERIM, SMCS, regime_of
from elicense.maritime.ship import Ship, plain, plain_ship, ship_types, states
from elicense.profiles import choice_items, find
from elicense.verdict import Verdict

PASS, FAIL, UNKNOWN, WARN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN
_IN_FORCE = "ism.doc-smc"
_BEST = (Verdict.VALID, Verdict.INDETERMINATE, Verdict.INVALID)


@dataclass(frozen=True, slots=True)
class Part:
    """One certificate as it was judged on its own. ``licence`` is None where its data cannot
    be read; ``why_zh`` and ``why_en`` say what decided; ``withdrawn`` is the issuer's word."""

    verdict: Verdict
    licence: Licence | None
    why_zh: str = ""
    why_en: str = ""
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Companion:
    """Another file shown beside the one that is judged, as it was judged on its own.
    ``sha256`` is empty where it could not be read."""

    file: str
    sha256: str
    part: Part


@dataclass(frozen=True, slots=True)
class Joint:
    """One answer about the certificates together."""

    code: str
    outcome: Outcome
    reason: str
    values: dict[str, str] = field(default_factory=dict)
    subject: str = "together"


def compare(doc: Part | None, smc: Part | None, ship: Ship | None) -> tuple[Joint, ...]:
    """Everything that can be said of DOC, SMC and ship together, in order."""
    found = [*_doc(doc, smc)]
    company = document = other = None
    if doc is not None and doc.licence is not None and doc.licence.type in DOCS:
        document = doc.licence
    if smc is not None and smc.licence is not None and smc.licence.type in SMCS:
        other = smc.licence
    covered = _covers(document, other, ship)
    if covered is not None:
        found.append(covered)
    if document is not None and other is not None:
        company = _company(document, other)
        found += [company, *_address(document, other), *_reference(document, other)]
    found += _interim(other, found[0], covered, company)
    found += _smc(smc, ship)
    found += _ship(other, ship)
    return tuple(found)


def beside(smc: Licence, others: Sequence[Companion]) -> tuple[Companion | None, tuple[Joint, ...]]:
    """V3, V6, V19, V20 for an SMC alone, with the files shown beside it: which of them is its
    company's DOC, and the answers. No DOC among them leaves the question open."""
    docs = [x for x in others if x.part.licence is not None and x.part.licence.type in DOCS]
    own = [x for x in docs if x.part.licence and _company(x.part.licence, smc).outcome is not FAIL]
    if not own:
        reason = "other-company" if docs else "no-doc-beside"
        names = "、".join(x.file for x in docs or others)
        return None, (Joint(_IN_FORCE, UNKNOWN, reason, {"files": names}),)
    best = min(own, key=lambda x: _BEST.index(x.part.verdict))
    found = compare(best.part, Part(Verdict.INDETERMINATE, smc), None)
    return best, tuple(x for x in found if x.code not in {"ism.ship", "ism.applicability"})


def _doc(doc: Part | None, smc: Part | None) -> Iterator[Joint]:
    """V20 and V6: is the company's DOC in force?"""
    yield _in_force(doc)
    if doc is None or doc.licence is None or smc is None:
        return
    if doc.withdrawn:
        yield Joint("ism.13.5.1", FAIL, "doc-withdrawn", {"number": doc.licence.number})
    other = smc.licence
    if other is None or doc.licence.type not in DOCS:
        return
    if doc.licence.type == DOC_INTERIM and other.type == SMC:
        yield Joint(_IN_FORCE, UNKNOWN, "interim-doc")
    if regime_of(doc.licence) != regime_of(other):
        words = {"doc": regime_of(doc.licence), "smc": regime_of(other)}
        yield Joint(_IN_FORCE, UNKNOWN, "regime", words)


def _in_force(doc: Part | None) -> Joint:
    if doc is None:
        return Joint(_IN_FORCE, UNKNOWN, "no-doc")
    if doc.licence is None:
        words = {"why_zh": doc.why_zh, "why_en": doc.why_en}
        outcome = FAIL if doc.verdict is Verdict.INVALID else UNKNOWN
        return Joint(_IN_FORCE, outcome, "not-in-force" if outcome is FAIL else "open", words)
    if doc.licence.type not in DOCS:
        return Joint(_IN_FORCE, UNKNOWN, "not-a-doc", _names(doc.licence))
    words = {"number": doc.licence.number, "why_zh": doc.why_zh, "why_en": doc.why_en}
    if doc.verdict is Verdict.VALID:
        return Joint(_IN_FORCE, PASS, "in-force", words)
    if doc.verdict is Verdict.INVALID:
        return Joint(_IN_FORCE, FAIL, "not-in-force", words)
    return Joint(_IN_FORCE, UNKNOWN, "open", words)


def _names(licence: Licence) -> dict[str, str]:
    profile = find(licence.type)
    zh, en = (profile.zh, profile.en) if profile else (licence.type, licence.type)
    return {"type_zh": zh, "type_en": en}


def _covers(doc: Licence | None, smc: Licence | None, ship: Ship | None) -> Joint | None:
    """V3: the DOC lists the ship's type; the type of the SMC, without one the inspector's."""
    code = str(smc.fields.get("ship_type") or "") if smc is not None else ""
    code = code or (ship.type if ship is not None else "")
    if doc is None or not code:
        return None
    choice = ship_types().get(code)
    words = {"type_zh": choice.zh if choice else code, "type_en": choice.en if choice else code}
    items = choice_items(doc.fields.get("ship_types", ()))
    if not items:
        return Joint("ism.13.3", UNKNOWN, "types-hidden", words)
    own = [limitation for listed, limitation in items if listed == code]
    if not own:
        return Joint("ism.13.3", FAIL, "type", {**words, **_listed(items)})
    if "" in own:
        return Joint("ism.13.3", PASS, "type", words)
    return Joint("ism.13.3", UNKNOWN, "limitation", {**words, "limitation": "；".join(own)})


def _listed(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    table = ship_types()
    known = [table[code] for code, _ in items if code in table]
    zh, en = [choice.zh for choice in known], [choice.en for choice in known]
    return {"listed_zh": "、".join(zh), "listed_en": ", ".join(en)}


def _company(doc: Licence, smc: Licence) -> Joint:
    """V20: the company number first, then the name."""
    first, second = (str(x.fields.get("company_number") or "").strip() for x in (doc, smc))
    words = {
        "doc_number": first, "smc_number": second, "doc": doc.holder.name, "smc": smc.holder.name,
    }  # fmt: skip
    if first and second and first != second:
        return Joint("ism.company", FAIL, "number", words)
    if _same_name(doc, smc):
        return Joint("ism.company", PASS, "number" if first and second else "name", words)
    if not all(x.holder.name or x.holder.name_en for x in (doc, smc)):
        reason = "number" if first and second else "hidden"
        return Joint("ism.company", PASS if reason == "number" else UNKNOWN, reason, words)
    outcome = UNKNOWN if first and second else FAIL
    return Joint("ism.company", outcome, "name", words)


def _same_name(doc: Licence, smc: Licence) -> bool:
    """Does either name, Chinese or English, agree once width, case and marks are gone?"""
    pairs = ((doc.holder.name, smc.holder.name), (doc.holder.name_en, smc.holder.name_en))
    return any(plain(a) and plain(a) == plain(b) for a, b in pairs)


def _address(doc: Licence, smc: Licence) -> Iterator[Joint]:
    first, second = doc.holder.address, smc.holder.address
    if first and second and plain(first) != plain(second):
        yield Joint("ism.company", WARN, "address", {"doc": first, "smc": second})


def _reference(doc: Licence, smc: Licence) -> Iterator[Joint]:
    """The SMC may name the DOC it was issued under; a renewed DOC has another number."""
    number = str(smc.fields.get("doc_number") or "")
    identifier = str(smc.fields.get("doc_identifier") or "")
    other_number = number and plain(number) != plain(doc.number)
    if other_number or (identifier and not _same_identifier(identifier, doc.identifier)):
        yield Joint(_IN_FORCE, WARN, "other-doc",
                    {"named": number or identifier, "number": doc.number})  # fmt: skip


def _same_identifier(first: str, second: str) -> bool:
    """The same licence, whichever its version."""
    try:
        a, b = parse_identifier(first), parse_identifier(second)
    except InputError:
        return first == second
    return (a.type, a.issuer, a.serial) == (b.type, b.issuer, b.serial)


def _interim(
    smc: Licence | None, in_force: Joint, covered: Joint | None, company: Joint | None
) -> Iterator[Joint]:
    """V19: an interim SMC needs a DOC or interim DOC relevant to that ship."""
    if smc is None or smc.type != SMC_INTERIM:
        return
    parts = [in_force.outcome, *(x.outcome if x else UNKNOWN for x in (covered, company))]
    outcome = FAIL if FAIL in parts else UNKNOWN if UNKNOWN in parts else PASS
    yield Joint("ism.14.4", outcome, "relevant")


def _smc(smc: Part | None, ship: Ship | None) -> Iterator[Joint]:
    """Without an SMC nothing says whether the ship must have one."""
    if smc is None:
        domestic = ship is not None and ship.flag == "CN" and not ship.imo
        yield Joint("ism.applicability", UNKNOWN, "domestic" if domestic else "no-smc")
    elif smc.licence is not None and smc.licence.type not in SMCS:
        yield Joint("ism.applicability", UNKNOWN, "not-an-smc", _names(smc.licence))


def _ship(smc: Licence | None, ship: Ship | None) -> Iterator[Joint]:
    """The inspector's particulars against the SMC."""
    if smc is None:
        return
    if ship is None or ship == Ship():
        yield Joint("ism.ship", WARN, "not-given", subject="ship")
        return
    own = _imo(smc, ship)
    same_ship = own is not None and own.outcome is PASS
    answers = [own, _type(smc, ship), _name(smc, ship, same_ship=same_ship), _flag(smc, ship)]
    yield from (answer for answer in answers if answer is not None)
    if ship.imo and not ship.imo_check_ok:
        yield Joint("ism.ship", WARN, "imo-check", {"said": ship.imo}, "ship")


def _imo(smc: Licence, ship: Ship) -> Joint | None:
    if not ship.imo:
        return None
    written = str(smc.fields.get("imo_number") or "")
    words = {"said": ship.imo, "written": written}
    if not written:
        return Joint("ism.ship", UNKNOWN, "imo-absent", words, "ship")
    return Joint("ism.ship", PASS if written == ship.imo else FAIL, "imo", words, "ship")


def _type(smc: Licence, ship: Ship) -> Joint | None:
    written = str(smc.fields.get("ship_type") or "")
    if not ship.type or not written:
        return None
    table = ship_types()
    said, other = table[ship.type], table.get(written)
    words = {
        "said_zh": said.zh, "said_en": said.en,
        "written_zh": other.zh if other else written, "written_en": other.en if other else written,
    }  # fmt: skip
    return Joint("ism.ship", PASS if written == ship.type else FAIL, "type", words, "ship")


def _name(smc: Licence, ship: Ship, *, same_ship: bool) -> Joint | None:
    """Names change; a number does not. With the same number another name is a question."""
    names = [str(smc.fields.get(key) or "") for key in ("ship_name", "ship_name_en")]
    written = [name for name in names if name]
    if not ship.name or not written:
        return None
    words = {"said": ship.name, "written": " / ".join(written)}
    if plain_ship(ship.name) in {plain_ship(name) for name in written}:
        return Joint("ism.ship", PASS, "name", words, "ship")
    return Joint("ism.ship", UNKNOWN if same_ship else FAIL, "name", words, "ship")


def _flag(smc: Licence, ship: Ship) -> Joint | None:
    written = str(smc.fields.get("state") or "")
    if not ship.flag or not written:
        return None
    table = states()
    other = table.get(written)
    words = {
        "said": ship.flag, "written_zh": other.zh if other else written,
        "written_en": other.en if other else written,
    }  # fmt: skip
    outcome = PASS if plain(ship.flag) == plain(written) else UNKNOWN
    return Joint("ism.ship", outcome, "flag", words, "ship")
