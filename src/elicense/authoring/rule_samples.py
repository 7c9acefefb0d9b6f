"""Licences in which a type's own rules hold, and licences that break one of them.

Each kind of rule knows a few ways to make it hold. Rules share fields, so they are mended one
after the other, in a random order, until none is broken; this ends soon or is given up.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial

from elicense.authoring import samples
from elicense.authoring.draft import Draft, Row, Way
from elicense.licence import Licence, StatusReference
from elicense.months import add_months
from elicense.profiles import Profile, Rule

_STEPS, _STARTS = 60, 12


def good(profile: Profile, *, seed: int = 0, rows: int = 3) -> Licence | None:
    """A licence of ``profile`` with all its fields in which its rules hold; None if none was
    found. Tables have ``rows`` rows at most."""
    profile = _dated(profile)
    for start in range(_STARTS):
        rng = random.Random(f"{profile.id}/{seed}/{start}")  # noqa: S311 - a sample
        made = Draft(profile, _short(samples.by_kind(rng, profile, whole=True), rows), rng)
        for _ in range(_STEPS):
            broken = made.broken()
            if not broken:
                return _in_force(profile, made.licence())
            rule = rng.choice(broken)
            for row in made.places(rule):
                ways = list(_WAYS.get(rule.kind, _nothing)(made, rule, row))
                if ways:
                    rng.choice(ways)()
    return None


def breaking(profile: Profile, rule: Rule, *, base: Licence, seed: int = 0) -> Licence | None:
    """``base`` changed so that it breaks ``rule``; None if no way was found."""
    for way in range(_STARTS):
        rng = random.Random(f"{rule.id}/{seed}/{way}")  # noqa: S311 - a sample
        made = Draft(profile, base, rng)
        rows = list(made.places(rule))
        if not rows:
            return None
        ways = list(_BREAKS.get(rule.kind, _nothing)(made, rule, rows[0]))
        if way >= len(ways):
            return None
        ways[way]()
        if rule in made.broken():
            return made.licence()
    return None


_ORDERS = (("completion_date", "issued"), ("valid_from", "issued"), ("issued", "valid_until"),
           ("valid_from", "valid_until"))  # fmt: skip


def _dated(profile: Profile) -> Profile:
    """The type with what holds in licences of every type: its dates follow each other."""
    rules = tuple(
        Rule(f"-{first}-{then}", "order", "", "", "fail", confirmed=True,
             settings={"first": first, "then": then})
        for first, then in _ORDERS if profile.has(first) and profile.has(then)
    )  # fmt: skip
    return replace(profile, rules=(*profile.rules, *rules))


def _in_force(profile: Profile, licence: Licence) -> Licence:
    """With a first day where the type has one."""
    validity = licence.validity
    if validity.valid_from is not None or not profile.has("valid_from"):
        return licence
    return replace(licence, validity=replace(validity, valid_from=validity.issued))


def _short(licence: Licence, rows: int) -> Licence:
    fields = {key: value[:rows] if isinstance(value, tuple) else value
              for key, value in licence.fields.items()}  # fmt: skip
    return replace(licence, fields=fields, status=StatusReference(samples.LIST, 0))


# -- how each kind of rule is made to hold -----------------------------------------------


def _nothing(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    return iter(())


def _sum(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    table, _, column = rule.text("of").partition(".")
    rows, equals = made.rows(table), rule.text("equals")
    added = sum((made.amount(column, item) for item in rows), Decimal(0))
    yield lambda: made.put_amount(rule, equals, row, added)
    if rows:
        left = made.amount(equals, row) - added + made.amount(column, rows[-1])
        inside = replace(rule, table=table)
        yield lambda: made.put_amount(inside, column, rows[-1], left)
        whole = made.amount(equals, row)

        def in_the_last() -> None:
            for item in rows:
                made.put_amount(inside, column, item, Decimal(0))
            made.put_amount(inside, column, rows[-1], whole)

        yield in_the_last


def _total(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    plus, minus, equals = rule.texts("plus"), rule.texts("minus"), rule.text("equals")
    more = sum((made.amount(key, row) for key in plus), Decimal(0))
    less = sum((made.amount(key, row) for key in minus), Decimal(0))
    if more >= less:
        yield lambda: made.put_amount(rule, equals, row, more - less)
    total = made.amount(equals, row)
    for key in plus:
        part = total - (more - less - made.amount(key, row))
        if part >= 0:
            yield partial(made.put_amount, rule, key, row, part)
    for key in minus:
        part = more - (less - made.amount(key, row)) - total
        if part >= 0:
            yield partial(made.put_amount, rule, key, row, part)
        yield partial(made.put_amount, rule, key, row, Decimal(0))


def _product(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    base, share = made.amount(rule.text("base"), row), made.amount(rule.text("share"), row)
    yield lambda: made.put_amount(rule, rule.text("equals"), row, base * share / 100)


def _term(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    first, then = rule.text("first"), rule.text("then")
    yield lambda: made.put_day(rule, then, row, _end(made, rule, row))
    yield lambda: made.put_day(rule, first, row, made.day(then, row))


def _end(made: Draft, rule: Rule, row: Row) -> datetime.date:
    end = add_months(made.day(rule.text("first"), row), rule.integer("months"))
    return end + datetime.timedelta(days=rule.integer("days"))


def _count(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    rows = len(made.rows(rule.text("of")))
    yield lambda: made.put_amount(rule, rule.text("equals"), row, Decimal(rows))


def _order(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    first, then = rule.text("first"), rule.text("then")
    yield lambda: made.put_day(rule, then, row, made.day(first, row))
    yield lambda: made.put_day(rule, first, row, made.day(then, row))


def _within(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    of, first, then = rule.text("of"), rule.text("first"), rule.text("then")
    start, end, day = (made.day(key, row) for key in (first, then, of))
    if start <= end:
        yield lambda: made.put_day(rule, of, row, start)
        yield lambda: made.put_day(rule, of, row, end)
    yield lambda: made.put_day(rule, first, row, min(start, day))
    yield lambda: made.put_day(rule, then, row, max(end, day))


def _distinct(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    table, _, column = rule.text("of").partition(".")
    rows, names = made.rows(table), (column, *rule.texts("together"))

    def alone() -> None:
        kept = {tuple(str(item.get(name)) for name in names): item for item in rows}
        rows[:] = kept.values()

    yield alone


def _consecutive(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    table, _, column = rule.text("of").partition(".")
    rows = made.rows(table)

    def follow() -> None:
        start = made.day(column, rows[0])
        for index, item in enumerate(rows):
            item[column] = f"{add_months(start, index):%Y-%m}"

    if rows and isinstance(rows[0].get(column), str):
        yield follow


def _person(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    code = str(made.get(rule.text("code"), row) or "")
    if len(code) != 18 or not code[6:17].isdigit():
        return

    def agree() -> None:
        born = datetime.date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
        if rule.text("birth"):
            made.put_day(rule, rule.text("birth"), row, born)
        if rule.text("sex"):
            made.put(rule, rule.text("sex"), row, "male" if int(code[16]) % 2 else "female")

    yield agree


def _age(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    least, most = rule.integer("least"), rule.integer("most")
    yield lambda: _aged(made, rule, row, least + (most - least) // 3)


def _aged(made: Draft, rule: Rule, row: Row, years: int) -> None:
    day = made.day(rule.text("on"), row)
    born = datetime.date(max(1800, day.year - years - 1), 12, 28)
    made.put(rule, rule.text("code"), row, samples.resident_born(made.rng, born))


def _range(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    least, most = Decimal(rule.text("least") or 0), rule.text("most")
    of = rule.text("of")
    yield lambda: made.put_amount(rule, of, row, least)
    if most:
        middle = (least + Decimal(most)) / 2
        yield lambda: made.put_amount(rule, of, row, middle)
        yield lambda: made.put_amount(rule, of, row, Decimal(most))


def _differs(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    yield lambda: made.another(rule, rule.text("then"), row)
    yield lambda: made.another(rule, rule.text("first"), row)


def _same(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    first, then = rule.text("first"), rule.text("then")
    yield lambda: made.put(rule, then, row, made.get(first, row))
    yield lambda: made.put(rule, first, row, made.get(then, row))


def _requires(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    def give() -> None:
        for key in rule.texts("needs"):
            if made.get(key, row) in (None, "", []):
                made.another(rule, key, row)

    yield give


_WAYS: Mapping[str, Callable[[Draft, Rule, Row], Iterator[Way]]] = {
    "count": _count, "sum": _sum, "total": _total, "product": _product, "term": _term,
    "order": _order, "within": _within, "distinct": _distinct, "consecutive": _consecutive,
    "person": _person,
    "age": _age, "range": _range, "differs": _differs, "same": _same, "requires": _requires,
}  # fmt: skip


# -- how each kind of rule is broken -----------------------------------------------------


def _off(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    """One more than what the others say; one less where more is not to be had."""
    key = rule.text("equals")
    yield lambda: made.put_amount(rule, key, row, made.amount(key, row) + 1)
    yield lambda: made.put_amount(rule, key, row, made.amount(key, row) - 1)


def _too_long(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    end = add_months(_end(made, rule, row), 2)
    yield lambda: made.put_day(rule, rule.text("then"), row, end)


def _turned(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    first, then = rule.text("first"), rule.text("then")
    yield lambda: made.put_day(rule, then, row, add_months(made.day(first, row), -2))
    yield lambda: made.put_day(rule, first, row, add_months(made.day(then, row), 2))


def _outside(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    of = rule.text("of")
    yield lambda: made.put_day(rule, of, row, add_months(made.day(rule.text("then"), row), 2))
    yield lambda: made.put_day(rule, of, row, add_months(made.day(rule.text("first"), row), -2))


def _doubled(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    rows = made.rows(rule.text("of").partition(".")[0])
    if rows:
        yield lambda: rows.append(dict(rows[-1]))


def _other_person(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    code = rule.text("code")
    for key in (rule.text("birth"), rule.text("sex")):
        if key:
            yield partial(made.another, rule, key, row)
    yield lambda: made.put(rule, code, row, samples.resident(made.rng))


def _wrong_age(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    if rule.integer("least") > 1:
        yield lambda: _aged(made, rule, row, rule.integer("least") - 2)
    yield lambda: _aged(made, rule, row, rule.integer("most") + 2)


def _out_of_range(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    least, most = Decimal(rule.text("least") or 0), rule.text("most")
    of = rule.text("of")
    for step in (Decimal(1), least / 2):
        yield partial(made.put_amount, rule, of, row, least - step)
    if most:
        yield lambda: made.put_amount(rule, of, row, Decimal(most) + 1)


def _lacking(made: Draft, rule: Rule, row: Row) -> Iterator[Way]:
    for value in rule.texts("is"):
        for key in rule.texts("needs"):

            def without(value: str = value, key: str = key) -> None:
                made.put(rule, rule.text("when"), row, value)
                made.put(rule, key, row, None)

            yield without


_BREAKS: Mapping[str, Callable[[Draft, Rule, Row], Iterator[Way]]] = {
    "count": _off, "sum": _off, "total": _off, "product": _off, "term": _too_long, "order": _turned,
    "within": _outside, "distinct": _doubled, "consecutive": _doubled, "person": _other_person,
    "age": _wrong_age, "range": _out_of_range, "differs": _same, "same": _differs,
    "requires": _lacking,
}  # fmt: skip
