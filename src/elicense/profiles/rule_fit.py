"""Can a rule be judged at all: does it name what is there, of a kind it can use?

A rule that could never speak would be worse than none: its licence type looks guarded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from elicense.profiles.model import Field, Rule
from elicense.profiles.rules import KINDS

Misfit = tuple[str, str, Mapping[str, str]]
"""The setting, a word for what is wrong (as of ``toml_table``), and what it speaks of."""


def misfits(rule: Rule, fields: tuple[Field, ...]) -> Iterator[Misfit]:
    """Everything that keeps ``rule`` from being judged; names that exist nowhere are the
    loader's to tell, and passed over here."""
    wanted = KINDS[rule.kind]
    by_key = {item.key: item for item in fields}
    row = {item.key: item for item in by_key[rule.table].columns} if rule.table in by_key else {}
    if rule.table in by_key and not row:
        yield "table", "not-one-of", _of_kind(rule.table, by_key[rule.table], ("table",))
    for name in (*wanted.fields, *wanted.lists):
        for key in rule.texts(name) or (rule.text(name),):
            if key:
                yield from _misfit(rule, name, key, by_key, row)
    if rule.kind == "sum":
        yield from _unlike(rule, by_key)
    yield from _plain(rule, by_key, row)


def _misfit(
    rule: Rule, name: str, key: str, fields: Mapping[str, Field], row: Mapping[str, Field]
) -> Iterator[Misfit]:
    first, _, column = key.partition(".")
    wanted = KINDS[rule.kind]
    if name in wanted.columns:
        found = _column(fields, key)
        if found is None:
            yield name, "no-field", {"found": key if column else f"{key}.…"}
            return
    elif column:  # only the settings above look into a table by themselves
        yield name, "no-field", {"found": key}
        return
    else:
        found = row.get(first) or fields.get(first)
    takes = wanted.takes.get(name)
    if found is not None and takes is not None and found.kind not in takes:
        yield name, "not-one-of", _of_kind(key, found, takes)


def _column(fields: Mapping[str, Field], key: str) -> Field | None:
    table, _, name = key.partition(".")
    columns = fields[table].columns if table in fields else ()
    return next((item for item in columns if item.key == name), None)


def _of_kind(key: str, found: Field, takes: tuple[str, ...]) -> Mapping[str, str]:
    return {"found": f"{key} ({found.kind})", "known": ", ".join(takes)}


def _unlike(rule: Rule, fields: Mapping[str, Field]) -> Iterator[Misfit]:
    """Amounts add up to an amount, integers to an integer."""
    column, total = _column(fields, rule.text("of")), fields.get(rule.text("equals"))
    if column is None or total is None:
        return
    if total.kind != column.kind and column.kind in KINDS["sum"].takes["of"]:
        yield "equals", "not-one-of", _of_kind(total.key, total, (column.kind,))


def _plain(rule: Rule, fields: Mapping[str, Field], row: Mapping[str, Field]) -> Iterator[Misfit]:
    """Settings that name no field: columns beside a column, codes of a choice, a length."""
    table = rule.text("of").partition(".")[0]
    if rule.kind == "distinct" and table in fields:
        known = [item.key for item in fields[table].columns]
        for key in rule.texts("together"):
            if key not in known:
                yield "together", "no-field", {"found": f"{table}.{key}"}
    if rule.kind == "requires":
        when = row.get(rule.text("when")) or fields.get(rule.text("when"))
        codes = when.choices if when is not None else {}
        for code in rule.texts("is") if codes else ():
            if code not in codes:
                yield "is", "not-one-of", {"found": code, "known": ", ".join(codes)}
    if rule.kind == "term" and not rule.integer("months") and not rule.integer("days"):
        yield "months", "missing", {}
