"""The rules of a licence type that are data: totals add up, months follow each other, ages fit.

A profile names them (``[[rule]]``), by ``kind``. Each setting names a field; ``table.column``
names a column.

- ``count``: the integer ``equals`` is the number of rows of the table ``of``.
- ``sum``: the column ``of`` (amounts, or integers) adds up to ``equals``.
- ``total``: the fields ``plus`` less the fields ``minus`` are ``equals``; one named in
  ``optional`` may be missing.
- ``product``: ``base`` times the percentage ``share`` is ``equals``, one cent either way.
- ``range``: ``of`` is neither less than ``least`` nor more than ``most``.
- ``term``: from ``first`` to ``then`` are at most ``months``, or ``days``, or both together.
- ``order``: ``first`` is no later than ``then``. ``within``: ``of`` lies between the two.
- ``distinct``: no two rows have the same in the column ``of`` and the columns ``together``.
- ``consecutive``: the months of the column ``of`` follow each other, row by row.
- ``person``: ``birth`` and ``sex`` are as the resident identity number ``code`` has them.
- ``age``: who has that number is from ``least`` to ``most`` years old on the day ``on``.
- ``differs``, ``same``: ``first`` and ``then`` are, or are not, two values.
- ``requires``: where ``when`` is one of the values ``is``, all of ``needs`` are given.

With ``table`` a rule is asked of each row of that table: a name is then one of the table's
columns if it has a column of that name, and never the licence's value beside it; else a field
of the licence. :mod:`elicense.profiles.rule_fit` refuses a rule that names what is not there,
or what it cannot judge. A rule speaks only of values that are there: what is missing or hidden
in a copy is somebody else's question.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from elicense.canonical import Value
from elicense.identifiers import check_resident_id
from elicense.licence import Licence
from elicense.months import add_months
from elicense.profiles.amounts import money, percent
from elicense.profiles.model import Profile, Rule
from elicense.profiles.printed import choice_items, table_rows

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold: where (a path of ``licence.json``), and the figures."""

    rule: Rule
    path: str
    detail: str


class _AbsentError(Exception):
    """A value that the rule speaks of is not there."""


@dataclass(frozen=True, slots=True)
class _Row:
    """The values a rule reads: the licence's, or those of one row of a table for the names of
    its columns, whether or not the row has them."""

    values: Mapping[str, Value]
    paths: Mapping[str, str]
    columns: frozenset[str] = frozenset()
    row: Mapping[str, Value] = field(default_factory=dict)
    row_path: str = ""
    unseen: frozenset[str] = frozenset()  # fields that may well have a value, not shown here

    def has(self, key: str) -> bool:
        found = self.row if key in self.columns else self.values
        return found.get(key) not in (None, "", ())

    def lacks(self, key: str) -> bool:
        """It has no value, and that is known: no copy hides it, no code leaves it out."""
        return not self.has(key) and (key in self.columns or key not in self.unseen)

    def get(self, key: str) -> Value:
        if not self.has(key):
            raise _AbsentError(key)
        return self.row[key] if key in self.columns else self.values[key]

    def path(self, key: str) -> str:
        return f"{self.row_path}.{key}" if key in self.columns else self.paths[key]

    def amount(self, key: str) -> Decimal:
        found = _number(self.get(key))
        if found is None:
            raise _AbsentError(key)  # of another kind: licence.fields says so
        return found

    def date(self, key: str) -> datetime.date:
        """A day; of a month its first."""
        value = self.get(key)
        text = value if isinstance(value, str) else ""
        try:
            return datetime.date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
        except ValueError:
            raise _AbsentError(key) from None


def _number(value: Value) -> Decimal | None:
    """An integer, an amount or a percentage, exact."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    found = money(value)
    return percent(value) if found is None else found


def breaches(
    profile: Profile, licence: Licence, *, whole: bool = True
) -> tuple[Breach, ...]:
    """Every rule of the type that ``licence`` breaks, in the profile's order.

    One that is not ``whole`` comes from a QR code, which leaves fields out.
    """
    given = profile.values(licence)
    seen = _Row(
        {item.key: value for item, value in given}, {item.key: item.path for item, _ in given},
        unseen=_unseen(profile, licence, whole=whole),
    )  # fmt: skip
    columns = {item.key: frozenset(c.key for c in item.columns) for item in profile.fields}
    return tuple(
        breach
        for rule in profile.rules
        for breach in _broken(rule, seen, columns.get(rule.table, frozenset()))
    )


def _unseen(profile: Profile, licence: Licence, *, whole: bool) -> frozenset[str]:
    hidden = licence.source.hidden if licence.source is not None else ()
    return frozenset(item.key for item in profile.fields if not whole or item.path in hidden)


def _broken(rule: Rule, seen: _Row, columns: frozenset[str]) -> Iterator[Breach]:
    judge = KINDS[rule.kind].judge
    for place in _places(rule, seen, columns):
        try:
            for path, detail in judge(rule, place):
                yield Breach(rule, path, detail)
        except _AbsentError:
            continue


def _places(rule: Rule, seen: _Row, columns: frozenset[str]) -> Iterator[_Row]:
    """Each row of the rule's table, or the licence itself."""
    if not rule.table:
        yield seen
        return
    for index, row in enumerate(table_rows(seen.values.get(rule.table))):
        path = f"{seen.paths[rule.table]}.{index}"
        yield _Row(seen.values, seen.paths, columns, row, path, seen.unseen)


