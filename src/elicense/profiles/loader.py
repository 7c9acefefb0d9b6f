"""Read licence types from TOML. Unknown or misspelt keys are refused, by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

from elicense.profiles import rule_fit, rules
from elicense.profiles.model import (
    CELL_KINDS,
    KINDS,
    Box,
    Choice,
    Field,
    Profile,
    QrTemplate,
    Rule,
    TermLimit,
)
from elicense.profiles.toml_table import Fault, Table, read

_PATH = re.compile(
    r"type|identifier|number|version|fields\.[a-z][a-z0-9_]*"
    r"|(issuer|holder)\.(name|name_en|code|code_type|address|address_en|region)"
    r"|validity\.(issued|valid_from|valid_until)"
)
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_SUBJECTS = ("person", "company", "ship")
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}")
DICTIONARIES = (1,)  # of QR payloads: elicense.qr.dictionary holds them
MOST_TEMPLATE = 2**31 - 1
_MOST_MONTHS = 1200
_MOST_CODES = 2**16 - 1
_DECIMALS = ("least", "most")  # settings that are decimal numbers where they are no integers
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

Tables = Mapping[str, Mapping[str, Choice]]


def load_profile(path: Path, *, shared: Path) -> Profile:
    """The licence type in ``path``, with the fields and tables of ``shared``. UsageError for
    the first thing wrong in it."""
    profile, faults = read_profile(path, shared=shared)
    if faults:
        raise faults[0].error()
    return profile


def read_profile(path: Path, *, shared: Path) -> tuple[Profile, tuple[Fault, ...]]:
    """The same with everything that is wrong, each by its key; where there are faults, what
    could not be read is empty in the profile."""
    faults: list[Fault] = []
    common = read(shared, faults)
    known = {item.place.split(".")[1]: item for item in common.table("field").members()}
    top = read(path, faults)
    tables = _tables(common.table("table")) | _tables(top.table("table", {}))
    profile = _profile(top, known, tables)
    return profile, tuple(faults)


def _profile(top: Table, known: Mapping[str, Table], tables: Tables) -> Profile:
    type_code, status = top.table("type_code"), top.table("status")
    page = top.table("page", {})
    own = Choice(
        code=top.text("id", shape=_NAME),
        number=0,
        zh=top.text("zh"),
        en=top.text("en"),
        aliases=top.texts("aliases"),
    )
    fields = tuple(_field(item, known, tables, own) for item in top.tables("field"))
    top.refuse_twice("field", [item.key for item in fields])
    top.refuse_twice("field", [item.path for item in fields])
    profile = Profile(
        id=own.code,
        zh=own.zh,
        en=own.en,
        acronym=top.text("acronym", ""),
        aliases=own.aliases,
        subject=_one_of(top, "subject", _SUBJECTS),
        type_code=type_code.text("value", shape=_TYPE_CODE),
        type_code_confirmed=type_code.flag("confirmed"),
        status_required=status.flag("required"),
        states=status.texts("states"),
        fields=fields,
        boxes=tuple(_box(item) for item in top.tables("endorsement")),
        limits=tuple(_limit(item) for item in top.tables("limit")),
        templates=tuple(_template(item, fields) for item in top.tables("qr")),
        rules=tuple(_rule(item, fields) for item in top.tables("rule")),
        statement=(page.text("statement_zh", ""), page.text("statement_en", "")),
        word=(page.text("word_zh", "证书"), page.text("word_en", "Certificate")),
    )
    _check_statement(page, profile)
    top.refuse_twice("rule", [item.id for item in profile.rules])
    top.refuse_twice("endorsement", [item.kind for item in profile.boxes])
    top.refuse_twice("endorsement", [str(item.number) for item in profile.boxes])
    top.refuse_twice("qr", [str(item.template) for item in profile.templates])
    for table in (top, type_code, status, page):
        table.finish()
    return profile


def _check_statement(page: Table, profile: Profile) -> None:
    keys = {item.key for item in profile.fields}
    for name, text in zip(("statement_zh", "statement_en"), profile.statement, strict=True):
        for key in re.findall(r"\{([^{}]*)\}", text):
            if key not in keys:
                page.wrong(name, "no-field", found=key)


def _tables(table: Table) -> dict[str, dict[str, Choice]]:
    found = {}
    for group in table.members():
        choices = {}
        for item in group.members():
            code = item.place.removeprefix(f"{group.place}.")
            if not _CODE.fullmatch(code):
                item.wrong("", "shape", found=code)
            choices[code] = Choice(
                code=code,
                number=item.integer("number", most=_MOST_CODES),
                zh=item.text("zh"),
                en=item.text("en"),
                aliases=item.texts("aliases"),
            )
            item.finish()
        group.refuse_twice("number", [str(item.number) for item in choices.values()])
        found[group.place.removeprefix("table.")] = choices
    return found


def _field(item: Table, known: Mapping[str, Table], tables: Tables, own: Choice) -> Field:
    key = item.text("key", shape=_KEY)
    if key in known:  # what the profile says wins over what is shared
        merged = {**known[key].value, **item.value}
        item = Table(merged, file=item.file, place=item.place, faults=item.faults)
        item.text("key")
    kind = _one_of(item, "kind", KINDS)
    choices = {own.code: own} if kind == "title" else _choices(item, kind, tables)
    required = item.flag("required", False)
    path = item.text("path", f"fields.{key}")
    if key and not _PATH.fullmatch(path):
        item.wrong("path", "path", found=path)
    field = Field(
        key=key,
        path=path if key else "",
        kind=kind,
        zh=item.text("zh"),
        en=item.text("en"),
        aliases=item.texts("aliases"),
        required=required,
        deciding=item.flag("deciding", False),
        printed=item.flag("printed", True),
        maskable=item.flag("maskable", not required),
        choices=choices,
        columns=_columns(item, kind, tables),
    )
    item.finish()
    return field


def _one_of(item: Table, key: str, known: Collection[str]) -> str:
    """A text that must be one of some; empty if it is none of them."""
    value = item.text(key)
    if not value or value in known:
        return value
    item.wrong(key, "not-one-of", found=value, known=", ".join(known))
    return ""


def _choices(item: Table, kind: str, tables: Tables) -> Mapping[str, Choice]:
    if kind not in ("choice", "choices"):
        return {}
    name = item.text("table")
    if name and name not in tables:
        item.wrong("table", "no-table", found=name)
    return tables.get(name, {})


def _columns(item: Table, kind: str, tables: Tables) -> tuple[Field, ...]:
    """The columns of a table, from left to right."""
    if kind != "table":
        return ()
    columns = tuple(_column(column, tables) for column in item.tables("columns"))
    if not columns:
        item.wrong("columns", "no-columns")
    item.refuse_twice("columns", [column.key for column in columns])
    return columns


def _column(item: Table, tables: Tables) -> Field:
    key, kind = item.text("key", shape=_KEY), _one_of(item, "kind", CELL_KINDS)
    column = Field(
        key=key,
        path=key,
        kind=kind,
        zh=item.text("zh"),
        en=item.text("en"),
        aliases=item.texts("aliases"),
        required=item.flag("required", True),
        choices=_choices(item, kind, tables),
    )
    item.finish()
    return column


_BROKEN = ("fail", "unknown", "warn")


def _rule(item: Table, fields: tuple[Field, ...]) -> Rule:
    kind = _one_of(item, "kind", tuple(rules.KINDS))
    table = item.text("table", "")
    if table:
        _refer(item, "table", table, fields, "")
    rule = Rule(
        id=item.text("id", shape=_NAME),
        kind=kind,
        zh=item.text("zh"),
        en=item.text("en"),
        broken=_one_of(item, "broken", _BROKEN) if "broken" in item.value else "fail",
        confirmed=item.flag("confirmed", True),
        table=table,
        settings=_settings(item, rules.KINDS[kind], fields, table) if kind else {},
    )
    if kind:  # of an unknown kind nobody knows the keys
        for name, word, given in rule_fit.misfits(rule, fields):
            item.wrong(name, word, **given)
        item.finish()
    return rule


def _settings(
    item: Table, wanted: rules.Kind, fields: tuple[Field, ...], table: str
) -> dict[str, str | int | tuple[str, ...]]:
    settings: dict[str, str | int | tuple[str, ...]] = {}
    for name in (*wanted.fields, *wanted.lists, *wanted.plain, *wanted.numbers):
        if name not in item.value and name in wanted.optional:
            continue
        value = settings[name] = _setting(item, name, wanted)
        keys = value if isinstance(value, tuple) else (str(value),)
        for key in keys if name in (*wanted.fields, *wanted.lists) else ():
            if key:
                _refer(item, name, key, fields, table)
    return settings


def _setting(item: Table, name: str, wanted: rules.Kind) -> str | int | tuple[str, ...]:
    if name in wanted.numbers:
        return item.integer(name, most=_MOST_MONTHS)
    if name in wanted.lists or isinstance(item.value.get(name), list):
        return item.texts(name)
    value = item.text(name)
    if name in _DECIMALS and value:
        try:
            finite = Decimal(value).is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            item.wrong(name, "number", found=value)
    return value


def _refer(item: Table, name: str, key: str, fields: tuple[Field, ...], table: str) -> None:
    """What a rule names must exist: a field, ``table.column``, or a column of its table."""
    by_key = {field.key: field for field in fields}
    first, _, column = key.partition(".")
    columns = by_key[first].columns if first in by_key else ()
    inside = by_key[table].columns if table in by_key else ()
    if column and any(found.key == column for found in columns):
        return
    if column or (first not in by_key and not any(found.key == first for found in inside)):
        item.wrong(name, "no-field", found=key)


def _box(item: Table) -> Box:
    box = Box(
        kind=item.text("kind", shape=_NAME),
        number=item.integer("number", most=_MOST_CODES),
        zh=item.text("zh"),
        en=item.text("en"),
        aliases=item.texts("aliases"),
        rule=item.text("rule", ""),
        paragraph=item.text("paragraph", ""),
        anniversary=item.integer("anniversary", 0, most=_MOST_MONTHS),
        window_months=item.integer("window_months", 0, most=_MOST_MONTHS),
        extension_months=item.integer("extension_months", 0, most=_MOST_MONTHS),
        repeatable=item.flag("repeatable", False),
    )
    item.finish()
    return box


def _limit(item: Table) -> TermLimit:
    limit = TermLimit(
        rule=item.text("rule"),
        regime=item.text("regime"),
        paragraph=item.text("paragraph", ""),
        months=item.integer("months", most=_MOST_MONTHS),
        since=item.date("since"),
        confirmed=item.flag("confirmed"),
    )
    item.finish()
    return limit


def _template(item: Table, fields: tuple[Field, ...]) -> QrTemplate:
    by_key = {field.key: field for field in fields}
    keys = item.texts("fields")
    for key in keys:
        if key not in by_key:
            item.wrong("fields", "no-field", found=key)
    item.refuse_twice("fields", list(keys))
    template = QrTemplate(
        template=item.integer("template", most=MOST_TEMPLATE),
        dictionary=item.integer("dictionary"),
        fields=tuple(by_key[key] for key in keys if key in by_key),
    )
    if template.dictionary not in DICTIONARIES and "dictionary" in item.value:
        item.wrong("dictionary", "dictionary", found=template.dictionary)
    item.finish()
    return template
