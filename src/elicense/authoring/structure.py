"""What a licence type must have beside well-formed keys: the fields of every licence, a type
code, rules that can be kept and broken, a QR template of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from elicense import identifiers
from elicense.authoring import rule_samples
from elicense.authoring.finding import Finding
from elicense.licence import Licence
from elicense.profiles import OWN_TEMPLATES, Profile, Rule
from elicense.trust.status import STATES

# GB/T 36903 asks them of every licence; the key that the verdict rests on may not be hidden.
REQUIRED = ("title", "identifier", "number", "issuer_name", "issuer_code", "holder_name",
            "issued", "valid_until")  # fmt: skip
_BOUND = ("type", "identifier", "number", "issuer.name", "issuer.code", "validity.issued",
          "validity.valid_from", "validity.valid_until")  # fmt: skip


def findings(profile: Profile, *, packaged: bool) -> Iterator[Finding]:
    """All of it but what needs a sample; ``packaged`` for the types of this package."""
    yield from _fields(profile)
    yield from _type_code(profile)
    for state in profile.states:
        if state not in STATES.values():
            yield Finding("state", "status.states", state, {"known": ", ".join(STATES.values())})
    if profile.states and "valid" not in profile.states:
        yield Finding("state.valid", "status.states")
    for index, rule in enumerate(profile.rules):
        yield from _rule(rule, f"rule[{index}]")
    yield from _templates(profile, packaged=packaged)


def _fields(profile: Profile) -> Iterator[Finding]:
    keys = {item.key for item in profile.fields}
    for key in REQUIRED:
        if key not in keys:
            yield Finding("field.missing", "field", key)
    for index, item in enumerate(profile.fields):
        place = f"field[{index}]"
        if item.key in REQUIRED and not item.required:
            yield Finding("field.required", f"{place}.required", item.key)
        if item.deciding and not item.printed:
            yield Finding("field.deciding", f"{place}.deciding", item.key)
        if item.path in _BOUND and item.maskable and (item.required or item.key not in REQUIRED):
            yield Finding("field.maskable", f"{place}.maskable", item.key)
    if profile.fields and not any(item.deciding for item in profile.fields):
        yield Finding("field.none-deciding", "field")


def _type_code(profile: Profile) -> Iterator[Finding]:
    code = profile.type_code
    if len(code) != 21:
        return  # a shape that reading refuses
    if identifiers.check_uscc(code[:18]) != "ok":
        yield Finding("type-code", "type_code.value", code, {"code": code[:18]})
    if not profile.type_code_confirmed:
        yield Finding("type-code.unconfirmed", "type_code.confirmed", code)


def _templates(profile: Profile, *, packaged: bool) -> Iterator[Finding]:
    if not profile.templates:
        yield Finding("qr.none", "qr")
        return
    for index, item in enumerate(profile.templates):
        place, subject = f"qr[{index}]", str(item.template)
        if not packaged and item.template < OWN_TEMPLATES:
            yield Finding("qr.range", f"{place}.template", subject, {"least": f"{OWN_TEMPLATES}"})
        keys = {field.key for field in item.fields}
        for key in ("number", "issuer_name", "issuer_code"):
            if key not in keys:
                yield Finding("qr.lacks", f"{place}.fields", subject, {"key": key})
        if index == len(profile.templates) - 1:  # the one that new codes are made with
            for field in profile.fields:
                if field.deciding and field.kind != "title" and field.key not in keys:
                    yield Finding("qr.deciding", f"{place}.fields", subject, {"key": field.key})


def clashes(
    profile: Profile, others: Mapping[str, tuple[Profile, Path]], path: Path
) -> Iterator[Finding]:
    """What this type shares with another one: id, type code, name, number of a template."""
    own = {item.template: index for index, item in enumerate(profile.templates)}
    for other, file in others.values():
        if file.resolve() == path.resolve():
            continue
        values = {"file": str(file), "other": other.id}
        if other.id == profile.id:
            yield Finding("clash.id", "id", profile.id, values)
        if other.type_code == profile.type_code:
            yield Finding("clash.type-code", "type_code.value", profile.type_code, values)
        if other.zh == profile.zh and other.id != profile.id:
            yield Finding("clash.name", "zh", profile.zh, values)
        for item in other.templates:
            if item.template in own and other.id != profile.id:
                place = f"qr[{own[item.template]}].template"
                yield Finding("clash.template", place, str(item.template), values)


# -- rules -------------------------------------------------------------------------------


def _rule(rule: Rule, place: str) -> Iterator[Finding]:
    """What reading leaves: bounds that contradict each other, a condition without a value."""
    least, most = (_number(rule.settings.get(name)) for name in ("least", "most"))
    if least is not None and most is not None and least > most:
        yield Finding("rule.bounds", f"{place}.least", rule.id,
                      {"least": str(least), "most": str(most)})  # fmt: skip
    if rule.kind == "requires" and not rule.texts("is"):
        yield Finding("rule.is", f"{place}.is", rule.id)


def _number(value: object) -> Decimal | None:
    """A bound; None where there is none, or where reading said that it is no number."""
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def unbreakable(profile: Profile, bases: tuple[Licence, ...]) -> Iterator[Finding]:
    """Rules that no change of these licences breaks: they say nothing."""
    for index, rule in enumerate(profile.rules):
        made = (rule_samples.breaking(profile, rule, base=base) for base in bases)
        if not any(item is not None for item in made):
            yield Finding("rule.unbreakable", f"rule[{index}]", rule.id, {"kind": rule.kind})