Told = Iterator[tuple[str, str]]


def _count(rule: Rule, seen: _Row) -> Told:
    """Of a table too long for a QR code its value is the number of its rows."""
    rows, told = seen.get(rule.text("of")), seen.amount(rule.text("equals"))
    there = rows if isinstance(rows, int) else len(table_rows(rows))
    if told != there:
        yield seen.path(rule.text("equals")), f"{told} ≠ {there}"


def _sum(rule: Rule, seen: _Row) -> Told:
    table, _, column = rule.text("of").partition(".")
    found = [_number(row.get(column)) for row in table_rows(seen.get(table))]
    total = seen.amount(rule.text("equals"))
    if not found or any(amount is None for amount in found):
        raise _AbsentError(column)
    added = sum((amount for amount in found if amount is not None), Decimal(0))
    if added != total:
        yield seen.path(rule.text("equals")), f"{added} ≠ {total}"


def _total(rule: Rule, seen: _Row) -> Told:
    keys = rule.texts("plus")
    optional = set(rule.texts("optional"))
    added = sum((_or_nothing(seen, key, optional) for key in keys), Decimal(0))
    added -= sum((_or_nothing(seen, key, optional) for key in rule.texts("minus")), Decimal(0))
    total = seen.amount(rule.text("equals"))
    if added != total:
        yield seen.path(rule.text("equals")), f"{added} ≠ {total}"


def _or_nothing(seen: _Row, key: str, optional: set[str]) -> Decimal:
    try:
        return seen.amount(key)
    except _AbsentError:
        if key in optional:
            return Decimal(0)
        raise


def _product(rule: Rule, seen: _Row) -> Told:
    """An amount times a share of a hundred, to the cent, one cent either way."""
    base, share = seen.amount(rule.text("base")), seen.amount(rule.text("share"))
    wanted = (base * share / 100).quantize(_CENT, ROUND_HALF_UP)
    found = seen.amount(rule.text("equals"))
    if abs(found - wanted) > _CENT:
        yield seen.path(rule.text("equals")), f"{base} × {share}% = {wanted} ≠ {found}"


def _term(rule: Rule, seen: _Row) -> Told:
    start, until = seen.date(rule.text("first")), seen.date(rule.text("then"))
    longest = add_months(start, rule.integer("months"))
    longest += datetime.timedelta(days=rule.integer("days"))
    if until > longest:
        yield seen.path(rule.text("then")), f"{until} > {longest}"


def _order(rule: Rule, seen: _Row) -> Told:
    first, then = seen.date(rule.text("first")), seen.date(rule.text("then"))
    if first > then:
        yield seen.path(rule.text("then")), f"{then} < {first}"


def _within(rule: Rule, seen: _Row) -> Told:
    first, then = seen.date(rule.text("first")), seen.date(rule.text("then"))
    day = seen.date(rule.text("of"))
    if not first <= day <= then:
        yield seen.path(rule.text("of")), f"{day} ∉ [{first}, {then}]"


def _distinct(rule: Rule, seen: _Row) -> Told:
    table, _, column = rule.text("of").partition(".")
    columns = (column, *rule.texts("together"))
    known: set[tuple[Value, ...]] = set()
    for index, row in enumerate(table_rows(seen.get(table))):
        key = tuple(str(row.get(name)) for name in columns)
        if key in known:
            yield f"{seen.path(table)}.{index}.{column}", " ".join(map(str, key))
        known.add(key)


def _consecutive(rule: Rule, seen: _Row) -> Told:
    table, _, column = rule.text("of").partition(".")
    before: datetime.date | None = None
    for index, row in enumerate(table_rows(seen.get(table))):
        day = _Row({}, {}, frozenset({column}), row).date(column)
        if before is not None and day != add_months(before, 1):
            yield f"{seen.path(table)}.{index}.{column}", f"{before:%Y-%m} → {day:%Y-%m}"
        before = day


def _person(rule: Rule, seen: _Row) -> Told:
    """Date of birth and sex as the resident identity number (GB 11643) has them."""
    code = _resident(seen.get(rule.text("code")))
    birth = rule.text("birth")
    if birth and seen.has(birth) and seen.date(birth) != born(code):
        yield seen.path(birth), f"{seen.date(birth)} ≠ {born(code)}"
    sex = rule.text("sex")
    if sex and seen.has(sex):
        wanted = "male" if int(code[16]) % 2 else "female"
        if seen.get(sex) != wanted:
            yield seen.path(sex), f"{seen.get(sex)} ≠ {wanted}"


