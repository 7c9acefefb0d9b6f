"""Read licence types from TOML. Unknown or misspelt keys are refused, by name."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from elicense.errors import UsageError
from elicense.profiles import rules
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

_PATH = re.compile(r"[a-z_]+(\.[a-z0-9_]+)?")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_SUBJECT = re.compile(r"company|ship|person")
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}")


class _Table:
    """One TOML table being read; every error names the file and the key."""

    def __init__(self, value: object, *, file: str, place: str) -> None:
        self.file = file
        self.place = place
        if not isinstance(value, dict):
            raise self.wrong("", "must be a table")
        self.value: dict[str, Any] = value
        self.seen: set[str] = set()

    def wrong(self, key: str, what: str) -> UsageError:
        name = ".".join(part for part in (self.place, key) if part)
        return UsageError("profile.invalid", f"{self.file}: {name} {what}", place=name)

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        self.seen.add(key)
        value = self.value.get(key, default)
        if value is None:
            raise self.wrong(key, "is missing")
        if type(value) is not kind:
            raise self.wrong(key, f"must be of type {kind.__name__}")
        return value

    def text(
        self, key: str, default: str | None = None, *, shape: re.Pattern[str] | None = None
    ) -> str:
        value: str = self.get(key, str, default)
        if shape is not None and not shape.fullmatch(value):
            raise self.wrong(key, f"{value!r} does not have the right shape")
        if not value and default is None:
            raise self.wrong(key, "is empty")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        value: int = self.get(key, int, default)
        if value < 0:
            raise self.wrong(key, "is negative")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        value: bool = self.get(key, bool, default)
        return value

    def date(self, key: str) -> datetime.date:
        try:
            return datetime.date.fromisoformat(self.text(key))
        except ValueError:
            raise self.wrong(key, "must be a date 'YYYY-MM-DD'") from None

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[object] = self.get(key, list, [])
        if not all(isinstance(item, str) and item for item in values):
            raise self.wrong(key, "must be a list of texts")
        return tuple(str(item) for item in values)

    def tables(self, key: str) -> Iterator[_Table]:
        for index, item in enumerate(self.get(key, list, [])):
            yield _Table(item, file=self.file, place=f"{self.place}{key}[{index}]")

    def table(self, key: str, default: Mapping[str, Any] | None = None) -> _Table:
        place = ".".join(part for part in (self.place, key) if part)
        return _Table(self.get(key, dict, default), file=self.file, place=place)

    def members(self) -> Iterator[_Table]:
        for key in self.value:
            yield self.table(key)

    def finish(self) -> None:
        unknown = sorted(set(self.value) - self.seen)
        if unknown:
            raise self.wrong(unknown[0], "is not a known key")


Tables = Mapping[str, Mapping[str, Choice]]


def read(path: Path) -> _Table:
    """The top table of a TOML file; UsageError if it cannot be read."""
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("profile.unreadable", f"{path.name}: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError("profile.invalid", f"{path.name}: not TOML: {error}") from error
    return _Table(value, file=path.name, place="")


def load_profile(path: Path, *, shared: Path) -> Profile:
    """The licence type in ``path``, with the fields and tables of ``shared``."""
    common = read(shared)
    known = {item.place.split(".")[1]: item for item in common.table("field").members()}
    top = read(path)
    tables = _tables(common.table("table")) | _tables(top.table("table", {}))
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
    _refuse_twice(top, "field", [item.key for item in fields])
    profile = Profile(
        id=own.code,
        zh=own.zh,
        en=own.en,
        acronym=top.text("acronym", ""),
        aliases=own.aliases,
        subject=top.text("subject", shape=_SUBJECT),
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
    _refuse_twice(top, "rule", [item.id for item in profile.rules])
    _refuse_twice(top, "endorsement", [item.kind for item in profile.boxes])
    _refuse_twice(top, "endorsement", [str(item.number) for item in profile.boxes])
    for table in (top, type_code, status, page):
        table.finish()
    return profile


def _check_statement(page: _Table, profile: Profile) -> None:
    keys = {item.key for item in profile.fields}
    for name, text in zip(("statement_zh", "statement_en"), profile.statement, strict=True):
        for key in re.findall(r"\{([^{}]*)\}", text):
            if key not in keys:
                raise page.wrong(name, f"{key!r} is not a field of this type")


def _tables(table: _Table) -> dict[str, dict[str, Choice]]:
    found = {}
    for group in table.members():
        choices = {}
        for item in group.members():
            code = item.place.rsplit(".", 1)[1]
            choices[code] = Choice(
                code=code,
                number=item.integer("number"),
                zh=item.text("zh"),
                en=item.text("en"),
                aliases=item.texts("aliases"),
            )
            item.finish()
        _refuse_twice(group, "number", [str(item.number) for item in choices.values()])
        found[group.place.rsplit(".", 1)[1]] = choices
    return found


def _field(item: _Table, known: Mapping[str, _Table], tables: Tables, own: Choice) -> Field:
    key = item.text("key", shape=_KEY)
    if key in known:  # what the profile says wins over what is shared
        merged = {**known[key].value, **item.value}
        item = _Table(merged, file=item.file, place=item.place)
        item.text("key")
    kind = item.text("kind")
    if kind not in KINDS:
        raise item.wrong("kind", f"{kind!r} is not one of {', '.join(KINDS)}")
    choices = {own.code: own} if kind == "title" else _choices(item, kind, tables)
    required = item.flag("required", False)
    field = Field(
        key=key,
        path=item.text("path", f"fields.{key}", shape=_PATH),
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


def _choices(item: _Table, kind: str, tables: Tables) -> Mapping[str, Choice]:
    if kind not in ("choice", "choices"):
        return {}
    name = item.text("table")
    if name not in tables:
        raise item.wrong("table", f"{name!r} does not exist")
    return tables[name]


def _columns(item: _Table, kind: str, tables: Tables) -> tuple[Field, ...]:
    """The columns of a table, from left to right."""
    if kind != "table":
        return ()
    columns = tuple(_column(column, tables) for column in item.tables("columns"))
    if not columns:
        raise item.wrong("columns", "a table has columns")
    _refuse_twice(item, "columns", [column.key for column in columns])
    return columns


def _column(item: _Table, tables: Tables) -> Field:
    key, kind = item.text("key", shape=_KEY), item.text("kind")
    if kind not in CELL_KINDS:
        raise item.wrong("kind", f"{kind!r} is not one of {', '.join(CELL_KINDS)}")
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


_BROKEN = re.compile(r"fail|unknown|warn")


def _rule(item: _Table, fields: tuple[Field, ...]) -> Rule:
    kind = item.text("kind")
    if kind not in rules.KINDS:
        raise item.wrong("kind", f"{kind!r} is not one of {', '.join(rules.KINDS)}")
    wanted, table = rules.KINDS[kind], item.text("table", "")
    if table:
        _refer(item, "table", table, fields, "")
    settings: dict[str, str | int | tuple[str, ...]] = {}
    for name in (*wanted.fields, *wanted.lists, *wanted.plain, *wanted.numbers):
        if name not in item.value and name in wanted.optional:
            continue
        value = settings[name] = _setting(item, name, wanted)
        keys = value if isinstance(value, tuple) else (str(value),)
        for key in keys if name in (*wanted.fields, *wanted.lists) else ():
            _refer(item, name, key, fields, table)
    rule = Rule(
        id=item.text("id", shape=_NAME),
        kind=kind,
        zh=item.text("zh"),
        en=item.text("en"),
        broken=item.text("broken", "fail", shape=_BROKEN),
        confirmed=item.flag("confirmed", True),
        table=table,
        settings=settings,
    )
    item.finish()
    return rule


def _setting(item: _Table, name: str, wanted: rules.Kind) -> str | int | tuple[str, ...]:
    if name in wanted.numbers:
        return item.integer(name)
    if name in wanted.lists or isinstance(item.value.get(name), list):
        return item.texts(name)
    return item.text(name)


def _refer(item: _Table, name: str, key: str, fields: tuple[Field, ...], table: str) -> None:
    """What a rule names must exist: a field, ``table.column``, or a column of its table."""
    by_key = {field.key: field for field in fields}
    first, _, column = key.partition(".")
    columns = by_key[first].columns if first in by_key else ()
    inside = by_key[table].columns if table in by_key else ()
    if column and any(found.key == column for found in columns):
        return
    if column or (first not in by_key and not any(found.key == first for found in inside)):
        raise item.wrong(name, f"{key!r} is not a field of this type")


def _box(item: _Table) -> Box:
    box = Box(
        kind=item.text("kind", shape=_NAME),
        number=item.integer("number"),
        zh=item.text("zh"),
        en=item.text("en"),
        aliases=item.texts("aliases"),
        rule=item.text("rule", ""),
        paragraph=item.text("paragraph", ""),
        anniversary=item.integer("anniversary", 0),
        window_months=item.integer("window_months", 0),
        extension_months=item.integer("extension_months", 0),
        repeatable=item.flag("repeatable", False),
    )
    item.finish()
    return box


def _limit(item: _Table) -> TermLimit:
    limit = TermLimit(
        rule=item.text("rule"),
        regime=item.text("regime"),
        paragraph=item.text("paragraph", ""),
        months=item.integer("months"),
        since=item.date("since"),
        confirmed=item.flag("confirmed"),
    )
    item.finish()
    return limit


def _template(item: _Table, fields: tuple[Field, ...]) -> QrTemplate:
    by_key = {field.key: field for field in fields}
    keys = item.texts("fields")
    for key in keys:
        if key not in by_key:
            raise item.wrong("fields", f"{key!r} is not a field of this type")
    _refuse_twice(item, "fields", list(keys))
    template = QrTemplate(
        template=item.integer("template"),
        dictionary=item.integer("dictionary"),
        fields=tuple(by_key[key] for key in keys),
    )
    item.finish()
    return template


def _refuse_twice(table: _Table, key: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise table.wrong(key, f"has {name!r} twice")