def _age(rule: Rule, seen: _Row) -> Told:
    day, birth = seen.date(rule.text("on")), born(_resident(seen.get(rule.text("code"))))
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    least, most = rule.integer("least"), rule.integer("most")
    if not least <= years <= most:
        yield seen.path(rule.text("on")), f"{years} ∉ [{least}, {most}]"


def _resident(value: Value) -> str:
    if not isinstance(value, str) or check_resident_id(value) != "ok":
        raise _AbsentError("resident")  # another kind of paper, or a fault named elsewhere
    return value


def born(code: str) -> datetime.date:
    """The date of birth in a resident identity number that has been checked."""
    return datetime.date(int(code[6:10]), int(code[10:12]), int(code[12:14]))


def _range(rule: Rule, seen: _Row) -> Told:
    found = seen.amount(rule.text("of"))
    least, most = Decimal(rule.text("least") or 0), rule.text("most")
    if found < least or (most and found > Decimal(most)):
        yield seen.path(rule.text("of")), f"{found} ∉ [{least}, {most or '…'}]"


def _differs(rule: Rule, seen: _Row) -> Told:
    first, second = seen.get(rule.text("first")), seen.get(rule.text("then"))
    if first == second:
        yield seen.path(rule.text("then")), f"{second}"


def _same(rule: Rule, seen: _Row) -> Told:
    first, second = seen.get(rule.text("first")), seen.get(rule.text("then"))
    if first != second:
        yield seen.path(rule.text("then")), f"{second} ≠ {first}"


def _requires(rule: Rule, seen: _Row) -> Told:
    """Where a field has one of some values, others must be given."""
    value = seen.get(rule.text("when"))
    codes = [code for code, _ in choice_items(value)] or [str(value)]
    if not set(codes) & set(rule.texts("is")):
        return
    for key in rule.texts("needs"):
        if seen.lacks(key):
            yield seen.path(rule.text("when")), key


_NUMBERS = ("money", "integer", "percent")
_DAYS = ("date", "month")
_CODES = ("text", "resident-id")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of rule asks, which settings name fields, and which are other values.

    ``columns`` are the settings that name a column as ``table.column``, ``takes`` the kinds of
    field a setting can name (any, where it is not there).
    """

    judge: Callable[[Rule, _Row], Told]
    fields: tuple[str, ...]  # names of one field, or table.column
    lists: tuple[str, ...] = ()  # lists of fields
    numbers: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()  # texts, or lists of them, that name no field
    optional: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    takes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def _take(kinds: tuple[str, ...], *names: str) -> dict[str, tuple[str, ...]]:
    return dict.fromkeys(names, kinds)


KINDS: Mapping[str, Kind] = {
    "count": Kind(_count, ("of", "equals"), takes={"of": ("table",), "equals": ("integer",)}),
    "sum": Kind(_sum, ("of", "equals"), columns=("of",),
                takes=_take(("money", "integer"), "of", "equals")),
    "total": Kind(_total, ("equals",), ("plus", "minus", "optional"),
                  optional=("minus", "optional"),
                  takes=_take(_NUMBERS, "equals", "plus", "minus", "optional")),
    "product": Kind(_product, ("base", "share", "equals"),
                    takes=_take(_NUMBERS, "base", "share", "equals")),
    "term": Kind(_term, ("first", "then"), numbers=("months", "days"),
                 optional=("months", "days"), takes=_take(_DAYS, "first", "then")),
    "order": Kind(_order, ("first", "then"), takes=_take(_DAYS, "first", "then")),
    "within": Kind(_within, ("of", "first", "then"), takes=_take(_DAYS, "of", "first", "then")),
    "distinct": Kind(_distinct, ("of",), plain=("together",), optional=("together",),
                     columns=("of",)),
    "consecutive": Kind(_consecutive, ("of",), columns=("of",), takes=_take(_DAYS, "of")),
    "person": Kind(_person, ("code", "birth", "sex"), optional=("birth", "sex"),
                   takes={"code": _CODES, "birth": ("date",), "sex": ("choice",)}),
    "age": Kind(_age, ("code", "on"), numbers=("least", "most"),
                takes={"code": _CODES, "on": _DAYS}),
    "range": Kind(_range, ("of",), plain=("least", "most"), optional=("least", "most"),
                  takes=_take(_NUMBERS, "of")),
    "differs": Kind(_differs, ("first", "then")),
    "same": Kind(_same, ("first", "then")),
    "requires": Kind(_requires, ("when",), ("needs",), plain=("is",)),
}  # fmt: skip
"""Every kind of rule a profile may name; the functions above explain each."""
